/**
 * Calling methods of handles by name, and finding the handles.
 *
 * @module
 */
import { type CallOptions, VirtError } from "drover";

/** Calls a method of a handle by its name. */
export async function call(handle: object, method: string, args: readonly unknown[]): Promise<unknown> {
  const found: unknown = Reflect.get(handle, method);
  if (typeof found !== "function") {
    throw new VirtError("unsupported", `There is no operation "${method}" on ${String(handle)}`);
  }
  return await found.apply(handle, args);
}

/** The ways from a host to its objects: the class that holds them, and the method that finds one. */
const ways: Readonly<Record<string, { readonly parent: string; readonly method: string }>> = {
  domain: { parent: "connection", method: "domain" },
  snapshot: { parent: "domain", method: "snapshot" },
  network: { parent: "connection", method: "network" },
  networkPort: { parent: "network", method: "port" },
  pool: { parent: "connection", method: "pool" },
  volume: { parent: "pool", method: "volume" },
  interface: { parent: "connection", method: "interface" },
  nodeDevice: { parent: "connection", method: "nodeDevice" },
  secret: { parent: "connection", method: "secret" },
  filter: { parent: "connection", method: "filter" },
  filterBinding: { parent: "connection", method: "filterBinding" },
};

/** Finds an object of a class by the names on the way to it. */
export async function findObject(
  host: object,
  objectClass: string,
  { names, options }: { readonly names: Readonly<Record<string, string>>; readonly options: CallOptions },
): Promise<object> {
  if (objectClass === "connection") return host;
  const way = ways[objectClass];
  const name = names[objectClass];
  if (way === undefined || name === undefined) {
    throw new VirtError("invalid-argument", `The task does not say which ${objectClass} it means`, {
      hint: `Add "${objectClass}: NAME" to it`,
    });
  }
  const parent = await findObject(host, way.parent, { names, options });
  const found = await call(parent, way.method, [{ name }, options]);
  if (typeof found === "object" && found !== null) return found;
  throw new VirtError("internal", `Looking for ${objectClass} "${name}" found nothing that can be used`);
}
