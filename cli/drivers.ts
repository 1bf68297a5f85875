/**
 * The drivers of this build. Each is loaded when a connection asks for it.
 *
 * @module
 */
import { driverName, schemes, servesRemotely } from "../drivers/remote/schemes.ts";
import { parseUri } from "../model/uri.ts";
import type { Driver } from "../runtime/driver.ts";

/** A driver, and how far it has come. */
export interface RegisteredDriver extends Driver {
  /** For `drover doctor`: what it has met so far. */
  readonly met: string;
  /** Loads what connecting needs. */
  readonly load: () => Promise<unknown>;
}

/** Begins to load what connections to some URIs will need; what goes wrong is told when one is opened. */
export function loadDrivers(uris: readonly string[]): void {
  for (const uri of new Set(uris)) {
    try {
      const parsed = parseUri(uri);
      registeredDrivers.find(({ serves }) => serves?.(parsed))?.load().catch(() => {});
    } catch {
      // It is no URI.
    }
  }
}

/** Every driver. */
export const registeredDrivers: readonly RegisteredDriver[] = [
  {
    name: "test",
    schemes: ["test"],
    serves: (uri) => uri.driver === "test" && !servesRemotely(uri),
    met: "the simulated hypervisor, no real one",
    load: () => import("../drivers/test/mod.ts"),
    connect: async (uri, environment) =>
      (await import("../drivers/test/mod.ts")).testDriver.connect(uri, environment),
  },
  {
    name: driverName,
    schemes,
    serves: servesRemotely,
    met: "libvirtd 9.0 with QEMU (emulated), LXC and its test driver, nothing else yet",
    load: () => import("../drivers/remote/mod.ts"),
    connect: async (uri, environment) =>
      (await import("../drivers/remote/mod.ts")).remoteDriver.connect(uri, environment),
  },
];
