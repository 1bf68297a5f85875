/**
 * Secret values on the runtime's side: a recipe gets a handle, and the value is put in where the handle comes back in
 * an input. Neither recipe nor journal ever has the value.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type Operation, permissionsOf } from "../../model/operation.ts";
import { declaredSecret, mentionsPlaceholder, type SecretHandle } from "../../model/secret.ts";
import type { RunSecrets } from "../secret/run_secrets.ts";
import type { SecretValue } from "../secret/value.ts";
import type { CallMessage } from "./step_identity.ts";

/** Whether what an operation answers to this input holds secret values. */
export function answersSecret(operation: Operation | undefined, input: unknown): boolean {
  if (operation === undefined) return false;
  return operation.secretOutput === true ||
    permissionsOf(operation, input).some((permission) => permission.endsWith(":read_secure"));
}

/** How values are put into an input. */
export interface RevealOptions {
  readonly operation: Operation | undefined;
  /** Reads a secret once more whose value was lost. */
  readonly readAgain: (message: CallMessage) => Promise<unknown>;
  /** A text that nobody could have foreseen. */
  readonly nonce: string;
}

/** An input with values in it. */
export interface Revealed {
  readonly input: unknown;
  /** Whether there is a value in it. */
  readonly isSecret: boolean;
}

/** The secret values of one run: those that its recipe has declared, and those that it has read. */
export class SecretValues {
  readonly #run: string;
  readonly #declared: RunSecrets;
  readonly #held = new Map<string, SecretValue>();
  /** Who read what, where the values are lost. */
  readonly #lost = new Map<number, CallMessage>();

  constructor(run: string, declared: RunSecrets) {
    this.#run = run;
    this.#declared = declared;
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
   * The input of an operation with values in place of handles, and of placeholders in definitions. Only fields that are
   * declared as secret get them: from all others a recipe could read them back, in an error or in what it has made.
   *
   * @throws {VirtError} `invalid-argument` for a handle that this run was not given, or in a field that is not for secrets;
   *   what reading again, or fetching, failed with.
   */
  async reveal(input: unknown, { operation, readAgain, nonce }: RevealOptions): Promise<Revealed> {
    if (typeof input !== "object" || input === null) return { input, isSecret: false };
    const fields = operation?.echoes === true ? [] : operation?.secretInput ?? [];
    const places = operation?.secretPlaces ?? [];
    if (!mentionsSecret(input)) {
      this.#holdPlain(input, operation);
      if (!places.some((field) => mentionsPlaceholder(Reflect.get(input, field)))) {
        if (operation?.effect === "write") refusePlaceholders(input);
        return { input, isSecret: false };
      }
    }
    if ("$secret" in input) throw misplaced("the input");
    const entries = Object.entries(input).map(async ([key, value]: [string, unknown]) => {
      if (places.includes(key) && mentionsPlaceholder(value)) return [key, await this.#filled(value, nonce)];
      refusePlaceholders(value);
      if (!mentionsSecret(value)) return [key, value];
      if (!fields.includes(key)) throw misplaced(`"${key}"`);
      return [key, await this.#revealed(value, readAgain)];
    });
    return { input: Object.fromEntries(await Promise.all(entries)), isSecret: true };
  }

  /** What a recipe gives in plain in a secret field is kept out of logs and errors all the same. */
  #holdPlain(input: object, operation: Operation | undefined): void {
    for (const field of operation?.secretInput ?? []) {
      const value: unknown = Reflect.get(input, field);
      if (typeof value === "string" || value instanceof Uint8Array) {
        this.#declared.holdPlain(field, value);
      }
    }
  }

  async #filled(xml: string, nonce: string): Promise<string> {
    // The XML library takes its time to load.
    const { withValues } = await import("../secret/placeholder.ts");
    return await withValues(xml, { valueOf: (name) => this.#declared.value(name), nonce });
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
      for (const part of secretParts(answer)) {
        this.#declared.holdRead(`read in step ${path.split("/")[1]}`, part);
      }
      const handle: SecretHandle = { $secret: path };
      return handle;
    }
    if (typeof answer !== "object" || answer === null) return answer;
    if (Array.isArray(answer)) return answer.map((item, index) => this.#hidden(item, `${path}/${index}`));
    return Object.fromEntries(
      Object.entries(answer).map(([key, value]) => [key, this.#hidden(value, `${path}/${key}`)]),
    );
  }

  async #value(
    id: unknown,
    readAgain: (message: CallMessage) => Promise<unknown>,
  ): Promise<SecretValue> {
    const path = typeof id === "string" ? id : "";
    if (path.startsWith(declaredSecret)) {
      return await this.#declared.value(path.slice(declaredSecret.length));
    }
    const [run, step] = path.split("/");
    const lost = run === this.#run ? this.#lost.get(Number(step)) : undefined;
    if (lost !== undefined) this.hide(lost, await readAgain(lost));
    const value = this.#held.get(path);
    if (value !== undefined) return value;
    throw new VirtError("invalid-argument", "Cannot use the secret: this run was not given it");
  }
}

/** What is secret in an answer: in a definition the passwords, else all of it. */
function secretParts(answer: SecretValue): readonly SecretValue[] {
  if (typeof answer !== "string" || !answer.trimStart().startsWith("<")) return [answer];
  return [...answer.matchAll(/\spasswd=(?:'([^']*)'|"([^"]*)")/g)].map(([, single, double]) =>
    (single ?? double ?? "").replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => characters[name] ?? "")
  );
}

const characters: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function misplaced(what: string): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot use a secret as ${what}: the operation does not keep it secret there`,
    { hint: "Pass it to secret.setValue, or to another operation that takes a secret value" },
  );
}

/** What is no place for a secret would keep the text that stands for one, as a title or as a password. */
function refusePlaceholders(value: unknown): void {
  if (mentionsPlaceholder(value)) {
    throw new VirtError("invalid-argument", "Cannot use a secret there: the operation puts none in", {
      hint: "Give it to an operation that defines a domain or changes a device, as the password of graphics",
    });
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const part of Object.values(value)) refusePlaceholders(part);
}

function mentionsSecret(value: unknown): value is object {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return "$secret" in value || Object.values(value).some(mentionsSecret);
}
