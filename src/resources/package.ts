import type { HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";
import { aptLock } from "./apt-lock.ts";

/** A package of the distribution, installed by apt. */
export interface PackageResource {
  readonly kind: "package";
  readonly name: string;
  /** The oldest version that will do, as dpkg compares versions. */
  readonly minimum: string | undefined;
  /** A file that dpkg writes anew at each install and upgrade, other than those of the package, whose times are those of its making. */
  readonly listPath: string;
}

export interface ObservedPackage {
  /** dpkg's word for it: `installed`, `half-configured`, `unpacked`, ... */
  readonly status: string;
  readonly version: string;
  readonly isNewEnough: boolean;
}

/** A package resource. */
export function aptPackage(name: string, minimum?: string): PackageResource {
  return { kind: "package", name, minimum, listPath: `/var/lib/dpkg/info/${name}.list` };
}

/** Lists older than this are fetched again before something is installed. */
const listsMaxAgeHours = 24;

// what a conffile of a package shall hold is another resource's matter; needrestart would restart services that are none of ours;
// nothing else may be removed for it
const environment = "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none";
const options =
  "-q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confold -o Acquire::Retries=2 -o Acquire::http::Timeout=20";

const prelude = `${aptLock()}
export ${environment}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
  until wait_for_apt_lock && "$@" >"$log" 2>&1 </dev/null; do
    # somebody was faster
    [ -z "$(apt_lock_holder)" ] || continue
    cat "$log"
    { grep -E -A 1 '^(dpkg: error|[EW]: )' "$log" || cat "$log"; } | grep -vx -e -- | tail -n 3 >&2
    exit 1
  done
}
candidate() { apt-cache policy "$1" | sed -n 's/^ *Candidate: //p' | grep -vxF '(none)' || true; }
lists_are_old() {
  newest=$(stat -c %Y /var/lib/apt/lists /var/lib/apt/lists/partial /var/lib/apt/periodic/update-success-stamp 2>/dev/null | sort -n | tail -n 1)
  [ $(($(date +%s) - \${newest:-0})) -gt ${listsMaxAgeHours * 3600} ]
}
# apt does nothing before that is mended
[ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || run dpkg --force-confold --configure -a`;

export const packageKind: HostKind<PackageResource, ObservedPackage | undefined> = {
  kind: "package",
  id: (resource) => `package:${resource.name}`,
  observe: ({
    name,
    minimum,
  }) => `if found=$(dpkg-query -W -f '\${db:Status-Status} \${db:Status-Eflag} \${Version}' ${quote(name)} 2>/dev/null); then
  set -- $found
  enough=yes
  ${minimum === undefined ? ":" : `dpkg --compare-versions "$3" ge ${quote(minimum)} || enough=no`}
  printf '%s %s %s %s\\n' "$1" "$2" "$3" "$enough"
fi`,
  parse(_resource, { stdout }) {
    const [status, flag, version, isNewEnough] = stdout.toString("utf8").trim().split(" ");
    if (status === undefined || version === undefined || /^(not-installed|config-files)$/.test(status)) return undefined;
    return { status: flag === "ok" ? status : `${status}, ${flag}`, version, isNewEnough: isNewEnough === "yes" };
  },
  compare({ minimum }, observed) {
    const wished = minimum === undefined ? "installed" : `installed, ${minimum} or newer`;
    if (observed === undefined) return [{ what: "package", to: wished }];
    if (!observed.isNewEnough) return [{ what: "version", from: observed.version, to: `${minimum} or newer` }];
    return observed.status === "installed" ? [] : [{ what: "state", from: `${observed.version} is ${observed.status}`, to: "installed" }];
  },
  async change(items) {
    const names = items.map(({ resource }) => quote(resource.name)).join(" ");
    const judged = items.map(({ resource: { name, minimum } }) => {
      const none = `apt knows no package ${name}, or none that can be installed: see /etc/apt/sources.list.d and \`apt-get update\` on the host`;
      const tooOld = ` is what apt has of ${name}, and ${minimum} or newer is wanted: add a repository that has it`;
      return [
        `version=$(candidate ${quote(name)})`,
        `[ -n "$version" ] || { echo ${quote(none)} >&2; exit 1; }`,
        ...(minimum === undefined
          ? []
          : [`dpkg --compare-versions "$version" ge ${quote(minimum)} || { printf '%s%s\\n' "$version" ${quote(tooOld)} >&2; exit 1; }`]),
      ].join("\n");
    });
    return {
      script: [
        prelude,
        "update=no",
        `for name in ${names}; do [ -n "$(candidate "$name")" ] || update=yes; done`,
        `if lists_are_old || [ "$update" = yes ]; then run apt-get ${options} update; fi`,
        ...judged,
        `run apt-get ${options} --no-install-recommends --no-remove install ${names}`,
      ].join("\n"),
    };
  },
  before: (observed) => (observed === undefined ? null : { status: observed.status, version: observed.version }),
  remove: (things) => {
    const names = things
      .filter(({ before }) => before === null)
      .map(({ id }) => quote(id.slice("package:".length)))
      .join(" ");
    if (names === "") return {};
    // what came in with them goes too, but nothing that nobody needed before
    return {
      first: `(
${prelude}
orphans() { apt-get -s autoremove 2>/dev/null | sed -n 's/^Remv \\([^ ]*\\).*/\\1/p'; }
set --
for name in ${names}; do if dpkg-query -s "$name" >/dev/null 2>&1; then set -- "$@" "$name"; fi; done
[ $# -gt 0 ] || exit 0
others=" $(orphans | tr '\\n' ' ') "
run apt-get ${options} purge "$@"
set --
for name in $(orphans); do case $others in *" $name "*) ;; *) set -- "$@" "$name" ;; esac; done
[ $# -eq 0 ] || run apt-get ${options} purge "$@"
)`,
    };
  },
};
