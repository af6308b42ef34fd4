import type { RunIdentity } from "./host.ts";
import { quote } from "./quote.ts";

/** Length of every header that the client sends: fixed, so that the host can read it with a time limit. */
const headerBytes = 256;

export interface ProgramSettings {
  /** Random; stands before everything that the shell itself says. */
  readonly mark: string;
  readonly run: RunIdentity;
  readonly channel: "main" | "bulk";
  /** When the run began, for whoever finds the host locked. */
  readonly since: Date;
  /** The shell ends when it hears nothing for this long. */
  readonly idleSeconds: number;
  /** How long to wait for a script that an earlier run left behind. */
  readonly orphanSeconds: number;
  /** Where locks and output of scripts are. */
  readonly runDirectory: string;
}

/**
 * Starts the shell: short and constant, whatever the login shell is. It reads a line with a length, then a program of
 * that length. (A shell that read its program straight from stdin would swallow what follows it.)
 */
export const bootstrap = `sh -c 'IFS= read -r n; eval "$(dd bs=$n count=1 iflag=fullblock 2>/dev/null)"'`;

/** What the bootstrap is given on stdin: its program, with the settings before it. */
export function shellProgram(settings: ProgramSettings): Buffer {
  const text = Buffer.from(`
kboot_mark=${quote(settings.mark)}
kboot_mode=${settings.run.mode}
kboot_channel=${settings.channel}
kboot_owner=${quote(`${settings.since.toISOString()} ${oneLine(settings.run.owner)}`)}
kboot_idle=${settings.idleSeconds}
kboot_patience=${settings.orphanSeconds}
kboot_root=${quote(settings.runDirectory)}
kboot_dir=${quote(`${settings.runDirectory}/${settings.run.id}`)}
${program}
kboot_serve
`);
  return Buffer.concat([Buffer.from(`${text.length}\n`), text]);
}

/** The header before a script. */
export function scriptHeader(scriptLength: number, payloadLength: number, label: string): Buffer {
  return header(`run ${scriptLength} ${payloadLength} ${oneLine(label)}`);
}

/** Says that the client is alive. */
export const heartbeat = header("beat");

/** A script as it travels: its last line shows that all of it arrived. */
export function scriptText(body: string, mark: string): Buffer {
  return Buffer.from(`${body}\n#${mark}`);
}

function header(text: string): Buffer {
  const bytes = Buffer.alloc(headerBytes, " ");
  Buffer.from(text).copy(bytes);
  return bytes;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}

/**
 * The program itself, for dash and busybox. What it says is `MARK KIND TEXT newline`, without the blanks:
 * `:STATUS` after the output of a script (on stdout and on stderr), `+` to find out whether somebody still reads,
 * and `!` with one of
 *   ready                 scripts may run, and from here on output is theirs (on stdout and on stderr, which have no common order)
 *   locked SINCE OWNER    another run holds the host
 *   waiting LABEL         a script that a dead run left behind is running
 *   busy LABEL            it still is, patience is over
 *   lost                  the run lock is gone
 *   said TEXT             a running script has called \`say\` (on stderr, in mode change only)
 *
 * The proxies that /etc/environment names count for scripts; sudo would leave them out.
 *
 * The run lock is held by a process beside the shell, since it shall be free as soon as the client is dead, while a
 * script may still run: writing to a pipe that nobody reads ends that process. So that process passes on what scripts say, too.
 * The script lock is inherited by scripts.
 */
const program = `
kboot_tell() { printf '%s!%s\\n' "$kboot_mark" "$*"; }

take() {
  if [ "$1" -eq 0 ]; then :
  elif [ "$1" -le 65536 ]; then dd bs="$1" count=1 iflag=fullblock status=none
  else
    dd bs=65536 count=$(($1 / 65536)) iflag=fullblock status=none && take $(($1 % 65536))
  fi
}

say() {
  if [ "$kboot_mode" = change ]; then printf '%s\\n' "$*" >"$kboot_dir/$kboot_channel.say"; fi
}

kboot_pass_on() {
  kboot_said=
  if [ -r "$kboot_dir/main.say" ]; then { IFS= read -r kboot_said <"$kboot_dir/main.say"; } 2>/dev/null; fi
  if [ -n "$kboot_said" ] && [ "$kboot_said" != "$kboot_heard" ]; then printf '%s!said %s\\n' "$kboot_mark" "$kboot_said" >&2; fi
  kboot_heard=$kboot_said
}

kboot_keep() {
  trap - EXIT PIPE
  exec 8>&- </dev/null >/dev/null
  kboot_heard=
  while kill -0 "$$" 2>/dev/null && printf '%s+\\n' "$kboot_mark" >&2; do
    kboot_pass_on
    sleep 1 2>/dev/null 9>&-
  done
}

kboot_orphans() {
  for kboot_label in "$kboot_root"/*/*.label; do
    if [ -r "$kboot_label" ]; then cat "$kboot_label"; fi
  done
}

kboot_take_run_lock() {
  exec 9>>"$kboot_root/run.lock"
  kboot_tries=0
  until flock -n 9; do
    kboot_tries=$((kboot_tries + 1))
    if [ "$kboot_tries" -gt 3 ]; then
      kboot_tell locked "$(cat "$kboot_root/run.owner")"
      exit 0
    fi
    sleep 1
  done
  printf '%s\\n' "$kboot_owner" >"$kboot_root/run.owner"
  kboot_keep &
  kboot_keeper=$!
  exec 9>&-
}

kboot_wait_for_orphans() {
  kboot_waited=0
  until flock -n 8; do
    if [ "$kboot_waited" -ge "$kboot_patience" ]; then
      kboot_tell busy $(kboot_orphans)
      exit 0
    fi
    if [ "$kboot_waited" -eq 0 ]; then kboot_tell waiting $(kboot_orphans); fi
    kill -0 "$kboot_keeper" 2>/dev/null || exit 1
    sleep 1
    kboot_waited=$((kboot_waited + 1))
  done
  rm -rf "$kboot_root"/*/
}

kboot_lock() {
  mkdir -p -m 700 "$kboot_root" || exit 1
  exec 8>>"$kboot_root/script.lock"
  if [ "$kboot_channel" = main ]; then
    kboot_take_run_lock
    kboot_wait_for_orphans
  fi
  flock -s 8
  mkdir -p -m 700 "$kboot_dir" || exit 1
}

kboot_end() {
  if [ "$kboot_mode" = change ]; then
    rm -f "$kboot_dir/$kboot_channel".*
    rmdir "$kboot_dir" 2>/dev/null
  fi
  if [ -n "$kboot_keeper" ]; then kill "$kboot_keeper" 2>/dev/null; fi
}

kboot_run() {
  if [ "$1" -eq 0 ]; then
    (set --; eval "$kboot_script") </dev/null
  else
    take "$1" | {
      (set --; eval "$kboot_script")
      kboot_status=$?
      cat >/dev/null
      exit "$kboot_status"
    }
  fi
}

kboot_run_relayed() {
  if [ -n "$kboot_keeper" ] && ! kill -0 "$kboot_keeper" 2>/dev/null; then
    kboot_tell lost
    exit 1
  fi
  printf '%s\\n' "$kboot_label" >"$kboot_dir/$kboot_channel.label"
  kboot_run "$1" >"$kboot_dir/$kboot_channel.out" 2>"$kboot_dir/$kboot_channel.err"
  kboot_status=$?
  rm -f "$kboot_dir/$kboot_channel.label"
  cat "$kboot_dir/$kboot_channel.out"
  cat "$kboot_dir/$kboot_channel.err" >&2
  rm -f "$kboot_dir/$kboot_channel".*
  return "$kboot_status"
}

kboot_proxies() {
  if [ ! -r "$1" ]; then return; fi
  while IFS= read -r kboot_line || [ -n "$kboot_line" ]; do
    kboot_line=\${kboot_line#export }
    case $kboot_line in
      http_proxy=* | https_proxy=* | no_proxy=* | HTTP_PROXY=* | HTTPS_PROXY=* | NO_PROXY=*) ;;
      *) continue ;;
    esac
    kboot_value=\${kboot_line#*=}
    case $kboot_value in
      "'"*"'" | '"'*'"') kboot_value=\${kboot_value#?} kboot_value=\${kboot_value%?} ;;
    esac
    export "\${kboot_line%%=*}=$kboot_value"
  done <"$1"
}

kboot_serve() {
  PATH=\${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  LC_ALL=C
  export PATH LC_ALL
  umask 022
  kboot_proxies /etc/environment
  cd /
  kboot_keeper=
  trap kboot_end EXIT
  trap 'exit 1' PIPE
  if [ "$kboot_mode" = change ]; then kboot_lock; fi
  kboot_tell ready
  kboot_tell ready >&2
  while kboot_header=$(timeout "$kboot_idle" dd bs=${headerBytes} count=1 iflag=fullblock status=none 8>&-); do
    set -f
    set -- $kboot_header
    set +f
    case \${1-} in
      beat) continue ;;
      run) ;;
      *) break ;;
    esac
    kboot_script=$(take "$2")
    case $kboot_script in *"#$kboot_mark") ;; *) break ;; esac
    kboot_payload=$3
    shift 3
    kboot_label=$*
    if [ "$kboot_mode" = change ]; then kboot_run_relayed "$kboot_payload"; else kboot_run "$kboot_payload"; fi
    kboot_status=$?
    kboot_script=
    printf '%s:%s\\n' "$kboot_mark" "$kboot_status"
    printf '%s:%s\\n' "$kboot_mark" "$kboot_status" >&2
  done
}
`;
