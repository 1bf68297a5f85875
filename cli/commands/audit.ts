/**
 * `drover audit`: who did what to which object, and what was refused to whom.
 *
 * @module
 */
import { buildCommand, type Command } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import { outputAliases, type OutputFlags, outputFlags, type StateFlags, stateFlags, text } from "../flags.ts";

/** Decisions and outcomes, as entries have them. */
export const decisions = [
  "allowed",
  "denied",
  "done",
  "not-done",
  "unknown",
  "undone",
  "accepted",
  "assumed",
] as const;

/** Flags of `drover audit`. */
export interface AuditFlags extends StateFlags, OutputFlags {
  readonly principal?: string;
  readonly operation?: string;
  readonly object?: string;
  readonly decision?: typeof decisions[number];
  readonly run?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
}

function count(input: string): number {
  if (!/^[1-9]\d{0,5}$/.test(input)) throw new SyntaxError(`"${input}" is no number from 1 to 999999`);
  return Number(input);
}

const glob = { kind: "parsed", parse: text, optional: true, placeholder: "GLOB" } as const;
const moment = { kind: "parsed", parse: text, optional: true, placeholder: "TIME" } as const;

/** `drover audit`. */
export const auditCommand: Command<DroverContext> = buildCommand<AuditFlags, [], DroverContext>({
  docs: {
    brief: "See who did what to which object, and what was refused to whom",
    fullDescription:
      "See who did what to which object, from where, when and how it ended; and what was refused to whom.\n" +
      "The newest entries, the oldest of them first. TIME is an instant, a date, or how long ago: 2h, 30m, 7d.",
  },
  parameters: {
    flags: {
      ...stateFlags,
      ...outputFlags,
      principal: { ...glob, brief: "On whose behalf: uid:1000, sasl:alice, x509:*" },
      operation: { ...glob, brief: "What was done or asked for: domain.*" },
      object: { ...glob, brief: "To what, by its name: web-*" },
      decision: { kind: "enum", values: decisions, optional: true, brief: "How it was decided, or ended" },
      run: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "RUN",
        brief: "In one run, by its id",
      },
      since: { ...moment, brief: "Not before" },
      until: { ...moment, brief: "Before" },
      limit: {
        kind: "parsed",
        parse: count,
        optional: true,
        placeholder: "N",
        brief: "So many at most; else 100",
      },
    },
    aliases: { ...outputAliases, n: "limit" },
  },
  loader: async () => (await import("../actions/audit.ts")).listAudit,
});
