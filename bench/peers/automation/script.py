#!/usr/bin/env python3
"""libvirt-python beside Ansible: the same twenty domains, and what the others left behind.

Arguments: a connection URI and what to do: `up`, `down`, `empty`, `keep` (stay connected until standard input ends: libvirt's
test driver forgets its domains with its last connection) or `state` (what there is, as one line of JSON).
"""
import json
import re
import sys

import libvirt

NAMES = [f"web-{number}" for number in range(1, 21)]
DOMAIN = (
    "<domain type='test'><name>%s</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
    "<os><type arch='x86_64'>hvm</type></os><features><acpi/><apic/></features><devices>"
    "<serial type='pty'/><console type='pty'/>"
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel></devices></domain>"
)


def up(connection):
    there = {domain.name(): domain for domain in connection.listAllDomains()}
    for name in NAMES:
        domain = there.get(name) or connection.defineXML(DOMAIN % name)
        if not domain.isActive():
            domain.create()
        assert domain.info()[0] == libvirt.VIR_DOMAIN_RUNNING


def down(connection):
    for name in NAMES:
        domain = connection.lookupByName(name)
        if domain.isActive():
            domain.destroy()
        domain.undefine()


def described(domain):
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    return [domain.state()[0], domain.isPersistent(), re.sub(r"\s*<uuid>.*?</uuid>", "", text)]


def main():
    connection = libvirt.open(sys.argv[1])
    work = sys.argv[2]
    if work == "up":
        up(connection)
    elif work == "down":
        down(connection)
    elif work == "keep":
        print("connected", flush=True)
        sys.stdin.read()
    elif work == "state":
        domains = {domain.name(): described(domain) for domain in connection.listAllDomains()}
        print(json.dumps(domains, sort_keys=True))


main()
