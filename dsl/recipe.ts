/**
 * What a recipe is.
 *
 * @module
 */
import { z } from "zod";
import type { RecipeDeclaration } from "../model/channel.ts";
import { VirtError } from "../model/error.ts";
import type { Files } from "./files.ts";
import type { Host } from "./handles.ts";
import type { Log, ProgressFunction, StepFunction } from "./log.ts";
import type { Needs } from "./need.ts";
import type { OpaqueSecret, SecretNames, SecretsFor } from "./opaque_secret.ts";
import { callerPlace } from "./place.ts";
import type { SleepFunction } from "./wait.ts";

/** What every recipe's `run` is given, beside its hosts and its input. */
export interface RunTools {
  /** Writes log lines. */
  readonly log: Log;
  /** Aborts when the run is to end. Whatever the recipe waits for ends by itself; hand it on to your own waits. */
  readonly signal: AbortSignal;
  /** Runs a part under a name: `await step("copy disks", async () => { … })`. */
  readonly step: StepFunction;
  /** Says how far the run has come: `progress(0.5, "half of the fleet")`. */
  readonly progress: ProgressFunction;
  /** Reads the data files that the recipe has declared. */
  readonly files: Files;
  /** Waits: `await sleep("30s")`. For something to happen, see the waits of handles. */
  readonly sleep: SleepFunction;
  /** The run's time, in milliseconds since 1970; the same again when the run is resumed. */
  now(): number;
  /** The run's id. */
  readonly runId: string;
}

/** What a recipe with one connection is given. */
export interface RunContext<Input> extends RunTools {
  /** The host that the recipe was pointed at with `-c URI`. */
  readonly host: Host;
  /** The checked input, with its defaults filled in. */
  readonly input: Input;
}

/** What a recipe with several connections is given. */
export interface HostsContext<Input, Names extends string> extends RunTools {
  /** The hosts by the recipe's names for them; each is given with `-c NAME=URI`. */
  readonly hosts: { readonly [N in Names]: Host };
  /** The checked input, with its defaults filled in. */
  readonly input: Input;
}

/** What a recipe that works on any number of hosts is given. */
export interface AnyHostsContext<Input> extends RunTools {
  /**
   * Every connection that was given and could be opened, by its name: `-c NAME=URI` as often as there are hosts, or those of
   * an inventory, `--inventory FILE`.
   */
  readonly hosts: Readonly<Record<string, Host>>;
  /** Those that could not be opened. Each is logged and counted: the run leaves with exit code 4. */
  readonly unreachable: readonly UnreachableHost[];
  /** The checked input, with its defaults filled in. */
  readonly input: Input;
}

/** A host that could not be reached when the run began. */
export interface UnreachableHost {
  /** The run's name for the connection. */
  readonly name: string;
  /** Where it was looked for. */
  readonly uri: string;
  /** Why it could not be opened. */
  readonly message: string;
}

/**
 * How a recipe names its connections: a list, names with what each one is for, or `"any"` where it works on as many as it
 * is given.
 */
export type HostNames = readonly string[] | Readonly<Record<string, string>> | "any";

/** The names in {@linkcode HostNames}. */
type NameIn<Hosts> = Hosts extends readonly (infer Name extends string)[] ? Name : keyof Hosts & string;

/** What a recipe's `run` is given: `host`, or `hosts` where it has named its connections. */
export type ContextFor<Input, Hosts> = [Hosts] extends [undefined] ? RunContext<Input>
  : [Hosts] extends ["any"] ? AnyHostsContext<Input>
  : HostsContext<Input, NameIn<Hosts>>;

/** A recipe as it is written. */
export interface RecipeDefinition<
  Shape extends z.ZodType,
  Texts extends readonly string[],
  Hosts,
  Result,
  Secrets extends SecretNames = NoSecrets,
> {
  /** What it does, in one line. */
  readonly summary: string;
  /**
   * What it takes: a zod object. Its descriptions, defaults and checks make the help and the form.
   * @default z.object({})
   */
  readonly input?: Shape;
  /**
   * The permissions that it needs: `"domain:start,stop"`, `"domain:snapshot@web-*"`. Whoever runs it grants them; what is
   * not declared here is refused whatever they grant.
   */
  readonly needs: Needs<Texts>;
  /** The data files that it reads, relative to its own file. */
  readonly files?: readonly string[];
  /**
   * Its connections where it has several: names, or names with what each one is for. `run` then gets `hosts`. With `"any"`
   * it gets whatever it is pointed at, and goes on without what cannot be reached.
   * @default one connection, `host`
   */
  readonly hosts?: Hosts;
  /**
   * The secrets that it needs, with what each one is for. `run` gets them as `secrets`, as names without values; whoever runs
   * the recipe says where they come from: `--secret dbPassword=env:DB_PASSWORD`.
   * @default none
   */
  readonly secrets?: Secrets;
  /** What it does. What it returns is the run's result. */
  readonly run: (
    context: ContextFor<z.output<Shape>, Hosts> & SecretsContext<Secrets>,
  ) => Result | Promise<Result>;
}

/** The secrets of a recipe that needs none. */
export type NoSecrets = Readonly<Record<never, never>>;

/** What a recipe's `run` is given for its secrets. */
export interface SecretsContext<Secrets extends SecretNames> {
  /** The secrets that the recipe has declared, by its names for them. */
  readonly secrets: SecretsFor<Secrets>;
}

/** What a recipe is run with, whatever it declares. */
export interface AnyContext extends RunTools {
  readonly unreachable: readonly UnreachableHost[];
  readonly host: Host | undefined;
  readonly hosts: Readonly<Record<string, Host>>;
  readonly secrets: Readonly<Record<string, OpaqueSecret>>;
  readonly input: unknown;
}

/** A recipe that has been made by `recipe({ … })`. */
export class Recipe<Input = unknown, Result = unknown> {
  /** What it says of itself: summary, needs, connections, files, the JSON schema of its input. */
  readonly declaration: RecipeDeclaration;
  /** Only there for the compiler: what it takes and what it returns. */
  declare readonly types: { readonly input: Input; readonly result: Result };
  readonly #input: z.ZodType;
  readonly #run: (context: AnyContext) => unknown;

  /** Use `recipe({ … })`. */
  constructor(declaration: RecipeDeclaration, input: z.ZodType, run: (context: AnyContext) => unknown) {
    this.declaration = declaration;
    this.#input = input;
    this.#run = run;
  }

  /**
   * Checks an input and fills in its defaults.
   *
   * @throws {VirtError} `invalid-argument`, naming every field at fault.
   */
  parseInput(input: unknown): unknown {
    const checked = this.#input.safeParse(input);
    if (checked.success) return checked.data;
    throw new VirtError(
      "invalid-argument",
      `Cannot run the recipe: its input is not right\n${z.prettifyError(checked.error)}`,
      { hint: "Give inputs with --input name=value" },
    );
  }

  /** Runs its body. */
  async execute(context: AnyContext): Promise<unknown> {
    return await this.#run(context);
  }
}

let hearer: ((file: string | undefined) => void) | undefined;

/** Hears of every recipe that is declared: the URL of the file. */
export function onRecipe(hear: (file: string | undefined) => void): void {
  hearer = hear;
}

/** The input of a recipe that takes none. */
export type NoInput = z.ZodObject<Record<never, never>>;

/**
 * Declares a recipe; a recipe file's default export.
 *
 * @throws {VirtError} `invalid-argument` where the declaration is wrong.
 *
 * @example
 * ```ts
 * import { recipe, z } from "drover";
 *
 * export default recipe({
 *   summary: "Start domains by name",
 *   input: z.object({ domains: z.string().default("web-*").describe("A glob over names") }),
 *   needs: ["connect:search_domains", "domain:getattr,start"],
 *   async run({ host, input, log }) {
 *     for (const vm of await host.domains({ name: input.domains, state: "shutoff" })) {
 *       await vm.start();
 *       log.info("started", { vm });
 *     }
 *   },
 * });
 * ```
 *
 * @example Two connections
 * ```ts
 * import { recipe } from "drover";
 *
 * export default recipe({
 *   summary: "Compare two hosts",
 *   needs: ["connect:getattr"],
 *   hosts: { source: "where it comes from", target: "where it goes" },
 *   async run({ hosts }) {
 *     const [source, target] = await Promise.all([hosts.source.info(), hosts.target.info()]);
 *     return { same: source.hostUuid === target.hostUuid };
 *   },
 * });
 * ```
 */
export function recipe<
  const Texts extends readonly string[],
  Result,
  Shape extends z.ZodType = NoInput,
  const Hosts extends HostNames | undefined = undefined,
  const Secrets extends SecretNames = NoSecrets,
>(definition: RecipeDefinition<Shape, Texts, Hosts, Result, Secrets>): Recipe<z.input<Shape>, Result> {
  const { summary, needs, files = [], hosts, secrets, input = z.object({}), run } = definition;
  const names = hosts === undefined || hosts === "any"
    ? ["host"]
    : Array.isArray(hosts)
    ? hosts.map(String)
    : Object.keys(hosts);
  refuseWrong({ summary, needs, files, names, run });
  const declared = declaredSecrets(secrets);
  const declaration: RecipeDeclaration = {
    summary,
    needs: [...needs],
    hosts: names,
    ...(hosts === "any" ? { anyHosts: true } : {}),
    files: [...files],
    ...(Object.keys(declared).length === 0 ? {} : { secrets: declared }),
    inputSchema: inputSchema(input),
  };
  hearer?.(callerPlace(recipe)?.file);
  // Which of the two contexts `run` takes follows from `hosts`; AnyContext holds what both need.
  return new Recipe(declaration, input, run as unknown as (context: AnyContext) => unknown);
}

/** What the compiler has checked already, for recipes that no compiler has seen. */
function refuseWrong(
  given: Readonly<Record<"summary" | "needs" | "files" | "names" | "run", unknown>>,
): void {
  const wrong = (what: string, hint: string): VirtError =>
    new VirtError("invalid-argument", `Cannot declare the recipe: ${what}`, { hint });
  const { summary, needs, files, names, run } = given;
  if (typeof summary !== "string" || summary === "" || summary.length > 4096) {
    throw wrong("it has no summary", 'Say in one line what it does: summary: "Start domains by name"');
  }
  if (!isTexts(needs)) {
    throw wrong(
      "it does not say what it needs",
      'List its permissions: needs: ["domain:start"], or needs: []',
    );
  }
  if (!isTexts(files)) {
    throw wrong("its files are no list of names", 'Name its data files: files: ["web.xml"]');
  }
  if (!isTexts(names) || names.length === 0 || !names.every((name) => /^[A-Za-z]\w{0,63}$/.test(name))) {
    throw wrong(
      "its hosts have no usable names",
      'Name them with letters and digits: hosts: ["source", "target"]',
    );
  }
  if (typeof run !== "function") {
    throw wrong("it has no run function", "Give it one: async run({ host }) { … }");
  }
}

/** What a recipe says of its secrets: it may be one that no compiler has seen. */
function declaredSecrets(given: unknown): Record<string, { description?: string }> {
  const wrong = (what: string): VirtError =>
    new VirtError("invalid-argument", `Cannot declare the recipe: ${what}`, {
      hint: 'Name them with letters and digits: secrets: { dbPassword: { description: "For the database" } }',
    });
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong("its secrets are no names with what they are for");
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, about]: [string, unknown]) => {
      if (!/^[A-Za-z]\w{0,63}$/.test(name)) {
        throw wrong(`its secret "${name.slice(0, 64)}" has no usable name`);
      }
      if (typeof about !== "object" || about === null) throw wrong(`its secret "${name}" has no { … }`);
      const description: unknown = Reflect.get(about, "description");
      if (description === undefined) return [name, {}];
      if (typeof description !== "string" || description.length > 4096) {
        throw wrong(`what its secret "${name}" is for is no text`);
      }
      return [name, { description }];
    }),
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function inputSchema(input: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  if (schema.type === "object") return schema;
  throw new VirtError("invalid-argument", "Cannot declare the recipe: its input is not an object", {
    hint: "Give its inputs names: input: z.object({ name: z.string() })",
  });
}
