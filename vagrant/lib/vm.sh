# shellcheck shell=bash
# shellcheck disable=SC2154 # vagrant/lab sets the variables all its parts share
# Virtual machines by VirtualBox or libvirt: vagrant and the hypervisor are the user's own, nothing is installed.

vm_prepare() {
  command -v vagrant > /dev/null || die "vagrant is not installed" "see https://developer.hashicorp.com/vagrant/install"
  case $provider in
    virtualbox)
      command -v VBoxManage > /dev/null || die "VirtualBox is not installed (no VBoxManage)" \
        "install VirtualBox, or choose --provider libvirt or lxc"
      ;;
    libvirt)
      vagrant plugin list 2> /dev/null | grep -q '^vagrant-libvirt ' || die "vagrant has no libvirt provider" \
        "vagrant plugin install vagrant-libvirt (or your distribution's package of that name)"
      ;;
  esac
}

# A snapshot of each new machine, before anything else touches it: what bare goes back to.
vm_up() {
  local host
  write_key
  write_ssh_config
  logged vagrant-up run_vagrant up --provider "$provider" || return 1
  for host in "${hosts[@]}"; do
    mkdir -p "$folder/host-keys/$host"
    if [ ! -e "$folder/host-keys/$host/snapshot" ]; then
      # by vagrant's own connection, which does not cross the hosts' network
      run_vagrant ssh "$host" --command 'cat /etc/ssh/ssh_host_*_key.pub' < /dev/null | tr -d '\r' \
        > "$folder/host-keys/$host/all.pub" || return 1
      logged "snapshot-$host" run_vagrant snapshot save --force "$host" bare || return 1
      : > "$folder/host-keys/$host/snapshot"
    fi
  done
  write_known_hosts
}

vm_bare() {
  local host
  for host in "$@"; do
    logged "bare-$host" run_vagrant snapshot restore --no-provision "$host" bare || return 1
    wait_for_ssh "$host" || return 1
  done
}

vm_down() { [ ! -d "$folder/dot-vagrant" ] || logged vagrant-destroy run_vagrant destroy --force; }

vm_state() {
  local state
  [ -n "${vm_states:-}" ] || vm_states=$(run_vagrant status --machine-readable)
  state=$(awk -F , -v host="$1" '$2 == host && $3 == "state" { print $4 }' <<< "$vm_states")
  case $state in
    running) echo running ;;
    not_created | '') echo absent ;;
    *) echo stopped ;;
  esac
}
