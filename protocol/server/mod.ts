/**
 * The server's side of libvirt's protocol.
 *
 * @module
 */
export { ServerConnection, type ServerConnectionOptions, type ServerLimits } from "./connection.ts";
export { type OpenedStream, rpcError, type Service, unknownProcedure } from "./service.ts";
export { ServerStream } from "./stream.ts";
