/** For whole clusters: one test at a time, on test hosts that a set of its own holds. Started by run.ts. */
export default {
  extensions: ["ts"],
  files: ["test/cluster/*.test.ts"],
  workerThreads: false,
  require: ["./test/support/own-temporary-folder.ts"],
  concurrency: 1,
  serial: true,
  timeout: "10m",
};
