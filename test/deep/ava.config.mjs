/** Tests that take too long for each day, on test hosts. Started by test/cluster/run.ts. */
export default {
  extensions: ["ts"],
  files: ["test/deep/*.test.ts", "test/cluster/crash.test.ts", "test/cluster/reset.test.ts"],
  workerThreads: false,
  require: ["./test/support/own-temporary-folder.ts"],
  concurrency: 1,
  serial: true,
  timeout: "3h",
};
