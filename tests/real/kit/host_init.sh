#!/bin/bash
# Process 1 of a private host: puts the host's own directories over the system's, runs libvirtd when told to, reaps
# what daemons and guests leave behind, and ends everything and removes the directory when its standard input closes.
# usage: host_init.sh DIRECTORY [LIBVIRTD-ARGUMENT...]
# Standard input: a line for each start. DIRECTORY/ends: a line with the exit code for each end.
set -u
[ $$ -eq 1 ] || { echo "This is to be process 1 of a namespace of its own" >&2; exit 64; }
directory=$1
shift
exec 2>>"$directory/log/output.log"

if [ -e "$directory/own_network" ]; then
  # A look at the devices of this network; the machine's control groups stay where they are.
  mkdir "$directory/cgroup"
  mount --rbind /sys/fs/cgroup "$directory/cgroup"
  mount -t sysfs sysfs /sys
  mount --rbind "$directory/cgroup" /sys/fs/cgroup
  umount -l "$directory/cgroup"
  ip link set lo up
fi
# Where version 2 is mounted beside version 1, libvirt's LXC driver fails.
umount /sys/fs/cgroup/unified 2>/dev/null

mount --bind "$directory/etc" /etc/libvirt
mount --bind "$directory/lib" /var/lib/libvirt
mount --bind "$directory/cache" /var/cache/libvirt
mount --bind "$directory/log" /var/log/libvirt
mount --bind "$directory/run" /run
[ ! -e "$directory/hosts" ] || mount --bind "$directory/hosts" /etc/hosts

export LC_ALL=C SASL_CONF_PATH="$directory/etc/sasl2"
while read -r _; do
  (libvirtd --pid-file /run/libvirtd.pid "$@" >&2; echo $? >>"$directory/ends") &
done

kill -KILL -1
wait
rm -rf --one-file-system "$directory"
