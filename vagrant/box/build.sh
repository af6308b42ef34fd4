#!/bin/bash
# Builds the LXC base box from Debian packages into FOLDER: debian13-lxc.box for vagrant, and rootfs/, the same unpacked.
#   build.sh FOLDER    (root, mmdebstrap)
# The packages are those a stock cloud image has: what kboot needs beyond them, it must bring.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$1
suite=trixie
packages=systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,sudo,iproute2,iputils-ping,linux-sysctl-defaults
packages+=,kmod,procps,util-linux,mount,login,passwd,python3-minimal,curl,ca-certificates,less,xz-utils,debian-archive-keyring

# In memory: dpkg's many small synced writes cost half a minute on disk. Not /dev/shm: device nodes are not allowed there.
work=$(mktemp -d /tmp/kboot-box.XXXXXX)
cleanup() { umount -l "$work" 2> /dev/null || true; rmdir "$work"; rm -rf "$target.new"; }
trap cleanup EXIT
chmod 755 "$work"
mount -t tmpfs -o mode=755,size=2G kboot-box "$work"

TMPDIR=$work mmdebstrap --variant=minbase --format=tar --include="$packages" --skip=output/dev \
  --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="bash '$here/customize.sh' \"\$1\"" \
  "$suite" "$work/rootfs.tar"

rm -rf "$target.new"
mkdir -p "$target.new/rootfs"
tar -C "$target.new/rootfs" -xf "$work/rootfs.tar" --numeric-owner --xattrs --xattrs-include='*'
gzip -1 < "$work/rootfs.tar" > "$work/rootfs.tar.gz"
cp "$here/lxc-config" "$work/"
cat > "$work/metadata.json" <<'EOF'
{ "provider": "lxc", "version": "1.0.0", "template-opts": { "--strip-components": "1" } }
EOF
# A box may be a plain tar; its big member is compressed already.
tar -C "$work" -cf "$target.new/debian13-lxc.box" metadata.json lxc-config rootfs.tar.gz
mv "$target.new" "$target"
