/**
 * The secrets of one run: which ones its recipe has declared, where whoever runs it said that they come from, and their
 * values once they are needed. The values are nowhere but in the memory of this process, and end with the run.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type SecretDeclaration } from "../../model/secret.ts";
import { toText } from "../journal/json.ts";
import { Concealer, type Concealing } from "./concealer.ts";
import { SecretFailure } from "./failure.ts";
import { parseSource, type SecretBindings, type SecretSource } from "./source.ts";
import { shortestConcealed } from "./forms.ts";
import type { SecretValue } from "./value.ts";

/** Fetches a value from its source. */
export type FetchSecret = (
  source: SecretSource,
  secret: { readonly name: string; readonly description?: string | undefined },
) => Promise<SecretValue>;

/** What the recipe says that it needs. */
export type DeclaredSecrets = Readonly<Record<string, SecretDeclaration>>;

/** The sources that are read before connections are opened: a wrong one is known at once. */
const early: ReadonlySet<SecretSource["kind"]> = new Set(["env", "file"]);

/** How many values are looked for beside the declared ones: a recipe may not keep its kernel busy with them. */
const mostOthers = 64;

/** The sources at which somebody, or something, is asked. */
const asking: ReadonlySet<SecretSource["kind"]> = new Set(["prompt", "secret"]);

/** A value for recipes that are tested or rehearsed: it opens nothing, and is no secret. */
export function standIn(name: string): string {
  return `stand-in for ${name}`;
}

/** What secrets are made with beside their sources. */
export interface RunSecretsOptions {
  /** Sources of which those are taken that the recipe has declared. @default none */
  readonly offers?: SecretBindings;
  /** Whether values are made up, so that nobody has to say where they come from. @default false */
  readonly rehearsed?: boolean;
}

/** The secrets of one run. */
export class RunSecrets {
  /** Takes the values out of what is written down and shown. */
  readonly concealer: Concealer = new Concealer();
  /** For each value that the recipe has not said itself: what takes it out of what the recipe is told. */
  readonly #unsaid = new Map<string, Concealer>();
  #bindings: SecretBindings;
  readonly #offers: SecretBindings;
  readonly #fetch: FetchSecret;
  readonly #rehearsed: boolean;
  readonly #values = new Map<string, Promise<SecretValue>>();
  #declared: DeclaredSecrets = {};
  #others = 0;

  constructor(
    bindings: SecretBindings,
    fetch: FetchSecret,
    { offers = {}, rehearsed = false }: RunSecretsOptions = {},
  ) {
    this.#bindings = bindings;
    this.#offers = offers;
    this.#fetch = fetch;
    this.#rehearsed = rehearsed;
  }

  /** Secrets of a run that has none. */
  static none(): RunSecrets {
    return new RunSecrets({}, () => Promise.reject(new VirtError("internal", "There is no such secret")));
  }

  /**
   * Takes what the recipe declares, and reads what can be read at once.
   *
   * @throws {VirtError} `invalid-argument` where one has no source, or a source is for none; what reading fails with.
   */
  async declare(declared: DeclaredSecrets = {}): Promise<void> {
    this.#declared = declared;
    for (const name of Object.keys(this.#bindings)) {
      if (Object.hasOwn(declared, name)) continue;
      const names = Object.keys(declared);
      throw new VirtError("invalid-argument", `Cannot run the recipe: it has no secret "${name}"`, {
        hint: names.length === 0 ? "It needs no secrets" : `Its secrets are ${names.join(", ")}`,
      });
    }
    const taken = Object.entries(this.#offers).filter(([name]) => Object.hasOwn(declared, name));
    this.#bindings = { ...Object.fromEntries(taken), ...this.#bindings };
    const missing = Object.keys(declared).filter((name) => !Object.hasOwn(this.#bindings, name));
    if (this.#rehearsed) return;
    if (missing.length > 0) throw this.#withoutSource(missing);
    for (const [name, text] of Object.entries(this.#bindings)) {
      if (early.has(parseSource(text, name).kind)) await this.value(name);
    }
  }

  /**
   * Fetches what is not there yet, before the recipe says its first word: what it cannot have is known before it has done
   * anything, and no guess of its goes unnoticed. What somebody has to be asked for waits on a resume until it is needed.
   *
   * @throws {VirtError} what fetching fails with.
   */
  async fetchAll({ resuming }: { readonly resuming: boolean }): Promise<void> {
    if (this.#rehearsed) return;
    for (const [name, text] of Object.entries(this.#bindings)) {
      if (!resuming || !asking.has(parseSource(text, name).kind)) await this.value(name);
    }
  }

  /** Looks from now on for a value that the recipe has a handle of. */
  holdRead(name: string, value: SecretValue): void {
    if (this.#others < mostOthers) this.#hold(name, value);
    this.#others++;
  }

  /** Looks from now on for a value that the recipe gives in plain: in what others may see, and not in what it is told. */
  holdPlain(name: string, value: SecretValue): void {
    if (this.#others < mostOthers) this.concealer.hold(name, value);
    this.#others++;
  }

  #hold(name: string, value: SecretValue): void {
    this.concealer.hold(name, value);
    this.#unsaid.getOrInsertComputed(name, () => new Concealer()).hold(name, value);
  }

  /**
   * Hears what the recipe says. A value that it says itself is its own guess, or no secret to it: from now on it stays in
   * errors that the recipe is told, since its absence would tell that the guess was right.
   */
  heard(message: unknown): void {
    if (this.#unsaid.size === 0) return;
    const text = toText(message);
    for (const [name, concealer] of [...this.#unsaid]) {
      if (concealer.text(text) !== text) this.#unsaid.delete(name);
    }
  }

  /** What keeps values out of errors of calls: out of reasons that stay with an object all of them. */
  get forCalls(): Concealing {
    return {
      text: (text) => this.concealer.text(text),
      error: (error) => [...this.#unsaid.values()].reduce((left, each) => each.error(left), error),
    };
  }

  /**
   * The value of a declared secret; fetched where it is not there yet.
   *
   * @throws {VirtError} `invalid-argument` where the recipe has declared none of the name; what fetching fails with.
   */
  async value(name: string): Promise<SecretValue> {
    if (!Object.hasOwn(this.#declared, name)) {
      throw new VirtError("invalid-argument", "Cannot use a secret that the recipe has not declared", {
        hint: "Name it in the recipe: secrets: { dbPassword: { description: … } }",
      });
    }
    const held = this.#values.get(name);
    if (held !== undefined) return await held;
    const value = this.#fetched(name);
    this.#values.set(name, value);
    try {
      return await value;
    } catch (error) {
      // The next one who needs it may have more luck.
      this.#values.delete(name);
      throw SecretFailure.from(error);
    }
  }

  async #fetched(name: string): Promise<SecretValue> {
    const source = parseSource(this.#bindings[name] ?? "prompt", name);
    const value = await this.#fetch(source, { name, description: this.#declared[name]?.description });
    if (value.length < shortestConcealed) {
      throw new VirtError(
        "invalid-argument",
        `Cannot use secret "${name}": its value is shorter than ${shortestConcealed} characters, and could not be told ` +
          "from what stands in logs by chance",
      );
    }
    this.#hold(name, value);
    return value;
  }

  #withoutSource(names: readonly string[]): VirtError {
    const said = names.map((name) => {
      const description = this.#declared[name]?.description;
      return description === undefined ? `"${name}"` : `"${name}" (${description})`;
    });
    return new VirtError(
      "invalid-argument",
      `Cannot run the recipe: nobody said where its ${names.length === 1 ? "secret" : "secrets"} ${
        said.join(", ")
      } ${names.length === 1 ? "comes" : "come"} from`,
      { hint: names.map((name) => `--secret ${name}=prompt, or env:NAME, file:PATH, command:…`).join("; ") },
    );
  }
}
