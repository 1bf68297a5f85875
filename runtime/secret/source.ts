/**
 * Where the values of secrets come from, as whoever runs a recipe says it: `env:DB_PASSWORD`, `file:/run/secrets/db`,
 * `command:pass show db`, `prompt`, `secret:NAME[@CONNECTION]`, `named:NAME`.
 *
 * What is written down anywhere is this text, never a value.
 *
 * @module
 */
import { resolve } from "node:path";
import { VirtError } from "../../model/error.ts";
import { secretName } from "../../model/secret.ts";
import { splitWords } from "./words.ts";

/** Where a value comes from. */
export type SecretSource =
  /** A variable of the environment of whoever runs the recipe. */
  | { readonly kind: "env"; readonly variable: string }
  /** A file that nobody but its owner can read. */
  | { readonly kind: "file"; readonly path: string }
  /** What a program prints. */
  | { readonly kind: "command"; readonly words: readonly string[] }
  /** What a person types, without echo. */
  | { readonly kind: "prompt" }
  /** A secret that a hypervisor keeps, by UUID or by what it is for. */
  | { readonly kind: "secret"; readonly name: string; readonly connection?: string }
  /** A source to which the kernel's owner has given a name. */
  | { readonly kind: "named"; readonly name: string };

/** Sources by the recipe's names for its secrets, as texts. */
export type SecretBindings = Readonly<Record<string, string>>;

/** What a source may look like, for messages. */
const forms =
  "env:NAME, file:PATH, command:PROGRAM ARGUMENT…, prompt, secret:NAME[@CONNECTION] or named:NAME";

/**
 * Understands a source.
 *
 * @param about names the secret in the error
 * @throws {VirtError} `invalid-argument`
 *
 * @example
 * ```ts
 * import { parseSource } from "./source.ts";
 * parseSource("command:pass show 'my db'", "dbPassword"); // { kind: "command", words: ["pass", "show", "my db"] }
 * ```
 */
export function parseSource(text: string, about: string): SecretSource {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? "" : text.slice(colon + 1);
  const wrong = (found: string): VirtError => wrongSource(about, found);
  switch (kind) {
    case "env":
      if (!/^[A-Za-z_]\w*$/.test(rest)) throw wrong("env: is not followed by the name of a variable");
      return { kind, variable: rest };
    case "file":
      if (!rest.startsWith("/") || rest.includes("\0")) {
        throw wrong("file: is not followed by an absolute path");
      }
      return { kind, path: rest };
    case "command": {
      const words = splitWords(rest);
      if (words === undefined) throw wrong("the command's quotes are not closed");
      if (words[0] === undefined || words[0] === "") throw wrong("command: is not followed by a program");
      return { kind, words };
    }
    case "prompt":
      if (rest !== "") throw wrong("prompt stands alone");
      return { kind };
    case "secret":
      return objectSource(rest, about);
    case "named":
      if (!secretName.test(rest)) throw wrong("named: is not followed by a name");
      return { kind, name: rest };
    default:
      // What stands there may be the value itself: it is not repeated.
      throw wrong("what stands there is none of them");
  }
}

function objectSource(rest: string, about: string): SecretSource {
  const at = rest.lastIndexOf("@");
  const connection = at < 0 ? undefined : rest.slice(at + 1);
  // Names of Ceph's and iSCSI's users may have an "@" in them that is followed by no name of a connection.
  const isConnection = connection !== undefined && /^[A-Za-z]\w{0,63}$/.test(connection);
  const name = isConnection ? rest.slice(0, at) : rest;
  if (name === "") throw wrongSource(about, "secret: is not followed by a name or a UUID");
  return { kind: "secret", name, ...(isConnection ? { connection } : {}) };
}

function wrongSource(about: string, found: string): VirtError {
  return new VirtError("invalid-argument", `Cannot tell where secret "${about}" comes from: ${found}`, {
    hint: `A source is ${forms}`,
  });
}

/**
 * Reads `NAME=SOURCE` as a command line has it; a file's path may be relative there.
 *
 * @throws {VirtError} `invalid-argument`, also where a name stands there twice. What stands behind the name is not in
 *   the message, since it may be the value itself.
 */
export function parseBindings(
  texts: readonly string[],
  { folder }: { readonly folder: string },
): SecretBindings {
  const bindings = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    if (at < 0 || !secretName.test(name)) {
      throw new VirtError("invalid-argument", "Cannot use a secret: it is not NAME=SOURCE", {
        hint: `Write for instance --secret dbPassword=env:DB_PASSWORD; a source is ${forms}`,
      });
    }
    if (bindings.has(name)) {
      throw new VirtError("invalid-argument", `Cannot use secret "${name}": it is given twice`);
    }
    bindings.set(name, checkedSource(text.slice(at + 1), { about: name, folder }));
  }
  return Object.fromEntries(bindings);
}

/**
 * A source as it is kept: understood, and with an absolute path.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function checkedSource(
  text: string,
  { about, folder }: { readonly about: string; readonly folder: string },
): string {
  const whole = text.startsWith("file:") && text !== "file:"
    ? `file:${resolve(folder, text.slice(5))}`
    : text;
  parseSource(whole, about);
  return whole;
}

/**
 * Looks whether every source can be understood.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function checkBindings(bindings: SecretBindings): void {
  for (const [name, text] of Object.entries(bindings)) {
    if (!secretName.test(name)) {
      throw new VirtError("invalid-argument", "Cannot use a secret: its name is not letters and digits");
    }
    parseSource(text, name);
  }
}

/**
 * Refuses what only the kernel's owner may say: sources of those who come from elsewhere, or who are not there when the
 * value is needed, are ones that the owner has given a name.
 *
 * @param who is refused: `over HTTP`, `in a schedule`
 * @throws {VirtError} `permission-denied`, `invalid-argument`
 */
export function refuseUnnamed(bindings: SecretBindings, who: string): void {
  checkBindings(bindings);
  for (const [name, text] of Object.entries(bindings)) {
    if (parseSource(text, name).kind === "named") continue;
    throw new VirtError(
      "permission-denied",
      `Cannot take secret "${name}" from there ${who}: only sources that the kernel's owner has named are taken`,
      { hint: `Name the source in secrets.yaml of the state directory, and write "${name}": "named:NAME"` },
    );
  }
}
