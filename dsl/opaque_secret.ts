/**
 * Secrets that a recipe has declared: names, without any way to what they stand for.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { SecretDeclaration, SecretHandle } from "../model/secret.ts";
import { asReference } from "./plain.ts";

/** Secrets that a recipe needs, by its names for them. */
export type SecretNames = Readonly<Record<string, SecretDeclaration>>;

/** What `run` gets for the secrets that the recipe has declared. */
export type SecretsFor<Names extends SecretNames> = { readonly [N in keyof Names]: OpaqueSecret };

/**
 * A secret that the recipe may use and never sees. Whoever runs the recipe says where its value comes from; the runtime puts
 * it in where an operation takes a secret value. In a text, as JSON and on the console it reads `Secret(dbPassword)`, and a
 * copy of it is its name.
 *
 * @example
 * ```ts
 * import { recipe } from "drover";
 *
 * export default recipe({
 *   summary: "Change the password of root in a guest",
 *   needs: ["domain:getattr,set_password"],
 *   secrets: { rootPassword: { description: "The new password of root" } },
 *   async run({ host, secrets }) {
 *     const vm = await host.domain("web-1");
 *     await vm.setPassword({ user: "root", password: secrets.rootPassword });
 *   },
 * });
 * ```
 */
export class OpaqueSecret implements SecretHandle {
  /** What stands for it on its way to the runtime. */
  readonly $secret: string;
  /** The recipe's name for it. */
  readonly name: string;

  /** The runtime makes them; one that a recipe makes stands for the same as the one of that name. */
  constructor(name: string) {
    this.name = name;
    this.$secret = `name:${name}`;
    Object.freeze(this);
  }

  /**
   * What stands for it in a definition, as the password of VNC or SPICE graphics and nowhere else: `drover:secret:NAME`.
   *
   * @example
   * ```ts
   * import type { OpaqueSecret } from "drover";
   *
   * export function graphics(password: OpaqueSecret): string {
   *   return `<graphics type='vnc' port='-1' autoport='yes' passwd='${password.placeholder}'/>`;
   * }
   * ```
   */
  get placeholder(): string {
    return `drover:secret:${this.name}`;
  }

  /** `Secret(dbPassword)`. */
  toString(): string {
    return `Secret(${this.name})`;
  }

  /** `Secret(dbPassword)`. */
  toJSON(): string {
    return this.toString();
  }

  /** On its way to the runtime it stands for itself. @ignore */
  [asReference](): SecretHandle {
    return { $secret: this.$secret };
  }

  /** `Secret(dbPassword)`. @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/**
 * Refuses secrets in what is made into text here: their names would stand in it in the place of values.
 *
 * @param hint what to do instead
 * @throws {VirtError} `invalid-argument`
 */
export function refuseSecrets(given: unknown, hint: string): void {
  const named = given instanceof OpaqueSecret
    ? given.name
    : typeof given === "string"
    ? /drover:secret:(\w*)/.exec(given)?.[1]
    : undefined;
  if (named !== undefined) {
    throw new VirtError("invalid-argument", `Cannot use secret "${named}" there: no value is put in`, {
      hint,
    });
  }
  if (typeof given !== "object" || given === null || given instanceof Uint8Array) return;
  for (const part of Object.values(given)) refuseSecrets(part, hint);
}

/** The secrets of a recipe. */
export function opaqueSecrets(names: Iterable<string>): Readonly<Record<string, OpaqueSecret>> {
  return Object.freeze(Object.fromEntries([...names].map((name) => [name, new OpaqueSecret(name)])));
}
