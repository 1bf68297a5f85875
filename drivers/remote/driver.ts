/**
 * The remote driver: which libvirtd a URI leads to.
 *
 * @module
 */
import type { ConnectionUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { Driver, DriverConnection, DriverEnvironment } from "../../runtime/driver.ts";
import { RemoteConnection } from "./connection.ts";
import { identifyHost } from "./identity.ts";
import { implementations } from "./implementations.ts";
import { driverName, schemes, servesRemotely } from "./schemes.ts";

/** Opens a connection to the libvirtd that a URI leads to. */
export type OpenRpc = (
  uri: ConnectionUri,
  options: Pick<DriverEnvironment, "clock" | "signal">,
) => Promise<RpcConnection>;

/** A remote driver that reaches its hosts in a way of its own. */
export function createRemoteDriver(open: OpenRpc): Driver {
  return {
    name: driverName,
    schemes,
    serves: servesRemotely,
    async connect(uri, environment): Promise<DriverConnection> {
      const { clock } = environment;
      const connect = (signal: AbortSignal): Promise<RpcConnection> => open(uri, { clock, signal });
      const rpc = await connect(environment.signal);
      try {
        const identity = await identifyHost(rpc, uri);
        return new RemoteConnection({ uri, environment, rpc, identity, connect, implementations });
      } catch (error) {
        await rpc.close();
        throw error;
      }
    },
  };
}

/** The remote driver: every host that a libvirtd answers for, by the transport that the URI names. */
export const remoteDriver: Driver = createRemoteDriver(connectRpc);
