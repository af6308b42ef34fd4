# shellcheck shell=bash
# shellcheck disable=SC2154 # vagrant/lab sets the variables all its parts share
# Messages, the set's record and what is derived from it, locks, and the files that others read.

say() { printf 'lab: %s\n' "$*" >&2; }

# die MESSAGE [HINT]
die() {
  printf 'lab: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# Fills the set's variables from its record; returns 1 if there is none.
load_set() {
  folder=$lab/sets/$set_name
  prefix=kboot
  [ "$set_name" = kboot ] || prefix=kboot-$set_name
  [ -f "$folder/set.conf" ] || return 1
  local key value
  while IFS='=' read -r key value; do
    case $key in
      index) index=$value ;;
      provider) provider=$value ;;
      control_planes) control_planes=$value ;;
      workers) workers=$value ;;
      second_nic) second_nic=$value ;;
      box) box_stamp=$value ;;
    esac
  done < "$folder/set.conf"
  derive_set
}

# What follows from the record: never stored, always computed.
derive_set() {
  subnet=192.168.$((56 + index))
  gateway=$subnet.1
  bridge=kbootlab$index
  hosts=()
  local i
  for ((i = 1; i <= control_planes; i++)); do hosts+=("cp$i"); done
  for ((i = 1; i <= workers; i++)); do hosts+=("worker$i"); done
}

require_set() {
  load_set || die "there is no set \"$set_name\" in $lab" "make it with: npm run lab -- up --set $set_name"
}

write_set() {
  mkdir -p "$folder/logs"
  chmod 700 "$folder"
  cat > "$folder/set.conf.new" <<EOF
index=$index
provider=$provider
control_planes=$control_planes
workers=$workers
second_nic=$second_nic
box=$box_stamp
EOF
  mv "$folder/set.conf.new" "$folder/set.conf"
}

address_of() {
  case $1 in
    cp*) echo "$subnet.$((10 + ${1#cp}))" ;;
    worker*) echo "$subnet.$((20 + ${1#worker}))" ;;
  esac
}

role_of() { case $1 in cp*) echo control-plane ;; *) echo worker ;; esac; }

container_of() { echo "$prefix-$1"; }

is_host() {
  local host
  for host in "${hosts[@]}"; do [ "$host" != "$1" ] || return 0; done
  return 1
}

# Holds a lock until this process ends. lock FILE FD [FLAGS]: FD 7 for the machine, 8 for a set, 9 for a host.
# Whatever outlives us must be started with `7>&- 8>&- 9>&-`.
lock() {
  mkdir -p "$(dirname "$1")"
  case $2 in
    7) exec 7> "$1" ;;
    8) exec 8> "$1" ;;
    9) exec 9> "$1" ;;
  esac
  if ! flock -n ${3:+"$3"} "$2"; then
    say "waiting for another lab command ($1)"
    flock ${3:+"$3"} "$2"
  fi
}

unlock() { flock -u "$1"; }

lock_set() { lock "$lab/locks/$set_name" 8 "${1:-}"; }

run_vagrant() {
  KBOOT_LAB_SET=$set_name KBOOT_LAB_INDEX=$index KBOOT_LAB_CONTROL_PLANES=$control_planes KBOOT_LAB_WORKERS=$workers \
    KBOOT_LAB_SECOND_NIC=$second_nic KBOOT_LAB_FOLDER=$folder \
    VAGRANT_CWD=$here VAGRANT_DOTFILE_PATH=$folder/dot-vagrant VAGRANT_DEFAULT_PROVIDER=$provider \
    VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_NO_COLOR=1 vagrant "$@" 7>&- 8>&- 9>&-
}

# logged NAME COMMAND...: output goes to the set's log, or to the screen too with --verbose; a failure shows the end.
logged() {
  local log=$folder/logs/$1.log status=0
  shift
  if [ "$verbose" = yes ]; then
    "$@" 2>&1 | tee "$log" >&2 || status=$?
  else
    "$@" > "$log" 2>&1 || status=$?
  fi
  [ "$status" = 0 ] || { [ "$verbose" = yes ] || tail -n 25 "$log" >&2; say "see $log"; }
  return "$status"
}

# Runs FUNCTION HOST for all HOSTs at once; returns 1 if one of them failed, after all have ended.
in_parallel() {
  local function=$1 host pids=() failed=0
  shift
  for host in "$@"; do "$function" "$host" & pids+=($!); done
  for host in "${pids[@]}"; do wait "$host" || failed=1; done
  return "$failed"
}

write_key() {
  [ -s "$folder/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C "kboot-lab-$set_name" -f "$folder/id_ed25519"
}

write_ssh_config() {
  local host
  for host in "${hosts[@]}"; do
    cat <<EOF
Host $host
  HostName $(address_of "$host")
  User vagrant
  IdentityFile "$folder/id_ed25519"
  IdentitiesOnly yes
  UserKnownHostsFile "$folder/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes

EOF
  done > "$folder/ssh_config.new"
  mv "$folder/ssh_config.new" "$folder/ssh_config"
}

# known_hosts from the public keys kept in host-keys/HOST/*.pub.
write_known_hosts() {
  local host
  for host in "${hosts[@]}"; do
    cut -d ' ' -f 1,2 "$folder/host-keys/$host"/*.pub | sed "s/^/$host,$(address_of "$host") /"
  done > "$folder/known_hosts.new"
  mv "$folder/known_hosts.new" "$folder/known_hosts"
}

json_string() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# print_hosts_json plain|state: hosts.json on stdout; with "state", each host's state too.
print_hosts_json() {
  local host separator='' bridge_json=null
  [ "$provider" != lxc ] || bridge_json=$(json_string "$bridge")
  cat <<EOF
{
  "set": $(json_string "$set_name"),
  "provider": $(json_string "$provider"),
  "index": $index,
  "bridge": $bridge_json,
  "subnet": "$subnet.0/24",
  "gateway": "$gateway",
  "secondNic": $([ "$second_nic" = yes ] && echo true || echo false),
  "user": "vagrant",
  "identityFile": $(json_string "$folder/id_ed25519"),
  "knownHosts": $(json_string "$folder/known_hosts"),
  "sshConfig": $(json_string "$folder/ssh_config"),
  "hosts": [
EOF
  for host in "${hosts[@]}"; do
    printf '%s    { "name": "%s", "address": "%s", "role": "%s"' "$separator" "$host" "$(address_of "$host")" "$(role_of "$host")"
    [ "$1" != state ] || printf ', "state": "%s"' "$("${driver}_state" "$host")"
    printf ' }'
    separator=$',\n'
  done
  printf '\n  ]\n}\n'
}

write_hosts_json() {
  print_hosts_json plain > "$folder/hosts.json.new"
  mv "$folder/hosts.json.new" "$folder/hosts.json"
}

on_host() { ssh -n -F "$folder/ssh_config" -o BatchMode=yes -o ConnectTimeout=2 -o LogLevel=ERROR "$@"; }

# Returns once HOST lets the login user in and sudo asks for no password.
wait_for_ssh() {
  local host=$1 deadline=$((SECONDS + 90)) answer=''
  until answer=$(on_host "$host" sudo -n true 2>&1); do
    [ "$SECONDS" -lt "$deadline" ] || {
      say "$host ($(address_of "$host")) does not answer ssh after 90 s: ${answer##*$'\n'}"
      return 1
    }
    sleep 0.1
  done
}

# Which index a set gets: its own if it has one, the one asked for, 0 for the default set, else the first free one
# from a place that follows from the name. "Free" is also asked of the machine's interfaces and routes.
choose_index() {
  local wanted=$1 start i
  if [ -n "$wanted" ]; then
    index=$wanted
    reason=$(index_taken "$index") || return 0
    die "index $index is taken: $reason" "leave --index out to get a free one"
  fi
  if [ "$set_name" = kboot ]; then
    index=0
    reason=$(index_taken 0) || return 0
    die "the default set's subnet 192.168.56.0/24 is taken: $reason" "name another subnet with --index 1 to 7"
  fi
  start=$(printf '%s' "$set_name" | cksum | cut -d ' ' -f 1)
  for ((i = 0; i < 7; i++)); do
    index=$(((start + i) % 7 + 1))
    index_taken "$index" > /dev/null || return 0
  done
  die "all eight subnets from 192.168.56.0/24 on are taken" "put away a set: npm run lab -- down --set NAME (see $lab/sets)"
}

# Returns 0 and says by whom if index $1 is taken by something else than this set.
index_taken() {
  local conf other
  for conf in "$lab"/sets/*/set.conf; do
    grep -qsx "index=$1" "$conf" || continue
    other=$(basename "$(dirname "$conf")")
    [ "$other" = "$set_name" ] || { echo "by set \"$other\""; return 0; }
  done
  # A hypervisor's own host-only network is where the machines belong; only containers bring their own bridge.
  [ "$provider" = lxc ] || return 1
  lxc_index_taken "$1"
}
