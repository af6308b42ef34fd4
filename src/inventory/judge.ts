/** What is wrong with a value, or undefined. */
export interface Judge<T> {
  (value: T): string | undefined;
  /** What a text looks like that has nothing wrong, as far as a pattern can say it: for editors, through the JSON Schema. */
  readonly pattern?: RegExp;
}

/** A judge with a pattern that every text matches which pleases it. */
export function withPattern(pattern: RegExp, judge: Judge<string>): Judge<string> {
  return Object.assign((value: string) => judge(value), { pattern });
}

/** A judge of texts that are right when they match the pattern. */
export function matching(pattern: RegExp, explain: Judge<string>): Judge<string> {
  return withPattern(pattern, (value) => (pattern.test(value) ? undefined : explain(value)));
}
