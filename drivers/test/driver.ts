/**
 * The test driver.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type { Driver, DriverConnection, DriverEnvironment } from "../../runtime/driver.ts";
import { driverName, TestConnection } from "./connection.ts";
import { implementations } from "./implementations.ts";
import { InProcessLink, type Link } from "./link.ts";
import { settingsIn } from "./settings.ts";
import { defaultHost } from "./world/default_host.ts";
import { Hypervisor } from "./world/hypervisor.ts";
import { MemoryStore } from "./world/memory_store.ts";

/** A hypervisor that all connections of this process share, as long as one is open. */
interface Shared {
  readonly hypervisor: Hypervisor;
  readonly bootId: string;
  users: number;
}

const shared = new Map<string, Shared>();

/** The UUID of the host behind `test:///default`; the last part counts hosts beside it. */
const defaultHostUuid = "7e57d071-7e57-4e57-8e57-000000000000";

function openShared(name: string, { clock, stateDirectory }: DriverEnvironment): Link {
  const known = shared.get(name) ?? {
    hypervisor: new Hypervisor(new MemoryStore(defaultHost(defaultHostUuid, clock.now()))),
    bootId: clock.uuid(),
    users: 0,
  };
  shared.set(name, known);
  known.users++;
  return new InProcessLink({
    hypervisor: known.hypervisor,
    bootId: known.bootId,
    owner: stateDirectory ?? clock.uuid(),
    now: () => clock.now(),
    onClose: () => {
      if (--known.users === 0) shared.delete(name);
    },
  });
}

function connect(uri: ConnectionUri, environment: DriverEnvironment): DriverConnection {
  if (uri.path !== "/default") {
    throw new VirtError(
      "invalid-argument",
      `Cannot connect to "${uri.text}": supply a path or use test:///default`,
    );
  }
  return new TestConnection({
    uri,
    environment,
    link: openShared("default", environment),
    settings: settingsIn(uri),
    implementations,
  });
}

/** The test driver: a simulated hypervisor with libvirt's test driver's content. */
export const testDriver: Driver = {
  name: driverName,
  schemes: [driverName],
  connect: (uri, environment) => Promise.try(connect, uri, environment),
};
