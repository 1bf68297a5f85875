"""What a program in Python does with a daemon: prints what it saw, a line of JSON."""
import json
import sys
import threading

import libvirt

libvirt.registerErrorHandler(lambda _context, _error: None, None)
libvirt.virEventRegisterDefaultImpl()


def events():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=events, daemon=True).start()
seen, enough = [], threading.Event()


def heard(_connection, domain, event, detail, _opaque):
    seen.append([domain.name(), event, detail])
    if len(seen) >= 3:
        enough.set()


connection = libvirt.open(sys.argv[1])
connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, heard, None)
domain = connection.lookupByName("test")
domain.suspend()
paused = domain.state()
domain.resume()
domain.destroy()
enough.wait(10)
try:
    connection.lookupByName("nobody")
    missing = None
except libvirt.libvirtError as error:
    missing = error.get_error_code()
print(json.dumps({
    "names": [each.name() for each in connection.listAllDomains()],
    "uuid": domain.UUIDString(),
    "paused": paused,
    "active": domain.isActive(),
    "events": seen[:3],
    "missing": missing,
    "type": connection.getType(),
}))
connection.close()
