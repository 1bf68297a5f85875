/**
 * Secrets.
 *
 * @module
 */
import { canonicalUuid } from "../../drivers/definition.ts";
import { attributeOf, childOf, textOf, type XmlElement } from "../../drivers/xml_span.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { secretUsageTypes } from "../../model/operations/secret.ts";
import type { RemoteSecret } from "../../protocol/procedures/mod.ts";
import { lifeNumber, secretLife } from "../../protocol/words/event.ts";
import { documentWords, rootIn, validate, validateFlag } from "../dispatch/document.ts";
import { libraryError } from "../dispatch/error.ts";
import { allBits, oneOf } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { register } from "../dispatch/registration.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { Telling } from "../event_registry.ts";
import type { HostSession } from "../host_session.ts";

/** Bits of the flags of listing. Source: libvirt, virConnectListAllSecretsFlags. */
const listFlag = { ephemeral: 1 << 0, noEphemeral: 1 << 1, private: 1 << 2, noPrivate: 1 << 3 } as const;

type Entry = OutputOf<Operations["secret.list"]>[number];

/** A type's number is its place. Source: libvirt, virSecretUsageType. */
const usageTypes: readonly string[] = secretUsageTypes;

function listed({ secret: { id }, usageType, usage }: Entry): RemoteSecret {
  return {
    uuid: id,
    usageType: usageTypes.indexOf(usageType),
    usageID: usageType === "none" ? "" : usage,
  };
}

type SecretName = Pick<ObjectRef, "id" | "name">;

/** Secrets as they were last seen: of one that is gone only that can be told. */
const seen = new WeakMap<HostSession, Map<string, RemoteSecret>>();

/** A secret as it is named on the wire; its definition is asked for where it is not known. */
async function foundSecret(ref: ObjectRef, session: HostSession): Promise<RemoteSecret> {
  if (definitionOf(ref.id, session) !== undefined) return remoteSecret(ref, session);
  return described(ref, rootIn(await session.run("secret.xml", { target: ref })));
}

/** A secret as it is named on the wire, by what is known of it here. */
function remoteSecret(ref: SecretName, session: HostSession): RemoteSecret {
  const known = seen.get(session) ?? new Map<string, RemoteSecret>();
  seen.set(session, known);
  const definition = definitionOf(ref.id, session);
  const gone = definition === undefined ? known.get(ref.id) : undefined;
  const secret = gone ?? described(ref, definition);
  known.set(ref.id, secret);
  return secret;
}

/** A secret by its UUID and by what its definition says that it is for. */
function described({ id, name }: SecretName, definition: XmlElement | undefined): RemoteSecret {
  const type = definition === undefined ? undefined : attributeOf(definition, "type", "usage");
  return { uuid: id, usageType: Math.max(0, usageTypes.indexOf(type ?? "none")), usageID: usageIn(id, name) };
}

/** A secret that is for nothing is called by its UUID. */
function usageIn(id: string, name: string): string {
  return name === id ? "" : name;
}

function definitionOf(id: string, session: HostSession): XmlElement | undefined {
  const secret = session.connection.find({ $ref: "secret", id });
  return secret === undefined || secret.phase === "removed" ? undefined : rootIn(secret.config);
}

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ secret: { uuid } }: { readonly secret: RemoteSecret }): string =>
    `no secret with matching uuid '${uuid}'`,
};

/** What libvirt says of a secret that cannot be defined beside, or in place of, one that is there. */
function takenWords(xml: string, session: HostSession): Words {
  const root = rootIn(xml);
  const uuid = canonicalUuid(root === undefined ? "" : textOf(root, "uuid") ?? "") ?? "";
  const present = session.connection.find({ $ref: "secret", id: uuid });
  const code = "VIR_ERR_INTERNAL_ERROR";
  if (present !== undefined) {
    return { text: `a secret with UUID ${uuid} is already defined for use with ${present.name}`, code };
  }
  const element = root === undefined ? undefined : childOf(root, "usage");
  const usage = element?.children.map((each) => textOf(element, each.name)) ?? [];
  for (const other of session.connection.objects()) {
    if (other.objectClass !== "secret" || !usage.includes(other.name)) continue;
    return { text: `a secret with UUID ${other.id} already defined for use with ${other.name}`, code };
  }
  return { text: "a secret is already defined for this use", code };
}

/** Every event of secrets at the place of its number. Source: libvirt, virSecretEventID. */
const events: readonly Telling[] = [
  ({ object, type }, { connection, session, callback }) => {
    const event = lifeNumber(secretLife, type);
    if (object.$ref !== "secret" || event < 0) return;
    const secret = remoteSecret(object, session);
    connection.tell("secretEventLifecycle", { callbackID: callback, secret, event, detail: 0 });
  },
  ({ object, type }, { connection, session, callback }) => {
    if (object.$ref !== "secret" || type !== "value-changed") return;
    connection.tell("secretEventValueChanged", {
      callbackID: callback,
      secret: remoteSecret(object, session),
    });
  },
];

/** The rows. */
export const secret = {
  connectListAllSecrets: calls("secret.list", {
    flags: allBits(listFlag),
    input: ({ flags }) => {
      const ephemeral = oneOf(flags, listFlag.ephemeral, listFlag.noEphemeral);
      const hidden = oneOf(flags, listFlag.private, listFlag.noPrivate);
      return {
        ...(ephemeral === undefined ? {} : { ephemeral }),
        ...(hidden === undefined ? {} : { private: hidden }),
      };
    },
    result: (entries, { args: { needResults } }) => ({
      secrets: needResults === 0 ? [] : entries.map(listed),
      ret: entries.length,
    }),
  }),
  connectNumOfSecrets: calls("secret.list", { result: (entries) => ({ num: entries.length }) }),
  connectListSecrets: calls("secret.list", {
    result: (entries, { args: { maxuuids: room } }) => ({
      uuids: fitting(entries.map(({ secret: { id } }) => id), {
        procedure: "connectListSecrets",
        room,
        argument: "maxuuids",
      }),
    }),
  }),
  secretLookupByUuid: worded(
    answers(async ({ uuid }, session) => {
      const ref = await session.run("secret.lookup", { input: { name: uuid, by: "uuid" } });
      return { secret: await foundSecret(ref, session) };
    }),
    { "not-found": ({ uuid }) => `no secret with matching uuid '${uuid}'` },
  ),
  secretLookupByUsage: worded(
    answers(async ({ usageType: type, usageID: name }, session) => {
      const usageType = secretUsageTypes[type] ?? "none";
      const ref = await session.run("secret.lookup", { input: { name, by: "usage", usageType } });
      return { secret: await foundSecret(ref, session) };
    }),
    { "not-found": ({ usageID }) => `no secret with matching usage '${usageID}'` },
  ),
  secretDefineXml: worded(
    answers(async ({ xml, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xml, "secret");
      return { secret: await foundSecret(await session.run("secret.define", { input: { xml } }), session) };
    }, { flags: validateFlag }),
    {
      "invalid-document": ({ xml }) => documentWords(xml, "secret"),
      "already-exists": ({ xml }, _error, session) => takenWords(xml, session),
      "wrong-state": () => ({
        text: "cannot change private flag on existing secret",
        code: "VIR_ERR_INTERNAL_ERROR",
      }),
    },
  ),
  secretGetXmlDesc: worded(calls("secret.xml", { result: (xml) => ({ xml }) }), missing),
  secretSetValue: worded(
    calls("secret.setValue", {
      input: ({ value }) => {
        if (value.length > 0) return { value };
        const problem = "value in virSecretSetValue must not be NULL";
        throw libraryError("VIR_ERR_INVALID_ARG", problem, "secretSetValue");
      },
    }),
    missing,
  ),
  secretGetValue: worded(calls("secret.value", { result: ({ value }) => ({ value }) }), {
    "not-found": (args, _error, session) =>
      definitionOf(args.secret.uuid, session) === undefined
        ? missing["not-found"](args)
        : `secret '${args.secret.uuid}' does not have a value`,
    // Who may not read values at all hears that from whoever decides about it.
    "permission-denied": ({ secret: { uuid } }, _error, session) =>
      definitionOf(uuid, session)?.attributes.get("private") === "yes"
        ? { text: "secret is private", code: "VIR_ERR_INVALID_SECRET" }
        : undefined,
  }),
  secretUndefine: worded(calls("secret.undefine"), missing),
  connectSecretEventRegisterAny: answers(({ eventID, secret }, session) => {
    for (const object of session.connection.objects()) {
      if (object.objectClass === "secret") remoteSecret(object, session);
    }
    return register(session, { what: "secret", events, eventID, id: secret?.uuid });
  }),
  connectSecretEventDeregisterAny: answers(({ callbackID }, session) => {
    session.events.remove(callbackID, "secret");
    return undefined;
  }),
} satisfies Family;
