/**
 * Domains: lists, look-ups and definitions.
 *
 * @module
 */
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { canonicalUuid, readDefinition, withGuestId } from "./definition.ts";
import { claimDefinition, type DomainJob, notFound, stateOf } from "./domain.ts";
import type { TestJob } from "./object.ts";

function list(
  job: TestJob,
  { name, state, persistent }: ParsedInputOf<Operations["domain.list"]>,
): OutputOf<Operations["domain.list"]> {
  const glob = name === undefined ? undefined : Glob.parse(name);
  const entries: OutputOf<Operations["domain.list"]> = [];
  for (const domain of connectionOf(job).table.all("domain")) {
    const now = stateOf(domain);
    if (state !== undefined && state !== now) continue;
    if (persistent !== undefined && persistent !== domain.persistent) continue;
    if (glob !== undefined && !glob.matches(domain.name)) continue;
    entries.push({
      domain: job.ref(domain, "domain"),
      state: now,
      persistent: domain.persistent,
      autostart: domain.facts.record.autostart,
    });
  }
  return entries;
}

function lookUp(
  job: TestJob,
  { name }: ParsedInputOf<Operations["domain.lookup"]>,
): OutputOf<Operations["domain.lookup"]> {
  const { table } = connectionOf(job);
  const byId = /^\d+$/.test(name)
    ? table.all("domain").find(({ live }) => live?.id === Number(name))
    : undefined;
  const uuid = canonicalUuid(name);
  const domain = byId ?? (uuid === undefined ? undefined : table.byId("domain", uuid)) ??
    table.byName("domain", name);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

async function define(
  job: TestJob,
  { xml }: ParsedInputOf<Operations["domain.define"]>,
): Promise<OutputOf<Operations["domain.define"]>> {
  const { table } = connectionOf(job);
  const { name, uuid, xml: text } = readDefinition(xml, { root: "domain", newId: job.newId });
  await act(job, "domain.write-definition", { input: { id: uuid, name, xml: text } });
  const domain = table.byId("domain", uuid);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

function xmlOf(
  { object }: DomainJob,
  { inactive }: ParsedInputOf<Operations["domain.xml"]>,
): OutputOf<Operations["domain.xml"]> {
  if (object.live === undefined || inactive) return object.persistentConfig;
  return withGuestId(object.config, object.live.id);
}

export const domainDefinition = {
  "domain.list": { run: (job, input) => Promise.resolve(list(job, input)) },
  "domain.lookup": { run: (job, input) => Promise.resolve(lookUp(job, input)) },
  "domain.define": {
    run: define,
    about: (connection, { xml }) => claimDefinition(connection, "domain", xml),
  },
  "domain.xml": { run: (job, input) => Promise.resolve(xmlOf(job, input)) },
} satisfies DriverMap;
