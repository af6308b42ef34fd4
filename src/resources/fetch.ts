import { quote } from "../host/quote.ts";

/**
 * sh that defines `fetch URL FILE SHA256`: it brings the file onto the host, by curl or wget and whatever proxy the host's environment
 * names, and checks it; what is damaged is removed. Anything else than the right bytes ends the script with a reason.
 */
export const defineFetch = `fetch() {
  if command -v curl >/dev/null; then curl -fsSL --retry 3 --connect-timeout 10 --speed-limit 1 --speed-time 60 -o "$2" "$1"
  else wget -q -T 60 -t 4 -O "$2" "$1"
  fi || { echo "this host cannot fetch $1" >&2; rm -f "$2"; exit 1; }
  if [ "$(sha256sum <"$2")" != "$3  -" ]; then
    echo "$1 came damaged: wanted sha256 $3, got $(sha256sum <"$2")" >&2
    rm -f "$2"
    exit 1
  fi
}`;

/** A call of `fetch`. `file` is sh: quoted where it needs that. */
export function callFetch(url: string, file: string, sha256: string): string {
  return `fetch ${quote(url)} ${file} ${sha256}`;
}
