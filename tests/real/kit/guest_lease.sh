#!/bin/busybox sh
# What the guest does with an address that it was given.
case "$1" in
  bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/$mask" dev "$interface"
    for gateway in ${router:-}; do ip route replace default via "$gateway"; done
    ;;
  deconfig) ip address flush dev "$interface" ;;
esac
