/** What every part of the benchmark is given. */
export interface Bench {
  /** Name of the set of test hosts. */
  readonly set: string;
  readonly rounds: number;
  /** Removed at the end. */
  readonly folder: string;
  /** Path of kboot's program, compiled when it is first asked for. */
  readonly compiled: () => Promise<string>;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}
