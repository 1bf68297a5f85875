/**
 * Domains: lists, look-ups and definitions.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { DriverMap, Job } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { canonicalUuid, type Definition, identify, insertGuestId, renamed } from "../definition.ts";
import { withPasswords } from "../kept_passwords.ts";
import { readDomain, sameDefinition, withoutSecrets } from "./documents.ts";
import { type DomainJob, type DomainObject, notFound, stateOf, wrongState } from "./domain.ts";
import { essentialsOf } from "./essentials.ts";
import type { TestJob } from "./object.ts";
import { byState, domainByState } from "./reconcile.ts";

type In<N extends keyof Operations> = ParsedInputOf<Operations[N]>;
type Out<N extends keyof Operations> = OutputOf<Operations[N]>;

function list(job: TestJob, input: In<"domain.list">): Out<"domain.list"> {
  const glob = input.name === undefined ? undefined : Glob.parse(input.name);
  const { table } = connectionOf(job);
  const entries: Out<"domain.list"> = [];
  for (const domain of table.all("domain")) {
    const state = stateOf(domain);
    const { autostart, managedSave } = domain.facts.record;
    if (input.state !== undefined && input.state !== state) continue;
    if (input.active !== undefined && input.active !== (domain.live !== undefined)) continue;
    if (input.persistent !== undefined && input.persistent !== domain.persistent) continue;
    if (input.autostart !== undefined && input.autostart !== autostart) continue;
    if (input.managedSave !== undefined && input.managedSave !== (managedSave !== undefined)) continue;
    if (input.snapshots !== undefined && input.snapshots !== table.snapshots(domain.id).size > 0) continue;
    if (input.checkpoints !== undefined && input.checkpoints !== table.checkpoints(domain.id).size > 0) {
      continue;
    }
    if (glob !== undefined && !glob.matches(domain.name)) continue;
    entries.push({
      ...(domain.live === undefined ? {} : { id: domain.live.id }),
      domain: job.ref(domain, "domain"),
      state,
      persistent: domain.persistent,
      autostart,
    });
  }
  return entries;
}

function lookUp(job: TestJob, { name, by }: In<"domain.lookup">): Out<"domain.lookup"> {
  const { table } = connectionOf(job);
  const means = (way: typeof by): boolean => by === undefined || by === way;
  const uuid = means("uuid") ? canonicalUuid(name) : undefined;
  const domain = (means("name") ? table.byName("domain", name) : undefined) ??
    (uuid === undefined ? undefined : table.byId("domain", uuid)) ??
    (means("id") && /^\d+$/.test(name)
      ? table.all("domain").find(({ live }) => live?.id === Number(name))
      : undefined);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

/** The domain that a definition is of, after it was written. */
function defined(job: Job, xml: string): DomainObject {
  const { table } = connectionOf(job);
  const { name = "", uuid = job.newId } = identify(xml);
  const domain = table.byId("domain", canonicalUuid(uuid) ?? uuid);
  if (domain === undefined) throw notFound("domain", name);
  return domain;
}

/** The definition that is asked for; where that is meant, with the passwords that the present one has. */
function meantDefinition(
  job: Job,
  { xml, keepPasswords }: Pick<In<"domain.define">, "xml" | "keepPasswords">,
): Definition {
  const definition = readDomain(xml, job);
  if (!keepPasswords) return definition;
  const present = connectionOf(job).table.byId("domain", definition.uuid)?.persistentConfig;
  return readDomain(withPasswords(definition.xml, present), job);
}

async function define(
  job: TestJob,
  { xml, basedOn, keepPasswords }: In<"domain.define">,
): Promise<Out<"domain.define">> {
  const { table } = connectionOf(job);
  const definition = meantDefinition(job, { xml, keepPasswords });
  const { name, uuid } = definition;
  const present = table.byId("domain", uuid);
  if (present !== undefined && present.name !== name) {
    throw new VirtError("already-exists", `Cannot define domain "${name}": ${present.label} has its UUID`, {
      target: present.label,
      hint: `Rename it with: drover domain rename ${present.name}`,
    });
  }
  const expected = present?.persistent === true ? present.persistentConfig : undefined;
  if (basedOn !== undefined && (expected === undefined || !sameDefinition(basedOn, expected, job))) {
    throw new VirtError(
      "changed-outside",
      `Cannot define domain "${name}": its definition was changed meanwhile`,
      {
        target: `domain "${name}"`,
        hint: "Read the definition again, and apply the change to that",
      },
    );
  }
  await act(job, "domain.write-definition", {
    input: {
      id: uuid,
      name,
      xml: definition.xml,
      ...(basedOn === undefined || expected === undefined ? {} : { expected }),
    },
  });
  return job.ref(defined(job, definition.xml), "domain");
}

async function undefine(job: DomainJob, input: In<"domain.undefine">): Promise<Out<"domain.undefine">> {
  const { object } = job;
  object.refuseWhileStarting("undefine");
  const refuse = (found: string, flag: string): never => {
    throw wrongState(object, { doing: "undefine", found, hint: `Say what shall become of it: ${flag}` });
  };
  const { table } = connectionOf(job);
  if (!object.persistent) throw wrongState(object, { doing: "undefine", found: "it is transient" });
  if (object.facts.record.managedSave !== undefined && !input.managedSave) {
    refuse("it has a managed save image", "managedSave");
  }
  if (object.live === undefined) {
    const { size } = table.snapshots(object.id);
    if (size > 0 && !input.snapshotsMetadata) refuse(`it has ${size} snapshots`, "snapshotsMetadata");
    const checkpoints = table.checkpoints(object.id).size;
    if (checkpoints > 0 && !input.checkpointsMetadata) {
      refuse(`it has ${checkpoints} checkpoints`, "checkpointsMetadata");
    }
  }
  if (/<nvram[\s>/]/.test(object.persistentConfig) && input.nvram === undefined) {
    refuse("it has an NVRAM file", "nvram");
  }
  await act(job, "domain.remove-definition", { input: { id: object.id } });
  return {};
}

async function rename(job: DomainJob, { newName }: In<"domain.rename">): Promise<Out<"domain.rename">> {
  const { object } = job;
  if (object.live !== undefined) throw wrongState(object, { doing: "rename", found: "it is running" });
  object.refuseWhileStarting("rename");
  if (newName.includes("/") || newName.includes("\n")) {
    throw new VirtError(
      "invalid-argument",
      `Cannot rename ${object.label}: "${newName}" holds a slash or a line break`,
    );
  }
  if (object.facts.record.managedSave !== undefined) {
    throw wrongState(object, { doing: "rename", found: "it has a managed save image" });
  }
  if (connectionOf(job).table.snapshots(object.id).size > 0) {
    throw wrongState(object, { doing: "rename", found: "it has snapshots" });
  }
  const { id, persistentConfig } = object;
  await act(job, "domain.write-definition", {
    input: { id, name: newName, xml: renamed(persistentConfig, newName), expected: persistentConfig },
  });
  return job.ref(object, "domain");
}

async function setAutostart(
  job: DomainJob,
  { autostart }: In<"domain.setAutostart">,
): Promise<Record<string, never>> {
  const { object } = job;
  if (!object.persistent) {
    throw wrongState(object, { doing: "change the autostart of", found: "it is transient" });
  }
  if (object.facts.record.autostart !== autostart) {
    await act(job, "domain.set-autostart", { input: { id: object.id, autostart } });
  }
  return {};
}

function xmlOf({ object }: DomainJob, { inactive, secure }: In<"domain.xml">): string {
  const xml = object.live === undefined || inactive
    ? object.persistentConfig
    : insertGuestId(object.config, { id: object.live.id, at: essentialsOf(object).guestIdPlace });
  return secure ? xml : withoutSecrets(xml);
}

export const domainDefinition = {
  "domain.list": { run: (job, input) => Promise.resolve(list(job, input)) },
  "domain.lookup": { run: (job, input) => Promise.try(lookUp, job, input) },
  "domain.define": {
    run: define,
    about: (connection, { xml }) => claimDefinition(connection, "domain", xml),
    reconcile: byState<"domain.define", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "domain", id: readDomain(xml, job).uuid }],
      done: (job, input) => {
        const { uuid, xml: text } = meantDefinition(job, input);
        return connectionOf(job).table.byId("domain", uuid)?.persistentConfig === text;
      },
      value: (job, { xml }) => job.ref(defined(job, readDomain(xml, job).xml), "domain"),
    }),
  },
  "domain.undefine": {
    run: undefine,
    reconcile: domainByState<"domain.undefine">({
      done: ({ object }) => object.phase === "removed" || !object.persistent,
      value: () => ({}),
    }),
  },
  "domain.rename": {
    run: rename,
    reconcile: domainByState<"domain.rename">({
      done: ({ object }, { newName }) => object.name === newName,
      value: (job) => job.ref(job.object, "domain"),
    }),
  },
  "domain.setAutostart": {
    run: setAutostart,
    reconcile: domainByState<"domain.setAutostart">({
      done: ({ object }, { autostart }) => object.facts.record.autostart === autostart,
      value: () => ({}),
    }),
  },
  "domain.xml": { run: (job, input) => Promise.try(xmlOf, job, input) },
} satisfies DriverMap;
