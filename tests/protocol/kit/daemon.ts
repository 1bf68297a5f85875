/**
 * A daemon within the process that lets everybody in and opens whatever it is asked for, until a test says otherwise.
 *
 * @module
 */
import type { RpcConnection } from "../../../protocol/connection.ts";
import { parseClientConfig } from "../../../protocol/client_config.ts";
import { type ConnectOptions, connectRpc } from "../../../protocol/connect.ts";
import type { ResultOf } from "../../../protocol/procedures/mod.ts";
import { parseUri } from "../../../model/uri.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { FakeServer } from "./fake_server.ts";
import { fakeMachine } from "./machine.ts";

/** A server that answers what a client asks until it is connected, after it has proved itself in one of the ways given. */
export function welcomingDaemon(...types: ResultOf<"authList">["types"]): FakeServer {
  const server = new FakeServer({ peer: "daemon" });
  server.answer("authList", () => ({ types }));
  server.answer("connectSupportsFeature", () => ({ supported: 1 }));
  server.answer("connectOpen", () => undefined);
  server.answer("connectRegisterCloseCallback", () => undefined);
  server.answer("connectClose", () => undefined);
  return server;
}

/** Connects to a server of a test, on a machine without settings, in virtual time. */
export function connectTo(
  server: FakeServer,
  { uri = "qemu+tls://host/system", ...options }: Partial<ConnectOptions> & { readonly uri?: string } = {},
): Promise<RpcConnection> {
  return connectRpc(parseUri(uri), {
    clock: new VirtualClock(),
    machine: fakeMachine(),
    config: parseClientConfig("", "libvirt.conf"),
    open: () => Promise.resolve(server.transport),
    ...options,
  });
}
