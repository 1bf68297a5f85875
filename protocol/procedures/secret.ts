/**
 * Secrets.
 *
 * @module
 */
import { bytes, int, list, optional, uint, uuid } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { secret, text } from "./objects.ts";
import { message, procedure } from "./row.ts";

/** Secrets. */
export const secretProcedures = {
  connectNumOfSecrets: procedure(139, {
    result: { num: int },
    acl: ["connect:search_secrets"],
    filter: "secret:getattr",
    priority: "high",
  }),
  connectListSecrets: procedure(140, {
    args: { maxuuids: int },
    result: { uuids: list(text, limits.secretList) },
    acl: ["connect:search_secrets"],
    filter: "secret:getattr",
    priority: "high",
  }),
  secretLookupByUuid: procedure(141, {
    args: { uuid },
    result: { secret },
    acl: ["secret:getattr"],
    priority: "high",
  }),
  secretDefineXml: procedure(142, {
    args: { xml: text, flags: uint },
    result: { secret },
    acl: ["secret:write", "secret:save"],
    priority: "high",
  }),
  secretGetXmlDesc: procedure(143, {
    args: { secret, flags: uint },
    result: { xml: text },
    acl: ["secret:read"],
    priority: "high",
  }),
  secretSetValue: procedure(144, {
    args: { secret, value: bytes(limits.secretValue), flags: uint },
    acl: ["secret:write"],
    priority: "high",
  }),
  secretGetValue: procedure(145, {
    args: { secret, flags: uint },
    result: { value: bytes(limits.secretValue) },
    acl: ["secret:read_secure"],
    priority: "high",
  }),
  secretUndefine: procedure(146, { args: { secret }, acl: ["secret:delete"], priority: "high" }),
  secretLookupByUsage: procedure(147, {
    args: { usageType: int, usageID: text },
    result: { secret },
    acl: ["secret:getattr"],
    priority: "high",
  }),
  connectListAllSecrets: procedure(287, {
    args: { needResults: int, flags: uint },
    result: { secrets: list(secret, limits.secretList), ret: uint },
    acl: ["connect:search_secrets"],
    filter: "secret:getattr",
    priority: "high",
  }),
  connectSecretEventRegisterAny: procedure(380, {
    args: { eventID: int, secret: optional(secret) },
    result: { callbackID: int },
    acl: ["connect:search_secrets"],
    filter: "secret:getattr",
    priority: "high",
  }),
  connectSecretEventDeregisterAny: procedure(381, {
    args: { callbackID: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  secretEventLifecycle: message(382, { payload: { callbackID: int, secret, event: int, detail: int } }),
  secretEventValueChanged: message(383, { payload: { callbackID: int, secret } }),
};
