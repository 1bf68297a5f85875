/**
 * Finding out who a client is: what is offered, and how far it has come.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Identity } from "../identity.ts";
import type { SaslServer, SaslStep } from "./sasl.ts";

/** How clients of a socket prove who they are. */
export type AuthenticationKind = "none" | "sasl";

/** What the authentication of one client is made with. */
export interface ServerAuthenticationInit {
  /** What is known without a proof. */
  readonly identity: Identity;
  /** Makes the conversation of a client that has to prove who it is; absent where nobody has to. */
  readonly sasl?: () => SaslServer;
  /** Hears that somebody has proved who he is. */
  readonly passed?: (identity: Identity) => void;
  /** Hears that somebody could not, and why. */
  readonly refused?: (why: string) => void;
}

/** The authentication of one client. */
export class ServerAuthentication {
  readonly #init: ServerAuthenticationInit;
  #identity: Identity;
  #server: SaslServer | undefined;
  #done: boolean;

  constructor(init: ServerAuthenticationInit) {
    this.#init = init;
    this.#identity = init.identity;
    this.#done = init.sasl === undefined;
  }

  /** Whether the client may call everything. */
  get done(): boolean {
    return this.#done;
  }

  /** What is known of the client by now. */
  get identity(): Identity {
    return this.#identity;
  }

  /** What it can prove itself by. */
  get kinds(): readonly AuthenticationKind[] {
    return [this.#init.sasl === undefined ? "none" : "sasl"];
  }

  /**
   * The mechanisms on offer, with which a conversation begins.
   *
   * @throws {VirtError} `permission-denied` where there is nothing to prove, or one goes on.
   */
  begin(): readonly string[] {
    if (this.#done || this.#server !== undefined || this.#init.sasl === undefined) throw failed();
    this.#server = this.#init.sasl();
    return this.#server.mechanisms;
  }

  /**
   * The first word of the client.
   *
   * @throws {VirtError} `permission-denied` where it does not prove what it says.
   */
  start(mechanism: string, data: Uint8Array | undefined): Promise<SaslStep> {
    return this.#go((server) => server.start(mechanism, data));
  }

  /**
   * A further word of the client.
   *
   * @throws {VirtError} `permission-denied` as `start` does.
   */
  step(data: Uint8Array | undefined): Promise<SaslStep> {
    return this.#go((server) => server.step(data));
  }

  async #go(word: (server: SaslServer) => Promise<SaslStep>): Promise<SaslStep> {
    const server = this.#server;
    if (this.#done || server === undefined) throw failed();
    try {
      const step = await word(server);
      if (step.user === undefined) return step;
      this.#done = true;
      this.#identity = { ...this.#identity, saslUser: step.user, anonymous: false };
      this.#init.passed?.(this.#identity);
      return step;
    } catch (error) {
      this.#server = undefined;
      this.#init.refused?.(error instanceof Error ? error.message : String(error));
      throw failed();
    }
  }
}

/** All that a client hears: not which of its words was wrong. */
function failed(): VirtError {
  return new VirtError("permission-denied", "authentication failed", {
    remoteCode: "VIR_ERR_AUTH_FAILED",
    detail: { from: "VIR_FROM_RPC" },
  });
}
