/**
 * A client's machine that exists in a test alone.
 *
 * @module
 */
import type { ClientMachine } from "../../../protocol/client_machine.ts";

/** What is on the machine. */
export interface FakeMachineOptions {
  /** @default 1000 */
  readonly uid?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Files and their texts. */
  readonly files?: Readonly<Record<string, string>>;
  /** What else is there: sockets, programs. */
  readonly there?: readonly string[];
}

/** A machine with nothing but what is said; its user's home is `/home/alice`. */
export function fakeMachine(
  { uid = 1000, environment = {}, files = {}, there = [] }: FakeMachineOptions = {},
): ClientMachine {
  return {
    uid,
    home: "/home/alice",
    environment: (name) => environment[name],
    exists: (path) => path === "/run" || there.includes(path) || files[path] !== undefined,
    readText: (path) => files[path],
  };
}
