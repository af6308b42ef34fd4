import type { Host, RunOptions, Script, ScriptResult } from "../host/host.ts";
import { withoutSecrets } from "../secret.ts";
import type { Emit } from "./events.ts";

/** The same host, that tells of each script that has ended. What a script writes on stderr is freed of secrets. */
export function tellScripts(host: Host, emit: Emit): Host {
  return {
    name: host.name,
    address: host.address,
    get trips() {
      return host.trips;
    },
    async run(script: Script, options: RunOptions): Promise<ScriptResult> {
      const began = Date.now();
      const result = await host.run(script, options);
      const stderr = withoutSecrets(result.stderr);
      emit({
        type: "script-finished",
        host: host.name,
        label: script.label,
        seconds: (Date.now() - began) / 1000,
        bytes: script.payload?.size ?? 0,
        exitCode: result.exitCode,
        stderr,
      });
      return { ...result, stderr };
    },
    connect: (port, signal) => host.connect(port, signal),
    close: () => host.close(),
  };
}
