import { installPackages } from "./components/debian-packages.ts";

/** Before `npm test`: what the tests of single parts use of the machine. Test hosts and the builder see to themselves. */
const used = ["openssh-server", "openssh-client", "busybox-static", "dash", "sudo", "openssl", "zsh", "fish"];

await installPackages(used).catch((error: Error) => {
  process.stderr.write(`test: ${used.join(", ")} are needed, and could not be installed here: ${error.message}\n`);
});
