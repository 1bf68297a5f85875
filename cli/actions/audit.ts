/**
 * `drover audit`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ItemOf } from "../../runtime/control/methods.ts";
import type { AuditFlags } from "../commands/audit.ts";
import type { DroverContext } from "../context.ts";
import { printList, type Shape } from "../output/format.ts";
import { stateDirectory } from "../settings.ts";
import { formatMoment, parseNumber } from "../units.ts";

type Entry = ItemOf<"audit.list">;

const shape: Shape<Entry> = {
  kind: "audit",
  columns: [
    { header: "When", value: ({ at }) => formatMoment(at) },
    { header: "Who", value: ({ principal }) => principal },
    { header: "What", value: ({ operation }) => operation },
    { header: "Object", value: ({ object = "" }) => object },
    { header: "Outcome", value: ({ decision }) => decision },
    {
      header: "Detail",
      value: ({ permission, detail }) => [permission, detail].filter((each) => each).join(" "),
    },
    { header: "From", value: ({ from = "" }) => from, wide: true },
    { header: "On", value: ({ uri = "" }) => uri, wide: true },
    { header: "Run", value: ({ run = "" }) => run, wide: true },
  ],
  name: ({ operation }) => operation,
};

/** Prints what is in the audit log. */
export async function listAudit(this: DroverContext, flags: AuditFlags): Promise<void> {
  const { principal, operation, object, decision, run, since, until, limit } = flags;
  const { io } = this;
  await using control = await this.openControl({ io, stateDirectory: stateDirectory(io, flags.stateDir) });
  const entries: Entry[] = [];
  await control.request("audit.list", {
    ...(principal === undefined ? {} : { principal }),
    ...(operation === undefined ? {} : { operation }),
    ...(object === undefined ? {} : { object }),
    ...(decision === undefined ? {} : { decision }),
    ...(run === undefined ? {} : { run }),
    ...(since === undefined ? {} : { since: momentOf(since) }),
    ...(until === undefined ? {} : { until: momentOf(until) }),
    ...(limit === undefined ? {} : { limit }),
  }, { onItem: (entry) => void entries.push(entry) });
  await printList(entries, shape, { io, format: flags.output ?? "table" });
}

/** A point in time: an instant, a day, or how long ago it was; in milliseconds since 1970. */
function momentOf(text: string): number {
  if (/^\d+(\.\d+)?(ms|s|m|min|h|d)$/.test(text)) return Math.max(0, Date.now() - parseNumber("agoMs", text));
  const at = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at)) return at;
  throw new VirtError("invalid-argument", `Cannot look for "${text}": it is no point in time`, {
    hint: "Write an instant, 2026-12-31T18:00Z, a date, or how long ago: 2h",
  });
}
