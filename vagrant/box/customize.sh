#!/bin/bash
# mmdebstrap --customize-hook: makes the new root $1 a Vagrant base box. What differs from one host to the next
# (name, keys, machine-id, name server) is left out: box/identity adds it before a host's first boot.
set -euo pipefail
root=$1

chroot "$root" useradd --create-home --shell /bin/bash --user-group vagrant
install -m 440 /dev/stdin "$root/etc/sudoers.d/vagrant" <<<'vagrant ALL=(ALL:ALL) NOPASSWD: ALL'
install -D -m 644 /dev/stdin "$root/etc/ssh/sshd_config.d/vagrant.conf" <<'EOF'
UseDNS no
PasswordAuthentication no
EOF

rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" "$root/etc/resolv.conf"
: > "$root/etc/machine-id" # empty, not missing: systemd then makes one, and does not preset all units again

# LXC sets the addresses before init starts: nothing inside may take them away again. The rest cannot work in a
# container, or would act on the machine's own devices.
for unit in systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \
  systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-modules-load.service \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# Background work of apt and e2fsprogs: hosts have no network, and tests want quiet hosts.
for timer in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer; do
  ln -sf /dev/null "$root/etc/systemd/system/$timer"
done

# Vagrant's Debian guest code restarts ifup@eth0 when it changes the hostname: a stand-in.
install -D -m 644 /dev/stdin "$root/etc/systemd/system/ifup@.service" <<'EOF'
[Unit]
Description=stand-in for ifupdown, LXC set the address of %i
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
EOF

# Only what a stock image holds: no traces of how this one was made.
rm -f "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$root"/etc/apt/apt.conf.d/99mmdebstrap
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/log/*.log
# the hosts have no way out: a test that installs packages names a repository of its own
: > "$root/etc/apt/sources.list"
rm -f "$root"/etc/apt/sources.list.d/*
