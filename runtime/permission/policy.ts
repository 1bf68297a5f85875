/**
 * Policy files: who is granted what.
 *
 *     grants: # to everybody
 *       - connect:getattr,search_domains domain:getattr
 *     roles: # grants under a name
 *       operator: domain:start,init_control,stop
 *     groups: # principals under a name, beside the groups of the machine
 *       nightshift: ["sasl:alice", "x509:**CN=bob"]
 *     principals:
 *       "uid:1000": domain:start,init_control@web-*
 *       "group:nightshift":
 *         roles: operator
 *         until: 2026-12-31
 *       "uid:10*":
 *         - allow: [domain:read, domain:open_device#test]
 *           connections: "qemu+ssh://lab-1/system"
 *     secrets: # where values come from, for those who run recipes with this file
 *       dbPassword: command:pass show db
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { type SourcePlace, VirtError } from "../../model/error.ts";
import { secretName } from "../../model/secret.ts";
import { checkedSource, type SecretBindings } from "../secret/source.ts";
import { Glob } from "./glob.ts";
import type { ConnectionScope, Grant } from "./grant.ts";
import { parseGrants } from "./grant_syntax.ts";
import { shortened, shown } from "./shown.ts";
import { nearest } from "./suggestion.ts";

/** How a policy is read. */
export interface PolicyOptions {
  /** What messages call the file. */
  readonly file: string;
  /** The moment that `for=` counts from, in milliseconds since 1970. */
  readonly now?: number;
  /** Whether grants may have quotas: they count within a run, and not everybody who is granted something has one. @default true */
  readonly quotas?: boolean;
}

/** Grants for those whose name a glob matches. */
interface PolicyRule {
  readonly principals: Glob;
  readonly grants: readonly Grant[];
}

/** A group of the file: those whose name one of the globs matches. */
interface PolicyGroup {
  readonly name: string;
  readonly members: readonly Glob[];
}

/** Who is granted what. */
export class Policy {
  readonly #rules: readonly PolicyRule[];
  readonly #groups: readonly PolicyGroup[];
  /** Where secrets come from, by their names. */
  readonly secrets: SecretBindings;

  constructor(
    rules: readonly PolicyRule[],
    groups: readonly PolicyGroup[] = [],
    secrets: SecretBindings = {},
  ) {
    this.#rules = rules;
    this.#groups = groups;
    this.secrets = secrets;
  }

  /**
   * What somebody is granted.
   *
   * @param principal the name, or all the names, that he is known by: `uid:1000`, `sasl:alice`, `group:ops`
   */
  grantsFor(principal: string | readonly string[]): Grant[] {
    const given = typeof principal === "string" ? [principal] : principal;
    const groups = this.#groups.filter(({ members }) => anyMatches(members, given));
    const names = [...given, ...groups.map(({ name }) => `group:${name}`)];
    return this.#rules.flatMap(({ principals, grants }) => anyMatches([principals], names) ? grants : []);
  }
}

function anyMatches(globs: readonly Glob[], names: readonly string[]): boolean {
  return globs.some((glob) => names.some((name) => glob.matches(name)));
}

/**
 * Reads a policy.
 *
 * @throws {VirtError} `invalid-argument` with file, line and column of the fault.
 *
 * @example
 * ```ts
 * import { parsePolicy } from "./policy.ts";
 * const policy = parsePolicy('principals: { alice: "domain:start@web-*" }', { file: "policy.yaml" });
 * policy.grantsFor("alice").length; // 1
 * ```
 */
export function parsePolicy(text: string, options: PolicyOptions): Policy {
  return new PolicyReader(text, options).policy();
}

const topKeys = ["grants", "roles", "groups", "principals", "secrets"];
const ruleKeys = ["allow", "roles", "connections", "until"];
const everybody = Glob.parse("**");

/** A key of a map with what stands behind it. */
interface Entry {
  readonly key: Scalar<string>;
  readonly value: Node | null;
}

class PolicyReader {
  readonly #options: PolicyOptions;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  /** The grants of each role. */
  readonly #roles = new Map<string, readonly Grant[]>();

  constructor(text: string, options: PolicyOptions) {
    this.#options = options;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, stringKeys: true });
  }

  policy(): Policy {
    const [fault] = this.#document.errors;
    if (fault !== undefined) throw this.#fault(fault.pos[0], fault.message);
    const { contents } = this.#document;
    if (contents === null || (isScalar(contents) && contents.value === null)) return new Policy([]);
    if (!isMap(contents)) throw this.#expected(contents, `a map with ${topKeys.join(" and ")}`);
    const rules: PolicyRule[] = [];
    const groups: PolicyGroup[] = [];
    const secrets = new Map<string, string>();
    const entries = this.#entries(contents, topKeys);
    // Wherever the roles stand in the file, the rules may name them.
    for (const { key, value } of entries.filter(({ key }) => key.value === "roles")) {
      for (const role of this.#named({ key, value }, "roles to grants")) {
        this.#roles.set(role.key.value, this.#grants(role.value, role.key));
      }
    }
    for (const { key, value } of entries) {
      if (key.value === "grants") rules.push({ principals: everybody, grants: this.#grants(value, key) });
      else if (key.value === "groups") groups.push(...this.#groups({ key, value }));
      else if (key.value === "principals") rules.push(...this.#principals({ key, value }));
      else if (key.value === "secrets") {
        for (const each of this.#named({ key, value }, "secrets to their sources")) {
          secrets.set(each.key.value, this.#source(each));
        }
      }
    }
    return new Policy(rules, groups, Object.fromEntries(secrets));
  }

  /** The file may say it in a relative way; what stands there is not repeated: it may be the value itself. */
  #source({ key, value }: Entry): string {
    if (!secretName.test(key.value)) throw this.#expected(key, "a secret's name, of letters and digits");
    if (!isText(value)) throw this.#expected(value ?? key, "where the secret comes from: file:PATH");
    try {
      checkedSource(value.value, { about: key.value, folder: "/" });
    } catch (error) {
      throw this.#within(value, error);
    }
    return value.value;
  }

  #principals(entry: Entry): PolicyRule[] {
    return this.#named(entry, "principals to grants").map(({ key, value }) => ({
      principals: this.#glob(key),
      grants: this.#grants(value, key),
    }));
  }

  #groups(entry: Entry): PolicyGroup[] {
    return this.#named(entry, "groups to principals").map(({ key, value }) => ({
      name: key.value,
      members: this.#scalars(value, key, "a principal, or a list of them").map((each) => {
        if (!each.value.startsWith("group:")) return this.#glob(each);
        throw this.#expected(each, "a principal: a group may not be in a group");
      }),
    }));
  }

  /** The entries of a map whose keys are names that the file gives. */
  #named({ key, value }: Entry, what: string): Entry[] {
    if (isMap(value)) return this.#entries(value);
    throw this.#expected(value ?? key, `a map from ${what}`);
  }

  /** A text, a rule, or a list of either. */
  #grants(node: Node | null, key: Scalar<string>): Grant[] {
    if (isSeq(node)) {
      return node.items.flatMap((item) => this.#grants(this.#node(item), key));
    }
    if (isMap(node)) return this.#rule(node);
    return this.#texts(node, key, "grants: a text, a map with allow, or a list of them");
  }

  #rule(map: YAMLMap): Grant[] {
    let grants: Grant[] | undefined;
    let roles: readonly Grant[] | undefined;
    let connections: readonly ConnectionScope[] = [];
    let until: number | undefined;
    for (const { key, value } of this.#entries(map, ruleKeys)) {
      if (key.value === "allow") grants = this.#grants(value, key);
      else if (key.value === "roles") roles = this.#rolesNamed(value, key);
      else if (key.value === "until") until = this.#until(value, key);
      else {connections = this.#scalars(value, key, "a connection, or a list of them").map((each) =>
          this.#scope(each)
        );}
    }
    if (grants === undefined && roles === undefined) {
      throw this.#expected(map, "allow or roles, with what is granted");
    }
    const ending = [...grants ?? [], ...roles ?? []].map((grant) =>
      until === undefined ? grant : { ...grant, until: Math.min(until, grant.until ?? Infinity) }
    );
    if (connections.length === 0) return ending;
    return ending.flatMap((grant) =>
      grant.connection === undefined ? connections.map((connection) => ({ ...grant, connection })) : [grant]
    );
  }

  #rolesNamed(node: Node | null, key: Scalar<string>): Grant[] {
    return this.#scalars(node, key, "the name of a role, or a list of them").flatMap((scalar) => {
      const grants = this.#roles.get(scalar.value);
      if (grants !== undefined) return grants;
      const meant = nearest(scalar.value, [...this.#roles.keys()]);
      throw this.#fault(scalar.range?.[0] ?? 0, `there is no role ${shown(shortened(scalar.value))}`, {
        hint: meant === undefined
          ? "A role may name only roles that stand before it under roles"
          : `Did you mean "${meant}"?`,
      });
    });
  }

  #texts(node: Node | null, key: Scalar<string>, expected: string): Grant[] {
    return this.#scalars(node, key, expected).flatMap((scalar) => {
      const { now, quotas = true } = this.#options;
      let grants: Grant[];
      try {
        grants = parseGrants(scalar.value, now === undefined ? {} : { now });
      } catch (error) {
        throw this.#within(scalar, error);
      }
      if (quotas || grants.every(({ quota }) => quota === undefined)) return grants;
      throw this.#fault(scalar.range?.[0] ?? 0, "a quota counts within a run, and here nobody has one", {
        hint: "Leave the quota out",
      });
    });
  }

  #until(node: Node | null, key: Scalar<string>): number | undefined {
    const [scalar] = this.#scalars(node, key, "a point in time");
    if (scalar === undefined) return undefined;
    try {
      return parseGrants(`all(until=${scalar.value})`)[0]?.until;
    } catch {
      throw this.#expected(scalar, "a date, 2026-12-31, or an instant with its zone, 2026-12-31T18:00Z");
    }
  }

  /** A connection's URI, or the name that a run has for it. */
  #scope(scalar: Scalar<string>): ConnectionScope {
    return { by: scalar.value.includes(":") ? "uri" : "name", glob: this.#glob(scalar) };
  }

  #glob(scalar: Scalar<string>): Glob {
    try {
      return Glob.parse(scalar.value);
    } catch (error) {
      throw this.#within(scalar, error);
    }
  }

  #scalars(node: Node | null, key: Scalar<string>, expected: string): Scalar<string>[] {
    const items = isSeq(node) ? node.items.map((item) => this.#node(item)) : [node];
    return items.map((item) => {
      if (!isText(item)) throw this.#expected(item ?? key, expected);
      return item;
    });
  }

  #entries(
    map: YAMLMap,
    known?: readonly string[],
  ): Entry[] {
    return map.items.map((pair) => {
      const key = this.#node(pair.key);
      if (!isText(key)) throw this.#expected(key ?? map, "a text as a key");
      if (known !== undefined && !known.includes(key.value)) {
        const meant = nearest(key.value, known);
        throw this.#fault(key.range?.[0] ?? 0, `there is no ${shown(shortened(key.value))} here`, {
          hint: meant === undefined ? `There may be: ${known.join(", ")}` : `Did you mean "${meant}"?`,
        });
      }
      return { key, value: this.#node(pair.value) };
    });
  }

  #node(value: unknown): Node | null {
    if (isAlias(value)) throw this.#fault(value.range?.[0] ?? 0, "an alias may not stand for a grant");
    return isScalar(value) || isMap(value) || isSeq(value) ? value : null;
  }

  #expected(node: Node, expected: string): VirtError {
    return this.#fault(node.range?.[0] ?? 0, `expected ${expected}`);
  }

  /** A fault in a text of the file: its place is known where the text stands there letter by letter. */
  #within(scalar: Scalar<string>, error: unknown): unknown {
    if (!(error instanceof VirtError)) return error;
    const start = scalar.range?.[0] ?? 0;
    const isQuoted = scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE";
    const isLiteral = (scalar.type === "PLAIN" || isQuoted) && !/[\\'\n]/.test(scalar.value);
    const inside = isLiteral && error.at?.line === 1 ? (error.at.column ?? 1) - 1 + (isQuoted ? 1 : 0) : 0;
    return this.#fault(start + inside, error.message, error.hint === undefined ? {} : { hint: error.hint });
  }

  #fault(offset: number, problem: string, more: { readonly hint?: string } = {}): VirtError {
    const { line, col } = this.#lines.linePos(offset);
    const at: SourcePlace = { file: this.#options.file, line: Math.max(1, line), column: Math.max(1, col) };
    return new VirtError(
      "invalid-argument",
      `Cannot read the policy ${
        shown(this.#options.file)
      } at line ${at.line}, column ${at.column}: ${problem}`,
      { at, ...more },
    );
  }
}

function isText(node: unknown): node is Scalar<string> {
  return isScalar(node) && typeof node.value === "string";
}
