/**
 * Virtual networks: what people and programs write about them. Peers before libvirt 9.7 have nothing of it.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { In } from "../operation_types.ts";
import { affectFlags, askedFlags, isSoIn } from "./domain_affect.ts";
import { isSame, kinds } from "./domain_metadata.ts";
import type { Line } from "./line.ts";
import { asks, does, done } from "./object_call.ts";
import type { RemoteObject } from "./object.ts";
import { wireNamed } from "./wire.ts";

/** What is written; `undefined` where nothing is. */
async function written(
  line: Line,
  network: RemoteObject,
  { kind, uri, flags }: Pick<In<"network.metadata">, "kind" | "uri"> & { readonly flags: number },
): Promise<string | undefined> {
  try {
    const args = { network: wireNamed(network), type: kinds[kind], uri, flags };
    return (await line.call("networkGetMetadata", args)).metadata;
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}

export const networkMetadata = {
  "network.metadata": asks<"network.metadata">("read the metadata of", async (line, { object, input }) => {
    const { kind, uri } = input;
    const args = { network: wireNamed(object), type: kinds[kind], uri, flags: askedFlags(input) };
    return (await line.call("networkGetMetadata", args)).metadata;
  }),
  "network.setMetadata": does<"network.setMetadata">({
    doing: "describe",
    act: (line, { object, input: { kind, value, uri, key, ...affect } }) =>
      done(line.call("networkSetMetadata", {
        network: wireNamed(object),
        type: kinds[kind],
        // An empty title or description is none.
        metadata: value === "" && kind !== "element" ? undefined : value,
        key,
        uri,
        flags: affectFlags(affect),
      })),
    isSo: (line, { object, input: { kind, value, uri, ...affect } }) =>
      isSoIn(object, affect, async (flags) => {
        return isSame(kind, await written(line, object, { kind, uri, flags }), value);
      }),
    answer: {},
  }),
} satisfies DriverMap;
