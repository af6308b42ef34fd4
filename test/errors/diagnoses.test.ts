import test from "ava";
import type { ErrorCode } from "../../src/errors/catalogue.ts";
import { diagnose, signs } from "../../src/errors/diagnoses.ts";
import { scriptFailed } from "../../src/errors/script-failed.ts";

/** What programs say, each as it was seen. */
const said: readonly (readonly [ErrorCode, string])[] = [
  ["disk-full", "dd: error writing '/var/lib/kboot/x': No space left on device"],
  ["disk-read-only", "mkdir: cannot create directory '/etc/kubernetes': Read-only file system"],
  ["out-of-memory", "sh: 1: Cannot fork: Cannot allocate memory"],
  ["out-of-memory", "Killed"],
  ["etcd-full", "etcdserver: mvcc: database space exceeded"],
  ["etcd-damaged", '{"level":"fatal","msg":"failed to open WAL","error":"walpb: crc mismatch"}'],
  ["etcd-damaged", '{"level":"panic","caller":"backend/backend.go:189","msg":"failed to open database","error":"invalid database"}'],
  [
    "etcd-damaged",
    "go.etcd.io/etcd/server/v3/etcdserver.bootstrap({{0x1155011, 0x7}, {{{0x1bcd780, 0x0, 0x0}, 0x12a05f200, ...}, ...}, ...})",
  ],
  [
    "etcd-damaged",
    '"error":"unexpected EOF: [wal] max entry size limit exceeded when reading \\"0000000000000000-0000000000000000.wal\\""',
  ],
  ["containerd-failed", "containerd: failed to unmarshal TOML at row 2 column 9: toml: expected character ]"],
  ["certificate-expired", "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is after"],
  ["certificate-untrusted", 'x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error")'],
  ["certificate-untrusted", "tls: private key does not match public key"],
  ["flag-unknown", "Error: unknown flag: --no-such-flag"],
  [
    "token-expired",
    'E1124 21:12:07.755285    1148 certificate_manager.go:596] "Failed while requesting a signed certificate from the control plane" err="cannot create certificate signing request: Unauthorized" logger="kubernetes.io/kube-apiserver-client-kubelet.UnhandledError"',
  ],
  ["token-expired", 'err="Unauthorized" logger="cert-bootstrap" the bootstrap credential is refused'],
  ["clock-skew", "E: Release file for http://deb.example.org/debian/dists/trixie/InRelease is not valid yet (invalid for another 3h 2min)"],
  ["apt-locked", "waited 600 s in vain for the lock of apt: apt-get (pid 812, running for 700 s) let it finish"],
  ["apt-locked", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (apt-get)"],
  ["apt-unresolved", "E: Failed to fetch http://deb.example.org/x.deb  Could not resolve 'deb.example.org'"],
  [
    "apt-unresolved",
    "W: Failed to fetch http://deb.example.org/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.example.org'",
  ],
  ["package-unknown", "E: Unable to locate package containerd.io"],
  ["package-unknown", "apt knows no package nonesuch, or none that can be installed: see /etc/apt/sources.list.d"],
  ["package-broken", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."],
  ["artifact-damaged", "http://m/kubelet came damaged: wanted sha256 aa, got bb"],
  ["download-failed", "curl: (22) The requested URL returned error: 404"],
  ["download-failed", "this host cannot fetch http://m/kubelet"],
  ["image-damaged", "ctr: unexpected commit digest sha256:aa, expected sha256:bb: failed precondition"],
  ["image-damaged", "ctr: archive/tar: invalid tar header"],
  ["image-missing", 'reason="ErrImageNeverPull" Container image "registry.k8s.io/pause:3.10" is not present'],
  ["port-taken", "listen tcp 127.0.0.1:2379: bind: address already in use"],
  ["containerd-cri", "rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"],
  ["containerd-cri", "containerd runs without its CRI plugin, which the kubelet needs: no plugins"],
  [
    "containerd-failed",
    "containerd: failed to load TOML: /etc/containerd/config.toml: (1, 5): parsing error: keys cannot contain [ character",
  ],
  ["containerd-failed", "Job for containerd.service failed because the control process exited with error code."],
  ["kubelet-failed", 'E0101 run.go:72] "command failed" err="failed to load kubelet config file, path: /var/lib/kubelet/config.yaml"'],
  [
    "network-not-ready",
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message: cni plugin not initialized",
  ],
  [
    "network-not-ready",
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "d0": plugin type="flannel" failed (add): failed to load flannel \'subnet.env\' file: open /run/flannel/subnet.env: no such file or directory. Check the flannel pod log for this node.',
  ],
];

for (const [code, line] of said) {
  test(`${code} is recognised in: ${line}`, (t) => {
    t.deepEqual(diagnose(`first\n  ${line}\nlast`), { code, line });
  });
}

test("each row of the table is tried above", (t) => {
  for (const { code, pattern } of signs)
    t.true(
      said.some(([wanted, line]) => wanted === code && pattern.test(line)),
      code,
    );
});

test("what caused something else is told, not what it caused", (t) => {
  const stderr = "write /var/lib/containerd/x: no space left on device\nctr: unexpected EOF\nJob for containerd.service failed because";
  t.is(diagnose(stderr.replace("no space", "No space"))?.code, "disk-full");
});

test("a failed script keeps its label and all it said; the message has the reason and the line that tells it", (t) => {
  const stderr = `dd: No space left on device\n${"noise\n".repeat(10)}`;
  const error = scriptFailed("install containerd failed", { label: "install containerd", exitCode: 1, stderr });
  t.is(error.code, "disk-full");
  t.regex(error.message, /^install containerd failed: no room is left on a disk of the host\n {2}dd: No space left on device\n {2}noise/);
  t.regex(error.hint ?? "", /df -h/);
  t.is(error.script?.stderr, stderr);
});

test("a program that the kernel ended tells of memory by its exit code", (t) => {
  t.is(scriptFailed("x failed", { label: "x", exitCode: 137, stderr: "" }).code, "out-of-memory");
});

test("what is not recognised shows its last lines, and the hint that was given", (t) => {
  const error = scriptFailed("x failed", { label: "x", exitCode: 3, stderr: "something odd\n" }, { hint: "look there" });
  t.is(error.code, "script");
  t.is(error.message, "x failed: exit code 3\n  something odd");
  t.is(error.hint, "look there");
});
