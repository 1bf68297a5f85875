/**
 * Virtual networks: what people and programs write about them. Peers before libvirt 9.7 have nothing of it.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { affectFlags, askedFlags, isSoIn } from "./domain_affect.ts";
import { isWritten, metadataPlace, metadataWriting } from "./metadata.ts";
import { asks, does, done } from "./object_call.ts";
import { wireNamed } from "./wire.ts";

export const networkMetadata = {
  "network.metadata": asks<"network.metadata">("read the metadata of", async (line, { object, input }) => {
    const args = { network: wireNamed(object), ...metadataPlace(input), flags: askedFlags(input) };
    return (await line.call("networkGetMetadata", args)).metadata;
  }),
  "network.setMetadata": does<"network.setMetadata">({
    doing: "describe",
    act: (line, { object, input }) => {
      const network = wireNamed(object);
      return done(
        line.call("networkSetMetadata", { network, ...metadataWriting(input), flags: affectFlags(input) }),
      );
    },
    isSo: (line, { object, input }) =>
      isSoIn(object, input, (flags) => {
        const network = wireNamed(object);
        return isWritten(line.call("networkGetMetadata", { network, ...metadataPlace(input), flags }), input);
      }),
    answer: {},
  }),
} satisfies DriverMap;
