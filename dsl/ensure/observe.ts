/**
 * Looking at what is there, for plans: ordinary reads, checked and journalled like any other.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { DesiredDomain, DesiredKind, Present } from "../../model/desired/mod.ts";
import { type Handle, objectsOf } from "../handle.ts";
import type { Domain } from "../handles.ts";
import type { Desired } from "./desired.ts";

/** What was found. */
export interface Observed {
  readonly present: Present;
  /** The object; absent where it is not there. */
  readonly self?: Handle;
  /** What holds it, where something does. */
  readonly parent?: Handle;
}

/** Looks at what is there of an object. */
export function observe(host: Handle<"connection">, { kind, spec }: Desired<DesiredKind>): Promise<Observed> {
  switch (kind) {
    case "domain":
      return observeDomain(host, spec);
  }
}

/** What a look-up finds; nothing where there is no such thing. */
export async function found<T>(lookup: Promise<T>): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}

async function observeDomain(
  host: Handle<"connection">,
  { name, uuid, state }: DesiredDomain,
): Promise<Observed> {
  const objects = objectsOf(host);
  const lookUp = (by: "name" | "uuid", text: string): Promise<Domain | undefined> =>
    found(objects.invoke("domain.lookup", host, { name: text, by }));
  const self = (uuid === undefined ? undefined : await lookUp("uuid", uuid)) ?? await lookUp("name", name);
  if (self === undefined) {
    if (state === "absent") return { present: {} };
    return { present: { capabilities: await objects.invoke("connection.capabilities", host, {}) } };
  }
  const info = await objects.invoke("domain.info", self, {});
  const isLive = info.id !== undefined;
  const [config, live] = await Promise.all([
    info.persistent ? objects.invoke("domain.xml", self, { inactive: true }) : undefined,
    isLive ? objects.invoke("domain.xml", self, {}) : undefined,
  ]);
  return {
    self,
    present: {
      persistent: info.persistent,
      autostart: info.autostart,
      ...(config === undefined ? {} : { config }),
      ...(live === undefined ? {} : { live }),
    },
  };
}
