#!/bin/busybox sh
# What the guest agent calls: shutdown -P, -H or -r.
case "$*" in
  *-r*) exec /bin/busybox reboot -f ;;
  *-H*) exec /bin/busybox halt -f ;;
  *) exec /bin/busybox poweroff -f ;;
esac
