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

type Secret = string | Uint8Array;

/** The secret values that one run has read. */
export class SecretValues {
  readonly #run: string;
  readonly #held = new Map<string, Secret>();
  /** Who read what, where the values are lost. */
  readonly #lost = new Map<number, CallMessage>();

  constructor(run: string) {
    this.#run = run;
  }

  /** Keeps every text and all bytes in an answer, and returns the answer with handles in their place. */
  hide({ step }: CallMessage, answer: unknown): unknown {
    this.#lost.delete(step);
    return this.#hidden(answer, `${this.#run}/${step}`);
  }

  /** Notes who read secrets whose values are lost; they are read again when they are needed. */
  forgotten(message: CallMessage): void {
    this.#lost.set(message.step, message);
  }

  /**
   * The input of an operation with values in place of handles. Only fields that are declared as secret get them: from
   * all others a recipe could read them back, in an error or in what it has made.
   *
   * @throws {VirtError} `invalid-argument` for a handle that this run was not given, or in a field that is not for secrets;
   *   what reading again failed with.
   */
  async reveal(
    input: unknown,
    { fields, readAgain }: {
      readonly fields: readonly string[];
      readonly readAgain: (message: CallMessage) => Promise<unknown>;
    },
  ): Promise<unknown> {
    if (!mentionsSecret(input)) return input;
    if ("$secret" in input) throw misplaced("the input");
    const entries = Object.entries(input).map(async ([key, value]: [string, unknown]) => {
      if (!mentionsSecret(value)) return [key, value];
      if (!fields.includes(key)) throw misplaced(`"${key}"`);
      return [key, await this.#revealed(value, readAgain)];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async #revealed(value: unknown, readAgain: (message: CallMessage) => Promise<unknown>): Promise<unknown> {
    if (!mentionsSecret(value)) return value;
    if ("$secret" in value) return await this.#value(value.$secret, readAgain);
    if (Array.isArray(value)) {
      return await Promise.all(value.map((item) => this.#revealed(item, readAgain)));
    }
    const entries = Object.entries(value).map(async ([key, part]) => [
      key,
      await this.#revealed(part, readAgain),
    ]);
    return Object.fromEntries(await Promise.all(entries));
  }

  #hidden(answer: unknown, path: string): unknown {
    if (typeof answer === "string" || answer instanceof Uint8Array) {
      this.#held.set(path, answer);
      const handle: SecretHandle = { $secret: path };
      return handle;
    }
    if (typeof answer !== "object" || answer === null) return answer;
    if (Array.isArray(answer)) return answer.map((item, index) => this.#hidden(item, `${path}/${index}`));
    return Object.fromEntries(
      Object.entries(answer).map(([key, value]) => [key, this.#hidden(value, `${path}/${key}`)]),
    );
  }

  async #value(id: unknown, readAgain: (message: CallMessage) => Promise<unknown>): Promise<Secret> {
    const path = typeof id === "string" ? id : "";
    const [run, step] = path.split("/");
    const lost = run === this.#run ? this.#lost.get(Number(step)) : undefined;
    if (lost !== undefined) this.hide(lost, await readAgain(lost));
    const value = this.#held.get(path);
    if (value !== undefined) return value;
    throw new VirtError("invalid-argument", "Cannot use the secret: this run was not given it");
  }
}

function misplaced(what: string): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot use a secret as ${what}: the operation does not keep it secret there`,
    { hint: "Pass it to secret.setValue, or to another operation that takes a secret value" },
  );
}

function mentionsSecret(value: unknown): value is object {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return "$secret" in value || Object.values(value).some(mentionsSecret);
}
