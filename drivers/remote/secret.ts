/**
 * Secrets. A value is in no error, label or event: errors are the far side's, which does not repeat what it was given.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Reconciled, SlotClaim } from "../../runtime/driver.ts";
import { canonicalUuid } from "../definition.ts";
import type { In, Nothing, Out } from "../operation_types.ts";
import { childOf, textOf } from "../xml_span.ts";
import { act, askTogether, listObjects, lookUpObject } from "./act.ts";
import { named } from "./claim.ts";
import { readRoot, withUuid } from "./document_name.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { makes, type Wanted } from "./making.ts";
import { asAsked, finding, ifThere } from "./named_list.ts";
import { asks, does, done, isGone } from "./object_call.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { notFound } from "./refusal.ts";

type Entry = Out<"secret.list">[number];

/** Source: libvirt, virSecretUsageType; numbers are places in this list. */
const usageTypes: readonly Entry["usageType"][] = ["none", "volume", "ceph", "iscsi", "tls", "vtpm"];

/** The element that says what a secret is for. Source: libvirt formatsecret. */
const usageElements: Readonly<Record<string, string>> = {
  volume: "volume",
  ceph: "name",
  iscsi: "target",
  tls: "name",
  vtpm: "name",
};

/** Source: libvirt, virConnectListAllSecretsFlags. */
const ephemeralOnes = 1;
const privateOnes = 4;

/** A secret on the wire. */
interface WireSecret {
  readonly uuid: string;
  readonly usageType: number;
  readonly usageID: string;
}

/** A secret for the wire. The far side finds it by its UUID alone. */
function wireSecret({ id, name, facts }: RemoteObject): WireSecret {
  return { uuid: id, usageType: Number(facts.key ?? 0), usageID: name };
}

function identityOf({ uuid, usageType, usageID }: WireSecret): Identity<"secret"> {
  return { objectClass: "secret", id: uuid, name: usageID || uuid, key: `${usageType}` };
}

async function list(job: RemoteJob, input: In<"secret.list">): Promise<Entry[]> {
  const listed = async (line: Line, flags: number): Promise<ReadonlySet<string>> => {
    const { secrets } = await line.call("connectListAllSecrets", { needResults: 1, flags });
    return new Set(secrets.map(({ uuid }) => uuid));
  };
  const { objects, rest } = await listObjects(job, { objectClass: "secret" }, async (line) => {
    const [sightings, ephemeral, hidden] = await Promise.all([
      classAccess.secret.list?.(line) ?? [],
      listed(line, ephemeralOnes),
      listed(line, privateOnes),
    ]);
    return { sightings, rest: { ephemeral, hidden } };
  });
  return objects.map((secret): Entry => ({
    secret: job.ref(secret, "secret"),
    usageType: usageTypes[Number(secret.facts.key ?? 0)] ?? "none",
    usage: secret.name,
    private: rest.hidden.has(secret.id),
    ephemeral: rest.ephemeral.has(secret.id),
  })).filter((entry) => asAsked(input.private, entry.private) && asAsked(input.ephemeral, entry.ephemeral));
}

/** Finds a secret by its UUID, or by what it is for, of whichever type. */
async function find(
  job: RemoteJob,
  { name, by, usageType }: In<"secret.lookup">,
): Promise<ObjectRef<"secret">> {
  const uuid = by === "usage" ? undefined : canonicalUuid(name);
  const types = by === "uuid" ? [] : usageTypes.slice(1).filter((type) => type === (usageType ?? type));
  const found = await lookUpObject(job, `find ${name}`, async (line) => {
    const byUuid = uuid === undefined ? undefined : await ifThere(line.call("secretLookupByUuid", { uuid }));
    if (byUuid !== undefined) {
      const isWanted = usageType === undefined || usageTypes[byUuid.secret.usageType] === usageType;
      return isWanted ? identityOf(byUuid.secret) : undefined;
    }
    const byUsage = await Promise.all(
      types.map((type) =>
        ifThere(
          line.call("secretLookupByUsage", { usageType: usageTypes.indexOf(type), usageID: name }),
        )
      ),
    );
    const secret = byUsage.find((each) => each !== undefined)?.secret;
    return secret === undefined ? undefined : identityOf(secret);
  }, finding("secret", name));
  if (found === undefined) throw notFound("secret", name);
  return job.ref(found, "secret");
}

/** What a document says; it gets the call's own id as its UUID where it has none. */
function read({ newId }: { readonly newId: string }, { xml }: { readonly xml: string }): Wanted {
  const what = "secret definition";
  const root = readRoot(xml, { root: "secret", what });
  const whole = withUuid(xml, { newId, what });
  const usage = childOf(root, "usage");
  const element = usageElements[usage?.attributes.get("type") ?? ""];
  const name = usage === undefined || element === undefined ? undefined : textOf(usage, element);
  return { xml: whole.xml, id: whole.uuid, name: name ?? whole.uuid };
}

function claim(connection: DriverConnection, { xml }: { readonly xml: string }): readonly SlotClaim[] {
  const { id = "", name } = read({ newId: "" }, { xml });
  const known = named(connection, "secret", { name, ...(id === "" ? {} : { uuid: id }) });
  return [known === undefined ? { objectClass: "secret", name } : { object: known }];
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}

async function setValue(job: RemoteJob, { value }: In<"secret.setValue">): Promise<Nothing> {
  const secret = wireSecret(job.object);
  await act(job, "secretSetValue", { secret, value: bytesOf(value), flags: 0 }, {
    doing: "set the value of",
  });
  return {};
}

async function isSet(job: RemoteJob, { value }: In<"secret.setValue">): Promise<Reconciled<Nothing>> {
  const secret = wireSecret(job.object);
  const found = await askTogether(job, "read it back", async (line) => {
    try {
      return (await line.call("secretGetValue", { secret, flags: 0 })).value;
    } catch (error) {
      if (isVirtError(error) && error.remoteCode !== undefined) return error.remoteCode;
      throw error;
    }
  });
  if (found === "VIR_ERR_NO_SECRET") return { kind: "not-done" };
  if (typeof found === "string") return { kind: "unknown", reason: "its value cannot be read back" };
  return found.toBase64() === bytesOf(value).toBase64() ? { kind: "done", value: {} } : { kind: "not-done" };
}

export const secrets = {
  "secret.list": { run: list },
  "secret.lookup": { run: find },
  "secret.define": makes<"secret.define">({
    objectClass: "secret",
    doing: "define",
    read,
    about: claim,
    make: async (line, { wanted: { xml } }) =>
      identityOf((await line.call("secretDefineXml", { xml, flags: 0 })).secret),
  }),
  "secret.setValue": { run: setValue, reconcile: isSet },
  "secret.value": asks<"secret.value">("read the value of", async (line, { object }) => {
    return await line.call("secretGetValue", { secret: wireSecret(object), flags: 0 });
  }),
  "secret.undefine": does<"secret.undefine">({
    doing: "undefine",
    act: (line, { object }) => done(line.call("secretUndefine", { secret: wireSecret(object) })),
    isSo: (_line, subject) => isGone(subject),
    answer: {},
  }),
  "secret.xml": asks<"secret.xml">("show", async (line, { object }) => {
    return (await line.call("secretGetXmlDesc", { secret: wireSecret(object), flags: 0 })).xml;
  }),
} satisfies DriverMap;
