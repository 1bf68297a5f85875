/**
 * Proving who we are by polkit: the daemon asks it about the process at the other end of its socket.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { RpcConnection } from "../connection.ts";
import type { Endpoint } from "../endpoint.ts";

/** What the question needs. */
export interface PolkitOptions {
  readonly connection: Pick<RpcConnection, "call">;
  readonly endpoint: Endpoint;
  readonly signal: AbortSignal;
}

/**
 * Has the daemon ask polkit.
 *
 * @throws {VirtError} `permission-denied` where polkit says no, with what to do.
 */
export async function authenticateByPolkit({ connection, endpoint, signal }: PolkitOptions): Promise<void> {
  const { uri, readonly, link } = endpoint;
  try {
    await connection.call("authPolkit", undefined, { signal });
  } catch (error) {
    if (!isVirtError(error, "permission-denied")) throw error;
    const action = readonly ? "org.libvirt.unix.monitor" : "org.libvirt.unix.manage";
    const where = link.kind === "ssh" ? " on the far side" : "";
    const agent = error.remoteCode === "VIR_ERR_AUTH_UNAVAILABLE" && link.kind === "unix"
      ? "run pkttyagent in another terminal to be asked there; or "
      : "";
    throw new VirtError(
      "permission-denied",
      `Cannot connect to "${uri}": polkit does not allow "${action}"`,
      {
        hint:
          `${agent}have the user added to the group libvirt${where} (usermod -aG libvirt USER, then log in again), ` +
          `or a rule for ${action} written in /etc/polkit-1/rules.d`,
        ...(error.remoteCode === undefined ? {} : { remoteCode: error.remoteCode }),
        cause: error,
      },
    );
  }
}
