/**
 * A daemon whose one host is a libvirtd in memory that has what the test driver has not: ports of networks, network filters
 * and their bindings.
 *
 * @module
 */
import { createRemoteDriver } from "../../../drivers/remote/mod.ts";
import { parseUri } from "../../../model/uri.ts";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { Driver } from "../../../runtime/driver.ts";
import { FakeNet } from "../../drivers/remote/kit/fake_link.ts";
import { FakeObjects } from "../../drivers/remote/kit/fake_objects.ts";
import { MemoryDaemon } from "./memory_daemon.ts";

/** A client of such a daemon, and what is behind it. */
export class RelayedHost implements AsyncDisposable {
  readonly libvirtd: FakeObjects = new FakeObjects();
  readonly #daemon: MemoryDaemon;
  #client: ClientConnection | undefined;

  private constructor() {
    let net: FakeNet | undefined;
    const remote = createRemoteDriver((_uri, { signal }) => {
      net ??= new FakeNet(this.libvirtd, { clock: this.#daemon.clock });
      return net.connect(signal);
    });
    // Clients of a daemon in memory may open what the test driver's URIs name.
    const driver: Driver = {
      ...remote,
      schemes: ["test"],
      serves: () => true,
      connect: (_uri, environment) => remote.connect(parseUri("qemu:///system"), environment),
    };
    this.#daemon = new MemoryDaemon({ drivers: [driver] });
  }

  static async open(): Promise<RelayedHost> {
    const host = new RelayedHost();
    host.#client = await host.#daemon.clock.until(host.#daemon.connect());
    return host;
  }

  /** A call of the client. */
  call: ClientConnection["call"] = (procedure, args) => {
    const client = this.#client;
    if (client === undefined) throw new Error("The host is not open");
    return this.#daemon.clock.until(client.call(procedure, args));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.clock.until(this.#daemon[Symbol.asyncDispose]());
  }
}
