import { quote } from "./quote.ts";

/**
 * What a component makes on a host while it runs, and leaves there. Names are patterns of sh (`vethwe*`, `WEAVE-*`): what they fit is
 * the component's, and nothing else is touched.
 */
export interface Traces {
  /** Network devices. */
  readonly links: readonly string[];
  /** Chains of iptables, in every table, in both of its back ends. */
  readonly chains: readonly string[];
  /** Comments of rules that stand in chains of others and lead to no own chain or link. */
  readonly ruleComments: readonly string[];
  readonly ipsets: readonly string[];
  /** Tables of nftables, as `nft list tables` prints them without the first word: `ip kube-proxy`. No patterns. */
  readonly nftTables: readonly string[];
  /** Marks, as `ip xfrm policy` prints them, of policies whose states are the component's too. */
  readonly xfrmMarks: readonly string[];
  /** Absolute paths of files and directories. */
  readonly paths: readonly string[];
}

/** What several components leave. */
export function joinTraces(traces: readonly Traces[]): Traces {
  const all = (name: keyof Traces) => traces.flatMap((one) => one[name]);
  return {
    links: all("links"),
    chains: all("chains"),
    ruleComments: all("ruleComments"),
    ipsets: all("ipsets"),
    nftTables: all("nftTables"),
    xfrmMarks: all("xfrmMarks"),
    paths: all("paths"),
  };
}

/**
 * POSIX sh that removes traces by name, and may run again: rules before the chains and sets that they use. Run it when the component's
 * processes have ended. It exits 0 where a tool is absent, and prints a line `left: ...` for each thing that it could not remove.
 */
export function removeTraces(traces: Traces): string {
  return [
    fits("own_link", traces.links),
    fits("own_chain", traces.chains),
    fits("own_set", traces.ipsets),
    `own_comment() { case $1 in ${traces.ruleComments.map((text) => `*${quote(`--comment "${text}"`)}*) return 0 ;; `).join("")}esac; return 1; }`,
    library,
    "emptied= tables_before=$(nft list tables 2>/dev/null || true)",
    "for tool in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do clean_tool $tool; done",
    // a host with one back end may have it under the plain name alone
    "command -v iptables-nft >/dev/null || command -v iptables-legacy >/dev/null || { clean_tool iptables; clean_tool ip6tables; }",
    ...traces.nftTables.map((table) => `clean_nft_table ${table}`),
    "clean_empty_tables",
    "clean_sets",
    ...traces.xfrmMarks.map((mark) => `clean_xfrm ${quote(mark)}`),
    "clean_links",
    ...(traces.paths.length === 0 ? [] : [`clean_paths ${traces.paths.map(pattern).join(" ")}`]),
    "",
  ].join("\n");
}

/** A function of sh that is true for names that fit a pattern. */
function fits(name: string, patterns: readonly string[]): string {
  return `${name}() { case $1 in ${patterns.map((one) => `${pattern(one)}) return 0 ;; `).join("")}esac; return 1; }`;
}

/** The pattern as a word of sh in which `*` alone keeps its meaning. */
function pattern(text: string): string {
  return text
    .split("*")
    .map((part) => (part === "" ? "" : quote(part)))
    .join("*");
}

const library = `
# Numbers of the rules of chain $1, read from iptables -S, that lead to own chains, use own links or sets, or have an own comment; the last first
own_rules() {
  number=0 numbers=
  while read -r line; do
    case $line in "-A $1 "*) number=$((number + 1)) ;; *) continue ;; esac
    if ! own_comment "$line"; then
      # a comment may say anything
      words=$(printf '%s\\n' "$line" | sed 's/\\\\"//g; s/"[^"]*"//g')
      option= found=
      set -f
      for word in $words; do
        case $option in
          -j | -g) ! own_chain "$word" || found=1 ;;
          -i | -o) ! own_link "$word" || found=1 ;;
          --match-set) ! own_set "$word" || found=1 ;;
        esac
        option=$word
      done
      set +f
      [ -n "$found" ] || continue
    fi
    numbers="$number $numbers"
  done
  echo "$numbers"
}

clean_table() {
  rules=$($1 -w -t $2 -S 2>/dev/null) || return 0
  chains=$(printf '%s\\n' "$rules" | sed -n 's/^-[PN] \\([^ ]*\\).*/\\1/p')
  for chain in $chains; do
    if own_chain "$chain"; then continue; fi
    for number in $(printf '%s\\n' "$rules" | own_rules "$chain"); do
      emptied="$emptied $1/$2 "
      $1 -w -t $2 -D "$chain" "$number" || echo "left: rule $number of $chain ($1, $2)"
    done
  done
  for action in -F -X; do
    for chain in $chains; do
      own_chain "$chain" || continue
      emptied="$emptied $1/$2 "
      $1 -w -t $2 $action "$chain" || echo "left: chain $chain ($1, $2)"
    done
  done
}

clean_tool() {
  command -v $1 >/dev/null || return 0
  for table in filter nat mangle raw; do
    # asking the old back end for a table makes it
    case $1 in
      iptables-legacy) grep -qx $table /proc/net/ip_tables_names 2>/dev/null || continue ;;
      ip6tables-legacy) grep -qx $table /proc/net/ip6_tables_names 2>/dev/null || continue ;;
    esac
    clean_table $1 $table
  done
}

clean_nft_table() {
  command -v nft >/dev/null && nft list table "$1" "$2" >/dev/null 2>&1 || return 0
  nft delete table "$1" "$2" || echo "left: table $1 $2 of nftables"
}

# Using iptables' new back end makes its tables. One that held own things, or has come with looking for them, goes when it has no more than chains of
# the back end's own without rules: then it does nothing. One that held none is somebody else's
clean_empty_tables() {
  command -v nft >/dev/null || return 0
  for family in ip ip6; do
    for table in filter nat mangle raw; do
      tool=\${family}tables
      case $emptied in
        *" $tool-nft/$table "* | *" $tool/$table "*) ;;
        *) if printf '%s\\n' "$tables_before" | grep -qx "table $family $table"; then continue; fi ;;
      esac
      text=$(nft list table $family $table 2>/dev/null) || continue
      if printf '%s\\n' "$text" | grep -qvE '^(table .*|	chain [A-Z]+ \\{|		type .* policy accept;|	?\\}|#.*|)$'; then continue; fi
      nft delete table $family $table || echo "left: table $family $table of nftables"
    done
  done
}

# What is mounted there belongs to somebody else; a folder that is a mount itself is emptied
clean_paths() {
  for path in "$@"; do
    if [ ! -e "$path" ] && [ ! -L "$path" ]; then continue; fi
    if grep -qF " $path/" /proc/mounts; then
      echo "left: $path, since something is mounted in it"
    elif grep -qF " $path " /proc/mounts; then
      rm -rf -- "$path"/* "$path"/.[!.]* || echo "left: $path"
    else
      rm -rf -- "$path" || echo "left: $path"
    fi
  done
}

# Sets hold sets: all are emptied before any is destroyed
clean_sets() {
  command -v ipset >/dev/null || return 0
  for action in flush destroy; do
    ipset list -n | while IFS= read -r name; do
      if own_set "$name"; then ipset $action "$name" || echo "left: ipset $name"; fi
    done
  done
}

# Policies with mark $1 (0x20000/0x20000), and the states between their two addresses that no key daemon has numbered
clean_xfrm() {
  command -v ip >/dev/null || return 0
  ip xfrm policy 2>/dev/null | while read -r first rest; do
    case $first in
      src) selector="src $rest" direction= ;;
      dir) direction=\${rest%% *} ;;
      mark)
        [ "\${rest% }" = "$1" ] || continue
        ip xfrm policy delete $selector dir "$direction" mark "\${1%/*}" mask "\${1#*/}" || echo "left: policy $selector"
        set -- "$1" $selector
        for pair in "src \${3%/*} dst \${5%/*}" "src \${5%/*} dst \${3%/*}"; do
          ip xfrm state deleteall $pair proto esp mode transport reqid 0 || echo "left: states $pair"
        done
        ;;
    esac
  done
}

clean_links() {
  command -v ip >/dev/null || return 0
  ip -o link show | while IFS=' :@' read -r _ name _; do
    if ! own_link "$name"; then continue; fi
    # the other end of a pair goes with the first
    [ -e "/sys/class/net/$name" ] || continue
    if command -v ovs-dpctl >/dev/null && ovs-dpctl del-dp "$name" 2>/dev/null; then continue; fi
    ip link delete "$name" 2>/dev/null || echo "left: link $name"
  done
}`;
