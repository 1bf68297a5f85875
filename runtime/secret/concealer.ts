/**
 * Takes values of secrets out of whatever is written down or shown: a hypervisor, an agent or a program may quote in an
 * error what it was given.
 *
 * What a recipe is told is another matter: see `runtime/run/secret_values.ts`.
 *
 * @module
 */
import type { ErrorData } from "../../model/error.ts";
import { shownSecret } from "../../model/secret.ts";
import { formsOf } from "./forms.ts";
import type { SecretValue } from "./value.ts";

/** Takes values out of texts. */
export interface Concealing {
  text(text: string): string;
  error(error: ErrorData): ErrorData;
}

/** The values that a run, or a single operation, holds. */
export class Concealer implements Concealing {
  /** What is shown, by the form that it stands for. */
  readonly #shown = new Map<string, string>();
  #forms: readonly string[] = [];

  /** Looks for a value from now on; `name` is shown in its place. */
  hold(name: string, value: SecretValue): void {
    for (const form of formsOf(value)) {
      if (!this.#shown.has(form)) this.#shown.set(form, shownSecret(name));
    }
    // The longest form first: a shorter one may stand in it.
    this.#forms = [...this.#shown.keys()].toSorted((a, b) => b.length - a.length);
  }

  /** A text without values. */
  text(text: string): string {
    const present = this.#forms.filter((form) => text.includes(form));
    if (present.length === 0) return text;
    return text.replace(patternFor(present), (form) => this.#shown.get(form) ?? "");
  }

  /** Plain data without values, names of fields included; the same where there was none. */
  data<T>(data: T): T;
  data(data: unknown): unknown {
    if (this.#shown.size === 0) return data;
    return this.#concealed(data);
  }

  /** An error without values. Its code stays. */
  error(error: ErrorData): ErrorData {
    if (this.#shown.size === 0) return error;
    const { code, at, cause, ...rest } = error;
    return {
      ...this.data(rest),
      code,
      ...(at === undefined ? {} : { at }),
      ...(cause === undefined
        ? {}
        : { cause: typeof cause === "string" ? this.text(cause) : this.error(cause) }),
    };
  }

  #concealed(data: unknown): unknown {
    if (typeof data === "string") return this.text(data);
    if (typeof data !== "object" || data === null) return data;
    if (data instanceof Uint8Array) return this.#bytes(data);
    if (Array.isArray(data)) return data.map((item) => this.#concealed(item));
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [this.text(key), this.#concealed(value)]),
    );
  }

  /** Latin-1 has a character for each byte, so that what is found is where it stands. */
  #bytes(bytes: Uint8Array): Uint8Array | string {
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    return this.text(text) === text ? bytes : this.text(text);
  }
}

/** Finds forms, the first in the list where several begin at one place. */
function patternFor(forms: readonly string[]): RegExp {
  return new RegExp(forms.map((form) => RegExp.escape(form)).join("|"), "g");
}
