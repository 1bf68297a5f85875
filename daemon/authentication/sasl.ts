/**
 * The server's side of SASL: a conversation by which a client proves who it is.
 *
 * @module
 */

/** What the server answers to a word of the client. */
export interface SaslStep {
  /** What it says; nothing where absent, which is not the same as an empty text. */
  readonly data?: Uint8Array;
  /** The name that has been proved, once the conversation is over. */
  readonly user?: string;
}

/** The server's side of one conversation. */
export interface SaslServer {
  /** Names of mechanisms, best first. */
  readonly mechanisms: readonly string[];
  /** Takes the client's choice and its first word. @throws where it does not prove what it says. */
  start(mechanism: string, data: Uint8Array | undefined): Promise<SaslStep>;
  /** Takes a further word. @throws as `start` does */
  step(data: Uint8Array | undefined): Promise<SaslStep>;
}
