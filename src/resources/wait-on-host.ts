import { quote } from "../host/quote.ts";

/**
 * sh that defines `describe PID`, which prints `NAME (pid N, running for S s)`; nothing when there is no such process.
 * The name is the kernel's, never the command line, which may hold secrets of others.
 */
export const describeProcess = `describe() {
  { IFS= read -r name <"/proc/$1/comm" && read -r stat <"/proc/$1/stat" && read -r up rest </proc/uptime; } 2>/dev/null || return 0
  pid=$1
  # proc(5): after the name in brackets, the 20th is the start, in ticks of 1/100 s since the boot
  set -- \${stat##*)}
  shift 19
  printf '%s (pid %s, running for %s s)\\n' "$name" "$pid" $((\${up%%.*} - $1 / 100))
}`;

/**
 * sh that goes on once `held`, a command that names who is in the way, prints nothing. Meanwhile it says every few seconds whom it
 * waits for; when patience is over it ends the script with an error that names them.
 */
export function waitWhile(held: string, options: { readonly what: string; readonly seconds: number; readonly instead: string }): string {
  const { what, seconds, instead } = options;
  return `waited=0
while held=$(${held}) && [ -n "$held" ]; do
  if [ "$waited" -ge ${seconds} ]; then
    printf '%s\\n' "waited $waited s in vain for "${quote(what)}": $held" ${quote(instead)} >&2
    exit 1
  fi
  [ $((waited % 5)) -ne 0 ] || say "waiting for "${quote(what)}": $held"
  sleep 1
  waited=$((waited + 1))
done`;
}
