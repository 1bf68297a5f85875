#!/bin/busybox sh
# Process 1 of the tests' guest. Words on the kernel's command line that it understands: hostname=NAME, ticks (a line on the
# console each second), seed (what is on the drive called cidata, on the console, in base64).
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp

for word in $(cat /proc/cmdline); do
  case "$word" in
    hostname=*) name=${word#hostname=} ;;
    ticks) ticks=yes ;;
    seed) seed=yes ;;
  esac
done
hostname "${name:-guest}"

for module in $(cat /etc/modules); do modprobe "$module" 2>/dev/null; done

# As cloud-init's data source NoCloud does it, as far as tests need it: the drive is found by its label, and tells the name.
drive=$(findfs LABEL=cidata 2>/dev/null)
if [ -n "$drive" ] && mkdir -p /run/seed && mount -r -t iso9660 "$drive" /run/seed; then
  told=$(sed -n 's/.*"local-hostname":"\([^"]*\)".*/\1/p' /run/seed/meta-data)
  [ -n "$told" ] && hostname "$told"
  if [ -n "${seed:-}" ]; then
    for file in user-data meta-data; do echo "seed $file $(base64 -w 0 "/run/seed/$file")" >/dev/console; done
  fi
fi

# The ports of a channel get their names a moment after their module is loaded.
port() {
  for port in /sys/class/virtio-ports/*; do
    if [ "$(cat "$port/name" 2>/dev/null)" = "$1" ]; then echo "/dev/${port##*/}"; fi
  done
}
(
  while [ -z "$(port org.qemu.guest_agent.0)" ]; do usleep 50000; done
  while :; do qemu-ga -m virtio-serial -p "$(port org.qemu.guest_agent.0)" -t /run >/dev/null 2>&1; sleep 1; done
) &

ip link set lo up
for card in /sys/class/net/eth*; do
  [ -e "$card" ] && ip link set "${card##*/}" up && udhcpc -b -S -T 1 -t 30 -i "${card##*/}" -s /etc/lease >/dev/null 2>&1 &
done

# The power button; keys of a keyboard are none of its business.
for event in /sys/class/input/event*; do
  if grep -q "Power Button" "$event/device/name" 2>/dev/null; then
    (dd if="/dev/input/${event##*/}" of=/dev/null bs=24 count=1 2>/dev/null && poweroff -f) &
  fi
done

if [ -n "${ticks:-}" ]; then
  (tick=0; while :; do tick=$((tick + 1)); echo "tick $tick" >/dev/console; sleep 1; done) &
fi
while :; do setsid getty -L 115200 ttyS0 vt100; done
