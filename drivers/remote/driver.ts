/**
 * The remote driver: which libvirtd a URI leads to.
 *
 * @module
 */
import type { ConnectionUri } from "../../model/uri.ts";
import type { AskCredentials, CredentialsRequest } from "../../protocol/authentication/credentials.ts";
import { type ConnectOptions, connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { Driver, DriverConnection } from "../../runtime/driver.ts";
import type { Credentials, Person } from "../../runtime/person.ts";
import { RemoteConnection } from "./connection.ts";
import { identifyHost } from "./identity.ts";
import { implementations } from "./implementations.ts";
import { driverName, schemes, servesRemotely } from "./schemes.ts";

/** Opens a connection to the libvirtd that a URI leads to. */
export type OpenRpc = (
  uri: ConnectionUri,
  options: Pick<ConnectOptions, "clock" | "signal" | "credentials" | "interactive">,
) => Promise<RpcConnection>;

/** A remote driver that reaches its hosts in a way of its own. */
export function createRemoteDriver(open: OpenRpc): Driver {
  return {
    name: driverName,
    schemes,
    serves: servesRemotely,
    async connect(uri, environment): Promise<DriverConnection> {
      const { clock, person } = environment;
      const memory = new CredentialMemory(person);
      const credentials: AskCredentials = (request) => memory.answer(request);
      const connect = (signal: AbortSignal): Promise<RpcConnection> =>
        open(uri, { clock, signal, credentials, interactive: memory.isNew && person?.atTerminal === true });
      const rpc = await connect(environment.signal);
      memory.keep();
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

/**
 * What a person said while a connection was opened. It is opened again after a break without asking anybody: nobody may sit
 * there any more.
 */
class CredentialMemory {
  readonly #person: Person | undefined;
  #said: Credentials | undefined;
  #kept = false;

  constructor(person: Person | undefined) {
    this.#person = person;
  }

  /** Whether the connection has never been open. */
  get isNew(): boolean {
    return !this.#kept;
  }

  async answer({ signal, ...question }: CredentialsRequest): Promise<Credentials | undefined> {
    if (!this.#kept) this.#said = await this.#person?.credentials(question, signal);
    return this.#said;
  }

  /** They were right. */
  keep(): void {
    this.#kept = true;
  }
}

/** The remote driver: every host that a libvirtd answers for, by the transport that the URI names. */
export const remoteDriver: Driver = createRemoteDriver(connectRpc);
