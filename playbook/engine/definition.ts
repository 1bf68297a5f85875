/**
 * Definitions in playbooks that do not say which object they mean but by its name: where there is one of that name it is
 * brought up to what they say, so that a task that is run twice changes nothing the second time.
 *
 * @module
 */
import { type CallOptions, type Host, isVirtError } from "drover";
import { findObject } from "./call.ts";
import { defining } from "./looks.ts";

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** What an object that is there already shall be. */
export interface Redefinition {
  readonly kind: "domain" | "network" | "pool";
  readonly spec: { readonly name: string; readonly xml: string };
}

/** The object that a definition means, where that is there already; one that says a UUID means that and no other. */
export async function redefinition(
  operation: string,
  { host, input, options }: {
    readonly host: Host;
    readonly input: Readonly<Record<string, unknown>>;
    readonly options: CallOptions;
  },
): Promise<Redefinition | undefined> {
  const kind = Object.hasOwn(defining, operation) ? defining[operation] : undefined;
  const { xml } = input;
  if (kind === undefined || typeof xml !== "string") return undefined;
  const text = xml.replace(/<!--[\s\S]*?-->/g, "");
  const name = /<name>([^<]*)<\/name>/.exec(text)?.[1]?.trim();
  if (name === undefined || /<uuid[\s/>]/.test(text)) return undefined;
  const plain = name.replace(
    /&(?:(lt|gt|quot|apos|amp)|#(\d+)|#x([0-9a-f]+));/gi,
    (_whole, entity, decimal, hex) =>
      entities[entity] ??
        String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10)),
  );
  try {
    await findObject(host, kind, { names: { [kind]: plain }, options });
    return { kind, spec: { name: plain, xml } };
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}
