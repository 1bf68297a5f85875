/**
 * Domains: names, titles, what programs keep in them, and what becomes of them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { lifecycleActions, lifecycleOccasions } from "../../protocol/words/domain.ts";
import { affected, affectFlags, asked } from "../dispatch/affect.ts";
import { metadataKind } from "../dispatch/metadata_kind.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { refTo } from "../dispatch/objects.ts";

function outOf<T>(words: readonly T[], number: number, what: string): T {
  const word = words[number];
  if (word !== undefined) return word;
  throw new VirtError("invalid-argument", `invalid life-cycle ${what} ${number}`, {
    remoteCode: "VIR_ERR_INVALID_ARG",
  });
}

/** The rows. */
export const domainDescription = {
  domainRename: answers(async ({ dom, newName }, session) => {
    const target = refTo("domain", dom);
    await session.run("domain.rename", { target, input: { newName: newName ?? "" } });
    return { retcode: 0 };
  }),
  domainGetMetadata: calls("domain.metadata", {
    absent: "VIR_ERR_NO_DOMAIN_METADATA",
    flags: affectFlags,
    input: ({ dom, type, uri, flags }, session) => ({
      kind: metadataKind(type),
      ...(uri === undefined ? {} : { uri }),
      ...asked({ dom, flags }, session),
    }),
    result: (metadata) => ({ metadata }),
  }),
  domainSetMetadata: calls("domain.setMetadata", {
    flags: affectFlags,
    input: ({ type, metadata, key, uri, flags }) => ({
      kind: metadataKind(type),
      ...(metadata === undefined ? {} : { value: metadata }),
      ...(key === undefined ? {} : { key }),
      ...(uri === undefined ? {} : { uri }),
      ...affected(flags),
    }),
  }),
  domainSetLifecycleAction: calls("domain.setLifecycleAction", {
    flags: affectFlags,
    input: ({ type, action, flags }) => ({
      on: outOf(lifecycleOccasions, type, "event type"),
      action: outOf(lifecycleActions, action, "action"),
      ...affected(flags),
    }),
  }),
  domainGetMessages: calls("domain.messages", {
    flags: 1 | 2,
    result: (msgs) => ({ msgs }),
  }),
} satisfies Family;
