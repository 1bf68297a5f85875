#!/usr/bin/env python3
"""libvirt-python as a peer of the benchmarks.

Arguments: a connection URI. Each line on standard input is a piece of work as JSON, `{"work", "count", "inFlight"}`; each
is answered with `{"seconds"}`. With `--once` it makes one call, prints the answer and leaves.
"""
import json
import sys
import threading
import time
import uuid

import libvirt


def repeat(call, count):
    for _ in range(count):
        call()


def in_flight(call, count, number):
    workers = [threading.Thread(target=repeat, args=(call, count // number)) for _ in range(number)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def definitions(connection):
    for domain in connection.listAllDomains(0):
        domain.XMLDesc(0)


def define(connection, count, size):
    """Defines domains that are not there yet, with devices of about so many bytes."""
    disks = "".join(
        f"<disk type='file' device='disk'><source file='/images/disk-{number}.img'/>"
        f"<target dev='vd{chr(97 + number)}' bus='virtio'/></disk>" for number in range(min(size // 190, 26)))
    for _ in range(count):
        connection.defineXML(
            f"<domain type='test'><name>{uuid.uuid4()}</name><memory>65536</memory><os><type>hvm</type></os>"
            f"<devices>{disks}</devices></domain>")


def call_of(connection, work):
    if work == "definition":
        return connection.lookupByName("test").XMLDesc
    if work == "list":
        return connection.listAllDomains
    return connection.getVersion if work == "hypervisor" else connection.getLibVersion


def main():
    uri = sys.argv[1]
    connection = libvirt.open(uri)
    if "--once" in sys.argv:
        print(connection.getLibVersion())
        return
    for line in sys.stdin:
        work = json.loads(line)
        begin = time.perf_counter()
        if work["work"] == "definitions":
            definitions(connection)
        elif work["work"] == "define":
            define(connection, work["count"], work["bytes"])
        elif work["inFlight"] == 1:
            repeat(call_of(connection, work["work"]), work["count"])
        else:
            in_flight(call_of(connection, work["work"]), work["count"], work["inFlight"])
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


main()
