import { catalogue, type ErrorCode } from "./errors/catalogue.ts";

export type { ErrorCode } from "./errors/catalogue.ts";

/** The process exit code of what went wrong. */
export function exitCodeOf(code: ErrorCode): number {
  return catalogue[code].exitCode;
}

/** Where an error belongs: any of host, step, file with line and column, and field. */
export interface Where {
  readonly host?: string;
  readonly address?: string;
  readonly step?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly field?: string;
}

/** A script that failed on a host: its exit code and all of its stderr. */
export interface FailedScript {
  readonly label: string;
  readonly exitCode: number;
  readonly stderr: string;
}

export interface KbootErrorOptions {
  readonly where?: Where | undefined;
  /** What to do next, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly script?: FailedScript | undefined;
  /** True when trying again can heal it (a connection, an API not ready). Default: what the catalogue says of the code. */
  readonly transient?: boolean | undefined;
  /** Of the process. Default: what the catalogue says of the code. */
  readonly exitCode?: number | undefined;
  /** Where the log of the run is. */
  readonly log?: string | undefined;
}

/**
 * An error a user can act on. Anything else that is thrown is a bug.
 * The message says what happened and why, in lower case, without a full stop.
 */
export class KbootError extends Error {
  readonly code: ErrorCode;
  readonly where: Where;
  readonly hint: string | undefined;
  readonly script: FailedScript | undefined;
  readonly transient: boolean;
  readonly exitCode: number;
  readonly log: string | undefined;

  constructor(code: ErrorCode, message: string, options: KbootErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KbootError";
    this.code = code;
    this.where = options.where ?? {};
    this.hint = options.hint;
    this.script = options.script;
    this.transient = options.transient ?? catalogue[code].isTransient;
    this.exitCode = options.exitCode ?? exitCodeOf(code);
    this.log = options.log;
  }

  /** The same error, with more known about where it happened, and where its log is. */
  at(where: Where, log = this.log): KbootError {
    return new KbootError(this.code, this.message, {
      where: { ...where, ...this.where },
      hint: this.hint,
      cause: this.cause ?? this,
      script: this.script,
      transient: this.transient,
      exitCode: this.exitCode,
      log,
    });
  }
}

/** Whether trying again can heal it. This alone decides about retries. */
export function isTransient(error: unknown): boolean {
  return error instanceof KbootError && error.transient;
}

/**
 * An error of this machine's operating system (a full disk, a file that may not be written) as one that a user can act on; anything
 * else as it is.
 */
export function asSystemError(error: unknown): unknown {
  if (!(error instanceof Error && "syscall" in error && "code" in error) || error instanceof KbootError) return error;
  return new KbootError("system", `this machine says: ${error.message}`, {
    hint: "see whether there is room, and whether the file may be read and written by you; then run the same command again",
    cause: error,
  });
}

/** Something that has to be put right before anything is changed. */
export interface Problem {
  /** Undefined: it concerns the cluster as a whole. */
  readonly host: string | undefined;
  readonly message: string;
  readonly hint: string;
}
