/**
 * Fetches values from wherever they come from.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import type { Authority, Caller } from "../call.ts";
import type { DriverConnection } from "../driver.ts";
import type { Kernel } from "../kernel.ts";
import { refIn } from "../control/asking.ts";
import { readSecretCommand } from "./command_source.ts";
import { readSecretFile } from "./file_source.ts";
import { namedSource } from "./named_sources.ts";
import type { FetchSecret } from "./run_secrets.ts";
import type { SecretSource } from "./source.ts";
import { secretBytes, type SecretValue, textOf, valueFrom } from "./value.ts";

/** For what a value is wanted of whoever runs a recipe. */
export interface SecretQuestion {
  readonly name: string;
  readonly description?: string;
  /** The variable of their environment that has it; absent where they are to type it. */
  readonly variable?: string;
  /** What asks for it. */
  readonly recipe: string;
}

/** Asks whoever runs a recipe; answers nothing where they do not say. */
export type AskSecret = (question: SecretQuestion) => Promise<string | undefined>;

/** A hypervisor's secrets, for a run. */
export interface SecretObjects {
  readonly connections: ReadonlyMap<string, DriverConnection>;
  /** What whoever runs it may do, which is not what the recipe may. */
  readonly authority: () => Promise<Authority>;
  readonly caller: Caller;
}

/** What values are fetched with. */
export interface FetchOptions {
  readonly kernel: Kernel;
  /** Where the owner names sources; nobody has named any where absent. */
  readonly stateDirectory?: string | undefined;
  /** What the recipe is called. */
  readonly recipe: string;
  readonly signal: AbortSignal;
  /** Whoever runs it; absent where nobody is there. */
  readonly ask?: AskSecret | undefined;
  /** The run's connections, once they are open. */
  readonly objects: () => SecretObjects | undefined;
}

/** What fetches the values of one run. */
export function secretFetcher(options: FetchOptions): FetchSecret {
  const { kernel, signal } = options;
  return async function fetch(source, secret): Promise<SecretValue> {
    const about = secret.name;
    switch (source.kind) {
      case "file":
        return await readSecretFile(source.path, about);
      case "command":
        return await readSecretCommand(source.words, { about, clock: kernel.clock, signal });
      case "env":
      case "prompt":
        return await asked(source, { ...options, secret });
      case "secret":
        return await objectValue(source, { ...options, about });
      case "named": {
        const found = await namedSource(source.name, options.stateDirectory);
        return found.kind === "env" ? ownVariable(found.variable, about) : await fetch(found, secret);
      }
    }
  };
}

/** A variable of the kernel's own environment: what its owner has named, or has put into a schedule. */
function ownVariable(variable: string, about: string): SecretValue {
  return fromText(Deno.env.get(variable), { about, missing: `the kernel's environment has no ${variable}` });
}

async function asked(
  source: Extract<SecretSource, { readonly kind: "env" | "prompt" }>,
  { ask, recipe, secret: { name, description } }: FetchOptions & {
    readonly secret: { readonly name: string; readonly description?: string | undefined };
  },
): Promise<SecretValue> {
  if (ask === undefined && source.kind === "env") return ownVariable(source.variable, name);
  const text = await ask?.({
    name,
    recipe,
    ...(description === undefined ? {} : { description }),
    ...(source.kind === "env" ? { variable: source.variable } : {}),
  });
  const missing = source.kind === "env"
    ? `the environment of whoever runs it has no ${source.variable}`
    : "nobody at a terminal typed it";
  return fromText(text, { about: name, missing });
}

function fromText(
  text: string | undefined,
  { about, missing }: { readonly about: string; readonly missing: string },
): SecretValue {
  if (text !== undefined && text !== "") {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length <= secretBytes) return text;
    return valueFrom(bytes, about);
  }
  throw new VirtError("not-found", `Cannot get secret "${about}": ${missing}`, {
    hint: `Give it another source: --secret ${about}=file:PATH`,
  });
}

/** The value of a hypervisor's secret, with the rights of whoever runs the recipe. */
async function objectValue(
  { name, connection }: Extract<SecretSource, { readonly kind: "secret" }>,
  { kernel, objects, signal, about }: FetchOptions & { readonly about: string },
): Promise<SecretValue> {
  const { connections, caller, authority } = objects() ?? noObjects(about);
  const [first = "host"] = connections.keys();
  const base = {
    connections,
    caller,
    authority: await authority(),
    connection: connection ?? first,
    signal,
  };
  const lookup = await kernel.call({ ...base, operation: "secret.lookup", input: { name } });
  if (lookup.outcome.kind !== "done") throw fromErrorData(lookup.outcome.error);
  const target = refIn("secret", lookup.outcome.value);
  if (target === undefined) throw new VirtError("internal", "secret.lookup answered without a secret");
  const { outcome } = await kernel.call({ ...base, operation: "secret.value", target, input: {} });
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
  const value: unknown = typeof outcome.value === "object" && outcome.value !== null
    ? Reflect.get(outcome.value, "value")
    : undefined;
  if (!(value instanceof Uint8Array)) {
    throw new VirtError("internal", "secret.value answered without a value");
  }
  return textOf(value) ?? value;
}

function noObjects(about: string): never {
  throw new VirtError("wrong-state", `Cannot get secret "${about}": the run has no connection yet`);
}
