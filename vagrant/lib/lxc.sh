# shellcheck shell=bash
# shellcheck disable=SC2154 # vagrant/lab sets the variables all its parts share
# Containers by LXC: prepares the machine and makes, renews and removes the set's containers.

lxc_packages=(vagrant vagrant-lxc lxc mmdebstrap debian-archive-keyring iproute2 openssh-client sudo redir
  gzip e2fsprogs)
lxc_containers=/var/lib/lxc

lxc_prepare() {
  [ "$(uname -s)" = Linux ] || die "the lxc provider runs on Linux only" "choose --provider virtualbox"
  [ "$(id -u)" = 0 ] || die "the lxc provider needs root: its containers are privileged" \
    "run it as root, or choose --provider virtualbox or libvirt"
  case $folder in *[[:space:]]*) die "the state folder's path has a blank: $folder" "set KBOOT_CACHE to a path without" ;; esac
  [ ${#folder} -le 150 ] || die "the state folder's path is too long: $folder" "set KBOOT_CACHE to a shorter one"
  lock /run/lock/kboot-lab 7
  lxc_install_packages
  lxc_mount
  lxc_limits
}

lxc_install_packages() {
  local missing=() package
  if command -v dpkg-query > /dev/null; then
    for package in "${lxc_packages[@]}"; do
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
  fi
  local ID='' VERSION_ID=''
  # shellcheck source=/dev/null
  [ ! -f /etc/os-release ] || . /etc/os-release
  [ "$ID $VERSION_ID" = 'debian 12' ] || die "the lxc provider installs itself on Debian 12, this is ${ID:-unknown} ${VERSION_ID}" \
    "choose --provider virtualbox or libvirt, or install yourself: ${missing[*]:-${lxc_packages[*]}}"
  say "installing ${missing[*]}"
  # No recommends: vagrant's bring libvirt and QEMU along.
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300) log=$folder/logs/apt.log
  mkdir -p "$folder/logs"
  { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
    > "$log" 2>&1 || { tail -n 25 "$log" >&2; die "cannot install ${missing[*]}" "see $log"; }
}

lxc_mount() {
  # Without systemd as the machine's init nobody has mounted the named hierarchy that systemd in the containers needs.
  if ! grep -q ' /sys/fs/cgroup cgroup2 ' /proc/mounts && ! grep -q 'name=systemd' /proc/mounts; then
    mkdir -p /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ||
      die "cannot mount the cgroup hierarchy name=systemd" "this machine's /sys/fs/cgroup must be writable"
  fi
  # kubelet's mounts must reach the pods: the containers inherit this.
  [ "$(findmnt -no PROPAGATION /)" = shared ] || mount --make-rshared / || die "cannot make / a shared mount"
}

# The kernel counts inotify instances per user, and root is one user in all containers. With the default of 128, a third or
# fourth Kubernetes node is the one too many: its containerd then runs without CRI.
lxc_limits() {
  local instances=/proc/sys/fs/inotify/max_user_instances
  [ "$(cat $instances)" -ge 8192 ] || echo 8192 > $instances || die "cannot raise $instances"
}

# A bridge carries its set's name and state folder as its alias: that is how sets of other state folders are seen.
lxc_alias() { echo "kboot lab $set_name $folder"; }

lxc_index_taken() {
  local name=kbootlab$1 alias other route
  if [ -e "/sys/class/net/$name" ]; then
    alias=$(cat "/sys/class/net/$name/ifalias")
    other=${alias##* }
    [ "$alias" = "$(lxc_alias)" ] || [ ! -f "$other/set.conf" ] || { echo "by bridge $name ($alias)"; return 0; }
  fi
  route=$(ip -4 route show table all match "192.168.$((56 + $1)).1" | grep -v '^\(default\|unicast default\)' | grep -v " dev $name " | head -n 1)
  [ -z "$route" ] || { echo "by route $route"; return 0; }
  return 1
}

# Containers of this name that belong to a set in another state folder: never touched.
lxc_refuse_foreign() {
  local file alias other
  for file in /sys/class/net/kbootlab*/ifalias; do
    [ -e "$file" ] || continue
    alias=$(cat "$file")
    case $alias in "kboot lab $set_name "*) ;; *) continue ;; esac
    other=${alias##* }
    [ "$other" = "$folder" ] || [ ! -f "$other/set.conf" ] ||
      die "set \"$set_name\" is up already with the state folder $other" \
        "choose another name with --set, or put it away: KBOOT_CACHE=${other%/lab/sets/*} npm run lab -- down --set $set_name"
  done
}

lxc_bridge() {
  # With a MAC of its own: a bridge's changes with its ports otherwise, and the hosts' ARP entries for it go stale.
  [ -e "/sys/class/net/$bridge" ] ||
    ip link add "$bridge" address "$(printf '00:16:3e:a8:%02x:01' $((56 + index)))" type bridge ||
    die "cannot make the bridge $bridge"
  ip link set "$bridge" alias "$(lxc_alias)"
  ip -4 -o addr show dev "$bridge" | grep -qF " $gateway/24 " || ip addr add "$gateway/24" dev "$bridge"
  ip link set "$bridge" up
}

# The set's disk: a sparse file with a file system of its own, which holds the hosts' root file systems. It needs no safety
# against power cuts, so syncing (etcd, dpkg) is cheap; a set's removal is one file's; and on an ext4 without a journal,
# as some virtual machines have, making files takes ten times as long for minutes after others were deleted.
lxc_disk() {
  mkdir -p "$folder/disk"
  mountpoint -q "$folder/disk" && return
  # Without loop devices the folder itself does, more slowly.
  [ ! -e "$folder/disk/.plain" ] || return 0
  if [ ! -s "$folder/disk.img" ]; then
    rm -f "$folder/disk.img.new"
    truncate -s 64G "$folder/disk.img.new"
    mkfs.ext4 -q -F -m 0 -i 8192 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$folder/disk.img.new" ||
      die "cannot make a file system in $folder/disk.img.new"
    mv "$folder/disk.img.new" "$folder/disk.img"
  fi
  mount -o loop,noatime,nobarrier,data=writeback,commit=60,noinit_itable "$folder/disk.img" "$folder/disk" 2> /dev/null || {
    say 'no loop devices here: bare will be slower'
    rm -f "$folder/disk.img"
    : > "$folder/disk/.plain"
  }
}

rootfs_of() { echo "$folder/disk/$1"; }

# The box as vagrant's file and, unpacked, as the root file system that bare copies. Cached by what it is made from.
lxc_box() {
  box_stamp=$(cat "$here/box/build.sh" "$here/box/customize.sh" "$here/box/lxc-config" | sha256sum | cut -c 1-16)
  pristine=$lab/box/$box_stamp/rootfs
  local box=$lab/box/$box_stamp/debian13-lxc.box home=$lab/vagrant-home old
  if [ ! -d "$lab/box/$box_stamp" ]; then
    say 'building the box (about half a minute, once)'
    mkdir -p "$lab/box"
    "$here/box/build.sh" "$lab/box/$box_stamp" > "$lab/box/build.log" 2>&1 ||
      { tail -n 25 "$lab/box/build.log" >&2; die "cannot build the box" "see $lab/box/build.log"; }
    for old in "$lab"/box/*/; do
      [ "$old" = "$lab/box/$box_stamp/" ] || rm -rf --one-file-system "$old"
    done
  fi
  if [ "$(cat "$home/boxes/kboot-stamp" 2> /dev/null)" != "$box_stamp" ]; then
    mkdir -p "$home/boxes"
    VAGRANT_HOME=$home VAGRANT_CWD=/ VAGRANT_CHECKPOINT_DISABLE=1 \
      vagrant box add --force --provider lxc --name kboot/debian13-lxc "$box" > "$lab/box/add.log" 2>&1 7>&- 8>&- ||
      { tail -n 25 "$lab/box/add.log" >&2; die "cannot add the box to vagrant" "see $lab/box/add.log"; }
    echo "$box_stamp" > "$home/boxes/kboot-stamp"
  fi
}

# A VAGRANT_HOME of its own per set, so that sets do not wait for each other; the boxes are shared.
lxc_vagrant() { VAGRANT_HOME=$folder/vagrant-home run_vagrant "$@"; }

lxc_up() {
  local host fresh=no
  mkdir -p "$folder/vagrant-home"
  ln -sfn "$lab/vagrant-home/boxes" "$folder/vagrant-home/boxes"
  lxc_disk
  write_key
  in_parallel lxc_host_keys "${hosts[@]}" || die "cannot make the hosts' keys"
  # A copy, so that containers do not depend on the checkout they were made from.
  install -m 755 "$here/box/identity" "$folder/identity"
  write_known_hosts
  write_ssh_config
  lxc_remove_leftovers
  for host in "${hosts[@]}"; do [ "$(lxc_state "$host")" = running ] || fresh=yes; done
  if [ "$fresh" = yes ]; then
    logged vagrant-up lxc_vagrant up --provider lxc || return 1
  fi
  in_parallel wait_for_ssh "${hosts[@]}" || return 1
  lxc_check_network
}

# Made here and put into the root file system before its first boot: known_hosts is right without asking the network.
lxc_host_keys() {
  local keys=$folder/host-keys/$1 kind
  mkdir -p "$keys"
  for kind in rsa ecdsa ed25519; do
    [ -s "$keys/ssh_host_${kind}_key" ] ||
      ssh-keygen -q -t "$kind" -N '' -C "root@$1" -f "$keys/ssh_host_${kind}_key" < /dev/null || return 1
  done
}

# Hosts that the set no longer has, and containers that an aborted run left behind: vagrant would stumble over both.
lxc_remove_leftovers() {
  local container host id directory
  for container in $(lxc_own_containers); do
    host=${container#"$prefix-"}
    id=$(cat "$folder/dot-vagrant/machines/$host/lxc/id" 2> /dev/null || true)
    if is_host "$host" && [ "$id" = "$container" ] && [ -d "$(rootfs_of "$host")/usr" ] &&
      grep -qF "$folder/identity " "$lxc_containers/$container/config"; then
      continue
    fi
    lxc_remove "$container"
    rm -rf "$folder/dot-vagrant/machines/$host"
  done
  for directory in "$folder"/disk/cp* "$folder"/disk/worker*; do # those of bare's interrupted copies too
    [ ! -d "$directory" ] || [ -f "$lxc_containers/$(container_of "$(basename "$directory")")/config" ] || lxc_discard "$directory"
  done
}

# Only names this set can have: set "a" never sees the containers of set "a-b".
lxc_own_containers() {
  [ ! -d "$lxc_containers" ] || find "$lxc_containers" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' |
    grep -xE "$prefix-(cp|worker)[0-9]+" || true
}

lxc_kill() {
  lxc-stop -k -n "$1" > /dev/null 2>&1 || true
  # Emptied by the kill; left behind, LXC would number the next ones.
  find /sys/fs/cgroup -maxdepth 2 \( -name "lxc.payload.$1" -o -name "lxc.payload.$1-[0-9]*" -o -name "lxc.monitor.$1" \) \
    -exec find {} -depth -type d -exec rmdir {} \; \; 2> /dev/null || true
}

lxc_remove() {
  lxc_kill "$1"
  rm -rf --one-file-system "${lxc_containers:?}/$1"
}

# Deleting gigabytes takes seconds that nobody needs to wait for: moved out of the way and deleted in the background.
lxc_discard() {
  local trash=$folder/disk/.trash.$BASHPID.$RANDOM
  mv "$1" "$trash" || return 1
  (nice rm -rf --one-file-system "$trash" > /dev/null 2>&1 7>&- 8>&- 9>&- &)
}

# Another program's firewall on the machine may drop what crosses a bridge: say so instead of failing later.
lxc_check_network() {
  local first=${hosts[0]} last=${hosts[-1]}
  [ "$first" != "$last" ] || return 0
  on_host "$first" ping -c 1 -W 3 -q "$(address_of "$last")" > /dev/null || {
    say "$first cannot reach $last ($(address_of "$last"))"
    die "the hosts cannot reach each other over $bridge" \
      "a firewall on this machine (Docker's, for one) may drop it: iptables -I FORWARD -i $bridge -o $bridge -j ACCEPT"
  }
}

lxc_bare() {
  pristine=$lab/box/$box_stamp/rootfs
  [ "$(id -u)" = 0 ] || die "the lxc provider needs root"
  [ -d "$pristine" ] || die "the box of set \"$set_name\" is gone" "run: npm run lab -- up --set $set_name"
  lxc_disk
  in_parallel lxc_bare_host "$@" || return 1
  # gives back what was deleted to the machine's disk
  (nice fstrim "$folder/disk" > /dev/null 2>&1 7>&- 8>&- 9>&- &)
}

lxc_bare_host() {
  local host=$1 container root
  container=$(container_of "$host")
  lock "$lab/locks/$set_name.$host" 9
  [ -f "$lxc_containers/$container/config" ] || { say "$host has no container: run npm run lab -- up --set $set_name"; return 1; }
  root=$(rootfs_of "$host")
  # Copied beside the old one and swapped when complete: an interrupted copy is never started.
  rm -rf --one-file-system "$root.new"
  cp -a "$pristine" "$root.new" || { say "$host: cannot copy the root file system"; return 1; }
  lxc_kill "$container"
  [ ! -d "$root" ] || lxc_discard "$root" || return 1
  mv "$root.new" "$root" || return 1
  lxc-start -d -n "$container" -o "$folder/logs/start-$host.log" -l WARN 7>&- 8>&- 9>&- || {
    say "$host: the container does not start: see $folder/logs/start-$host.log"
    return 1
  }
  wait_for_ssh "$host"
}

lxc_down() {
  [ "$(id -u)" = 0 ] || die "the lxc provider needs root"
  lxc_refuse_foreign
  local file containers
  mapfile -t containers < <(lxc_own_containers)
  in_parallel lxc_remove "${containers[@]}" || return 1
  if mountpoint -q "$folder/disk"; then
    # what still deletes there would hold it
    umount "$folder/disk" 2> /dev/null || umount -l "$folder/disk" || return 1
  fi
  for file in /sys/class/net/kbootlab*/ifalias; do
    [ ! -e "$file" ] || [ "$(cat "$file")" != "$(lxc_alias)" ] || ip link del "$(basename "$(dirname "$file")")"
  done
}

lxc_state() {
  local container state
  container=$(container_of "$1")
  [ -f "$lxc_containers/$container/config" ] || { echo absent; return; }
  state=$(lxc-info -s -H -n "$container" 2> /dev/null || true)
  case $state in RUNNING) echo running ;; *) echo stopped ;; esac
}
