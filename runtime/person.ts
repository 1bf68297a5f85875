/**
 * The person for whom a connection is opened: a daemon may want to know who they are.
 *
 * @module
 */

/** User and password. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** For what user and password are wanted. */
export interface CredentialsQuestion {
  /** The connection URI. */
  readonly uri: string;
  readonly host: string;
  /** How they are going to be used: `SCRAM-SHA-256` does not show the password to the daemon, `PLAIN` does. */
  readonly mechanism: string;
  /** The user, where one is known; another may be answered. */
  readonly user?: string;
}

/** Asks for user and password; answers nothing where nobody says them. */
export type AskCredentials = (
  question: CredentialsQuestion,
  signal: AbortSignal,
) => Promise<Credentials | undefined>;

/** Somebody to ask while a connection is opened. */
export interface Person {
  /** Whether they sit at the terminal of this very process, at which programs such as ssh may ask them. */
  readonly atTerminal: boolean;
  readonly credentials: AskCredentials;
}
