import { quote } from "./quote.ts";
import { stateFolder } from "./state-folder.ts";

/** What stood on the host before kboot: files at their paths below `files`, and in `folders` the paths of folders that were not there. */
const kept = `"${stateFolder}"/before`;

/** sh that drops what is kept of these paths. */
export function dropFormer(paths: readonly string[]): string {
  return paths.map((path) => `rm -f ${kept}/files${quote(path)}`).join("\n");
}

/**
 * sh that keeps the files at these paths as they are before their first change, with mode, owner and times, readable by root alone. A path that the
 * host's state file names has been changed already, and is passed over.
 */
export function keepFormer(paths: readonly string[]): string {
  if (paths.length === 0) return "true";
  return `umask 077
mkdir -p ${kept}/files
keep() {
  if grep -qF -e "$2" "${stateFolder}"/state.json 2>/dev/null; then return 0; fi
  rm -f ${kept}/new
  if [ -L "$1" ] || [ -f "$1" ]; then
    mkdir -p ${kept}/files"\${1%/*}"
    cp -a "$1" ${kept}/new
    mv -f ${kept}/new ${kept}/files"$1"
    return 0
  fi
  rm -f ${kept}/files"$1"
  if [ -d "$1" ]; then return 0; fi
  set -- "$1"
  while set -- "\${1%/*}" && [ -n "$1" ] && [ ! -e "$1" ]; do
    grep -qxF -e "$1" ${kept}/folders 2>/dev/null || printf '%s\\n' "$1" >> ${kept}/folders
  done
}
${paths.map((path) => `keep ${quote(path)} ${quote(JSON.stringify(path))}`).join("\n")}`;
}

/** sh that defines `prune FOLDER`: it removes the folder and those above it, as far as they are empty and were not there before kboot. */
export const definePrune = `prune() {
  while [ -n "$1" ] && grep -qxF -e "$1" ${kept}/folders 2>/dev/null; do
    [ ! -e "$1" ] || rmdir "$1" 2>/dev/null || break
    set -- "\${1%/*}"
  done
}`;

/** sh that puts back what was kept of these paths, and removes what was not there. It needs `prune`, and may run again. */
export function putBackFormer(paths: readonly string[]): string {
  if (paths.length === 0) return "true";
  return `put_back() {
  folder=\${1%/*} name=\${1##*/}
  # what a script that was cut off has left beside it
  rm -rf "$folder/.$name.kboot-"* "$1.kboot-new" "$folder/.kboot-stage"
  if [ -L ${kept}/files"$1" ] || [ -f ${kept}/files"$1" ]; then
    mkdir -p "$folder"
    cp -a ${kept}/files"$1" "$folder/.$name.kboot-old"
    mv -f "$folder/.$name.kboot-old" "$1"
  else
    rm -f "$1"
    prune "$folder"
  fi
}
${paths.map((path) => `put_back ${quote(path)}`).join("\n")}`;
}
