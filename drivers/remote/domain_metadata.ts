/**
 * Domains: what people and programs write about them.
 *
 * @module
 */
import { lifecycleActions, lifecycleOccasions } from "../../protocol/words/domain.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { textOf } from "../xml_span.ts";
import { affectFlags, askedFlags, isSoIn, showsIn } from "./domain_affect.ts";
import { isWritten, metadataPlace, metadataWriting } from "./metadata.ts";
import { asks, does, done } from "./object_call.ts";
import { wireDomain } from "./wire.ts";

export const domainMetadata = {
  "domain.metadata": asks<"domain.metadata">("read the metadata of", async (line, { object, input }) => {
    const args = { dom: wireDomain(object), ...metadataPlace(input), flags: askedFlags(input) };
    return (await line.call("domainGetMetadata", args)).metadata;
  }),
  "domain.setMetadata": does<"domain.setMetadata">({
    doing: "describe",
    act: (line, { object, input }) => {
      const dom = wireDomain(object);
      return done(
        line.call("domainSetMetadata", { dom, ...metadataWriting(input), flags: affectFlags(input) }),
      );
    },
    isSo: (line, { object, input }) =>
      isSoIn(object, input, (flags) => {
        const dom = wireDomain(object);
        return isWritten(line.call("domainGetMetadata", { dom, ...metadataPlace(input), flags }), input);
      }),
    answer: {},
  }),
  "domain.setLifecycleAction": does<"domain.setLifecycleAction">({
    doing: "change a life-cycle action of",
    act: (line, { object, input: { on, action, ...affect } }) =>
      done(line.call("domainSetLifecycleAction", {
        dom: wireDomain(object),
        type: lifecycleOccasions.indexOf(on),
        action: lifecycleActions.indexOf(action),
        flags: affectFlags(affect),
      })),
    isSo: (line, { object, input: { on, action, ...affect } }) =>
      showsIn(line, object, { affect, shows: (definition) => textOf(definition, `on_${on}`) === action }),
    answer: {},
  }),
} satisfies DriverMap;
