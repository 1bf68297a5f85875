/**
 * Secret values on the runtime's side: a recipe gets a handle, and the value is put in where the handle comes back in
 * an input. Neither recipe nor journal ever has the value.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type Operation, permissionsOf } from "../../model/operation.ts";
import type { CallMessage } from "./step_identity.ts";

/** What a recipe has in place of a secret value. */
export interface SecretHandle {
  readonly $secret: string;
}

/** Whether what an operation answers to this input holds secret values. */
export function answersSecret(operation: Operation | undefined, input: unknown): boolean {
  if (operation === undefined) return false;
  return operation.secretOutput === true ||
    permissionsOf(operation, input).some((permission) => permission.endsWith(":read_secure"));
}

type Held = { readonly value: unknown } | { readonly readBy: CallMessage };

/** The secret values that one run has read. */
export class SecretValues {
  readonly #run: string;
  readonly #held = new Map<string, Held>();

  constructor(run: string) {
    this.#run = run;
  }

  /** Keeps a value and returns the handle for it. */
  hide({ step }: CallMessage, value: unknown): SecretHandle {
    const handle = this.#handle(step);
    this.#held.set(handle.$secret, { value });
    return handle;
  }

  /** Notes who read a secret whose value is lost; it is read again when it is needed. */
  forgotten(message: CallMessage): void {
    this.#held.set(this.#handle(message.step).$secret, { readBy: message });
  }

  /**
   * The input with values in place of handles.
   *
   * @throws {VirtError} `invalid-argument` for a handle that this run was not given; what reading again failed with.
   */
  async reveal(input: unknown, readAgain: (message: CallMessage) => Promise<unknown>): Promise<unknown> {
    if (typeof input !== "object" || input === null || input instanceof Uint8Array) return input;
    if ("$secret" in input) return await this.#value(input.$secret, readAgain);
    if (!mentionsSecret(input)) return input;
    if (Array.isArray(input)) return await Promise.all(input.map((item) => this.reveal(item, readAgain)));
    const entries = Object.entries(input).map(async (
      [key, value],
    ) => [key, await this.reveal(value, readAgain)]);
    return Object.fromEntries(await Promise.all(entries));
  }

  async #value(id: unknown, readAgain: (message: CallMessage) => Promise<unknown>): Promise<unknown> {
    const held = typeof id === "string" ? this.#held.get(id) : undefined;
    if (held === undefined) {
      throw new VirtError("invalid-argument", "Cannot use the secret: this run was not given it");
    }
    if ("value" in held) return held.value;
    const value = await readAgain(held.readBy);
    this.hide(held.readBy, value);
    return value;
  }

  #handle(step: number): SecretHandle {
    return { $secret: `${this.#run}/${step}` };
  }
}

function mentionsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return "$secret" in value || Object.values(value).some(mentionsSecret);
}
