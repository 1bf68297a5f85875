/**
 * The methods about the audit log.
 *
 * @module
 */
import type { AuditRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import { Glob } from "../permission/glob.ts";
import type { ControlHandlers } from "./control.ts";
import type { ControlMethod, ParsedParamsOf } from "./methods.ts";

/** The methods that are answered here. */
type Method = Extract<ControlMethod, `audit.${string}`>;

/** How many entries are read at a time. */
const pageSize = 1000;

/** Clocks are set back: entries that are so much older than asked for, in milliseconds, end the search. */
const slackMs = 60 * 60 * 1000;

/** The handlers. */
export function auditHandlers(store: Pick<Store, "auditPage">): Pick<ControlHandlers, Method> {
  return {
    "audit.list": async (filter, { send, signal }) => {
      const found: AuditRecord[] = [];
      for await (const entry of newestFirst(store, { since: filter.since, run: filter.run })) {
        signal.throwIfAborted();
        if (!matches(entry, filter)) continue;
        found.push(entry);
        if (found.length >= filter.limit) break;
      }
      for (const entry of found.reverse()) await send({ ...entry });
      return {};
    },
  };
}

async function* newestFirst(
  store: Pick<Store, "auditPage">,
  { since = 0, run }: { readonly since?: number | undefined; readonly run?: string | undefined },
): AsyncGenerator<AuditRecord> {
  let before: number | undefined;
  while (true) {
    const page = await store.auditPage({
      limit: pageSize,
      ...(before === undefined ? {} : { before }),
      ...(run === undefined ? {} : { run }),
    });
    for (const { entry } of page) {
      if (entry.at < since - slackMs) return;
      yield entry;
    }
    before = page.at(-1)?.number;
    if (page.length < pageSize) return;
  }
}

function matches(
  { at, principal, operation, object, decision }: AuditRecord,
  filter: ParsedParamsOf<"audit.list">,
): boolean {
  const { since = 0, until = Infinity } = filter;
  return at >= since && at < until && fits(filter.principal, principal) &&
    fits(filter.operation, operation) && fits(filter.object, object ?? "") &&
    (filter.decision === undefined || filter.decision === decision);
}

function fits(glob: string | undefined, text: string): boolean {
  return glob === undefined || Glob.parse(glob).matches(text);
}
