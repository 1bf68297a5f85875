/**
 * Secrets.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Job, SlotClaim } from "../../runtime/driver.ts";
import { act, inspect } from "./act.ts";
import { named } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { canonicalUuid } from "../definition.ts";
import { refTo } from "./defined_object.ts";
import { normalised } from "./documents.ts";
import { notFound } from "./domain.ts";
import type { Facts, LiveOf, TestJob, TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { byState, refresh } from "./reconcile.ts";
import { childOf, readXml, textOf, withChild } from "../xml_span.ts";

type SecretJob = TestJob<"secret">;
type Entry = Out<"secret.list">[number];

/** What each kind of usage is called by. Source: libvirt formatsecret. */
const usageElements: Readonly<Record<Entry["usageType"], string>> = {
  none: "",
  volume: "volume",
  ceph: "name",
  iscsi: "target",
  tls: "name",
  vtpm: "name",
};

/** A secret's definition, read. */
interface Read {
  readonly id: string;
  readonly usageType: Entry["usageType"];
  /** What it is for, or its UUID where that is not said. */
  readonly usage: string;
  readonly private: boolean;
  readonly ephemeral: boolean;
  readonly xml: string;
}

/** A definition in libvirt's form, read. */
function readNormal(xml: string, newId: string): Read {
  // Whatever it is, it must be a secret before anything else is said about it.
  read(xml, newId);
  return read(normalised(xml, { newId }), newId);
}

function read(xml: string, newId: string): Read {
  const root = readXml(xml, "secret definition");
  if (root.name !== "secret") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the secret definition: found <${root.name}>, expected <secret>`,
    );
  }
  const given = textOf(root, "uuid");
  const id = given === undefined ? newId : canonicalUuid(given);
  if (id === undefined) {
    throw new VirtError("invalid-document", `Cannot read the secret definition: "${given}" is not a UUID`);
  }
  const element = childOf(root, "usage");
  const type = element?.attributes.get("type") ?? "none";
  if (!isUsageType(type)) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the secret definition: "${type}" is no type of usage`,
    );
  }
  const usage = element === undefined || type === "none" ? id : textOf(element, usageElements[type]);
  if (usage === undefined || usage === "") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the secret definition: a usage of type "${type}" needs <${usageElements[type]}>`,
    );
  }
  return {
    id,
    usageType: type,
    usage,
    private: root.attributes.get("private") === "yes",
    ephemeral: root.attributes.get("ephemeral") === "yes",
    xml: given === undefined ? withChild(xml, root, { child: `<uuid>${id}</uuid>` }) : xml,
  };
}

function isUsageType(type: string): type is Entry["usageType"] {
  return Object.hasOwn(usageElements, type);
}

function entryOf(job: Job, secret: TestObject<"secret">): Entry {
  const { usageType, usage } = read(secret.config, secret.id);
  const { record } = secret.facts;
  return {
    secret: job.ref(secret, "secret"),
    usageType,
    usage,
    private: record.private,
    ephemeral: record.ephemeral,
    hasValue: record.hasValue === true,
  };
}

function list(job: Job, input: In<"secret.list">): Entry[] {
  return [...connectionOf(job).table.all("secret")].map((secret) => entryOf(job, secret)).filter((entry) =>
    (input.private === undefined || input.private === entry.private) &&
    (input.ephemeral === undefined || input.ephemeral === entry.ephemeral)
  );
}

function find(job: Job, { name, by, usageType }: In<"secret.lookup">): ObjectRef<"secret"> {
  const { table } = connectionOf(job);
  const uuid = by === "usage" ? undefined : canonicalUuid(name);
  const secret = (uuid === undefined ? undefined : table.byId("secret", uuid)) ??
    (by === "uuid" ? undefined : table.byName("secret", name));
  const isWanted = secret !== undefined &&
    (usageType === undefined || entryOf(job, secret).usageType === usageType);
  if (!isWanted) throw notFound("secret", name);
  return job.ref(secret, "secret");
}

async function define(job: Job, { xml }: In<"secret.define">): Promise<ObjectRef<"secret">> {
  const secret = readNormal(xml, job.newId);
  const { id, usage: name } = secret;
  await act(job, "secret.write", {
    input: { id, name, xml: secret.xml, private: secret.private, ephemeral: secret.ephemeral },
  });
  return refTo(job, "secret", { id, name });
}

function base64Of(value: string | Uint8Array): string {
  return (typeof value === "string" ? new TextEncoder().encode(value) : value).toBase64();
}

async function setValue(job: SecretJob, { value }: In<"secret.setValue">): Promise<Nothing> {
  await act(job, "secret.set-value", { input: { id: job.object.id, value: base64Of(value) } });
  return {};
}

async function readValue(job: SecretJob): Promise<Out<"secret.value">> {
  const { object } = job;
  if (object.facts.record.private) {
    throw new VirtError("permission-denied", `Cannot read the value of ${object.label}: it is private`, {
      target: object.label,
    });
  }
  const value = await inspect(job, "secret.read-value", { input: { id: object.id } });
  if (value === undefined) {
    throw new VirtError("not-found", `Cannot read the value of ${object.label}: it has none`, {
      target: object.label,
    });
  }
  return { value: Uint8Array.fromBase64(value) };
}

async function undefine(job: SecretJob): Promise<Nothing> {
  await act(job, "secret.remove", { input: { id: job.object.id } });
  return {};
}

function claim(connection: DriverConnection, { xml }: { readonly xml: string }): readonly SlotClaim[] {
  const { id, usage } = read(xml, "");
  const known = named(connection, "secret", { name: usage, ...(id === "" ? {} : { uuid: id }) });
  return [known === undefined ? { objectClass: "secret", name: usage } : { object: known }];
}

export const secrets = {
  "secret.list": { run: (job, input) => Promise.try(list, job, input) },
  "secret.lookup": { run: (job, input) => Promise.try(find, job, input) },
  "secret.define": {
    run: define,
    about: claim,
    reconcile: byState<"secret.define", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "secret", id: read(xml, job.newId).id }],
      done: (job, { xml }) => {
        const { id, xml: text } = readNormal(xml, job.newId);
        return connectionOf(job).table.byId("secret", id)?.config === text;
      },
      value: (job, { xml }) => {
        const { id, usage } = read(xml, job.newId);
        return refTo(job, "secret", { id, name: usage });
      },
    }),
  },
  "secret.setValue": {
    run: setValue,
    reconcile: async (job: SecretJob, { value }) => {
      const now = await inspect(job, "secret.read-value", { input: { id: job.object.id }, offline: true });
      await refresh(job, [{ kind: "secret", id: job.object.id }]);
      return now === base64Of(value) ? { kind: "done", value: {} } : { kind: "not-done" };
    },
  },
  "secret.value": { run: readValue },
  "secret.undefine": {
    run: undefine,
    reconcile: byState<"secret.undefine", LiveOf<"secret">, Facts<"secret">>({
      done: ({ object }) => object.phase === "removed",
      value: () => ({}),
    }),
  },
  "secret.xml": { run: ({ object }: SecretJob) => Promise.resolve(object.config) },
} satisfies DriverMap;
