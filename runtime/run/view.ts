/**
 * A run as lists, details and those who watch it are shown it.
 *
 * @module
 */
import type { RunView } from "../control/methods.ts";
import type { RunRecord } from "../journal/record.ts";

/** What others may know of a run. */
export function viewOf(run: RunRecord): RunView {
  return {
    id: run.id,
    file: run.recipe ?? run.title,
    hosts: Object.fromEntries(run.hosts.map(({ name, uri }) => [name, uri])),
    state: run.state,
    principal: run.principal,
    since: run.createdAt,
    ...(run.endedAt === undefined ? {} : { ended: run.endedAt }),
    ...(run.isolation === undefined ? {} : { isolation: run.isolation }),
    ...(run.exit === undefined ? {} : { exit: run.exit }),
    ...(run.result === undefined ? {} : { result: run.result }),
    ...(run.error === undefined ? {} : { error: run.error }),
  };
}
