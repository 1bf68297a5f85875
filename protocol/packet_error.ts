/**
 * The error that a packet carries.
 *
 * @module
 */
import type { VirtError } from "../model/error.ts";
import type { Packet } from "./packet.ts";
import { fromRemoteError, remoteError } from "./remote_error.ts";
import { XdrReader } from "./xdr/mod.ts";

const reader = new XdrReader();

/**
 * The error that a packet with the status `error` carries.
 *
 * @throws {VirtError} `protocol` where it carries none
 */
export function readRemoteError(packet: Packet): VirtError {
  reader.over(packet.buffer, packet);
  const data = remoteError.read(reader);
  reader.end();
  return fromRemoteError(data);
}
