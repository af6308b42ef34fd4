/** For what is handed out: the single executable and the package. */
export default {
  extensions: ["ts"],
  files: ["test/package/*.test.ts"],
  workerThreads: false,
  require: ["./test/support/own-temporary-folder.ts"],
  serial: true,
  timeout: "10m",
};
