import type { HostKind } from "../engine/contracts.ts";

/** That containerd answers the kubelet: its CRI plugin has loaded. A unit is active also when it has not. */
export interface ContainerdPluginResource {
  readonly kind: "containerd-plugin";
}

export const criPlugin: ContainerdPluginResource = { kind: "containerd-plugin" };

/** `ok`, or why not. */
export type PluginState = string;

// since containerd 2 the plugin is made of several
const list = "ctr plugins ls -d id==cri type==io.containerd.cri.v1";

/** Reads a detailed list of plugins; those that did not load have a message. */
function judgePlugins(text: string): PluginState {
  const messages = [...text.matchAll(/^\s*Message:\s*(.+)$/gm)].map(([, message]) => message?.trim() ?? "");
  if (messages.length > 0) return messages.join("; ");
  return /^ID:\s+cri\s*$/m.test(text) ? "ok" : "not loaded";
}

export const containerdPluginKind: HostKind<ContainerdPluginResource, PluginState | undefined> = {
  kind: "containerd-plugin",
  id: () => "containerd-plugin:cri",
  observe: () => `${list} 2>/dev/null || true`,
  parse(_resource, { stdout }) {
    const text = stdout.toString("utf8");
    return text.trim() === "" ? undefined : judgePlugins(text);
  },
  compare(_resource, observed, { changing }) {
    const restart = changing.has("systemd-unit:containerd.service") ? { follows: true } : undefined;
    if (observed !== "ok") return [{ what: "plugin", from: observed ?? "absent", to: "ok", ...restart }];
    return restart === undefined ? [] : [{ what: "plugin", to: "ok after the restart", ...restart }];
  },
  // a start of containerd is the only way in which a plugin loads, so one that has not gets one more
  change: async () => ({
    script: `loaded() {
  plugins=$(${list} 2>&1) || return 1
  case $plugins in *Message:*) return 1 ;; esac
  printf '%s\\n' "$plugins" | grep -q '^ID: *cri *$'
}
loaded || systemctl restart containerd.service || true
loaded || {
  why=$(printf '%s\\n' "$plugins" | sed -n 's/^[[:space:]]*Message:[[:space:]]*//p' | head -n 2)
  printf '%s\\n' "containerd runs without its CRI plugin, which the kubelet needs: \${why:-$plugins}" \\
    'for "too many open files" raise fs.inotify.max_user_instances; else see journalctl -u containerd, and disabled_plugins in its configuration' >&2
  exit 1
}`,
  }),
};
