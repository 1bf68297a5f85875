#!/usr/bin/env python3
"""libvirt-python as a peer of the benchmarks.

Arguments: a connection URI. Each line on standard input is a piece of work as JSON, `{"work", "count", "inFlight"}`; each
is answered with `{"seconds"}`. With `--once` it makes one call, prints the answer and leaves.
"""
import json
import sys
import threading
import time

import libvirt


def versions(connection, count):
    for _ in range(count):
        connection.getLibVersion()


def versions_in_flight(connection, count, in_flight):
    workers = [
        threading.Thread(target=versions, args=(connection, count // in_flight)) for _ in range(in_flight)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def definitions(connection):
    for domain in connection.listAllDomains(0):
        domain.XMLDesc(0)


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
        elif work["inFlight"] == 1:
            versions(connection, work["count"])
        else:
            versions_in_flight(connection, work["count"], work["inFlight"])
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


main()
