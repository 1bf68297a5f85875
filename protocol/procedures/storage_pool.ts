/**
 * Storage pools.
 *
 * @module
 */
import { int, list, optional, uhyper, uint, uuid } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { storagePool, storageVolume, text } from "./objects.ts";
import { message, procedure } from "./row.ts";

/** Storage pools. */
export const storagePoolProcedures = {
  connectNumOfStoragePools: procedure(71, {
    result: { num: int },
    acl: ["connect:search_storage_pools"],
    filter: "storage_pool:getattr",
    priority: "high",
  }),
  connectListStoragePools: procedure(72, {
    args: { maxnames: int },
    result: { names: list(text, limits.storagePoolList) },
    acl: ["connect:search_storage_pools"],
    filter: "storage_pool:getattr",
    priority: "high",
  }),
  connectNumOfDefinedStoragePools: procedure(73, {
    result: { num: int },
    acl: ["connect:search_storage_pools"],
    filter: "storage_pool:getattr",
    priority: "high",
  }),
  connectListDefinedStoragePools: procedure(74, {
    args: { maxnames: int },
    result: { names: list(text, limits.storagePoolList) },
    acl: ["connect:search_storage_pools"],
    filter: "storage_pool:getattr",
    priority: "high",
  }),
  connectFindStoragePoolSources: procedure(75, {
    args: { type: text, srcSpec: optional(text), flags: uint },
    result: { xml: text },
    acl: ["connect:detect_storage_pools"],
  }),
  storagePoolCreateXml: procedure(76, {
    args: { xml: text, flags: uint },
    result: { pool: storagePool },
    acl: ["storage_pool:start", "storage_pool:write"],
  }),
  storagePoolDefineXml: procedure(77, {
    args: { xml: text, flags: uint },
    result: { pool: storagePool },
    acl: ["storage_pool:write", "storage_pool:save"],
    priority: "high",
  }),
  storagePoolCreate: procedure(78, { args: { pool: storagePool, flags: uint }, acl: ["storage_pool:start"] }),
  storagePoolBuild: procedure(79, { args: { pool: storagePool, flags: uint }, acl: ["storage_pool:format"] }),
  storagePoolDestroy: procedure(80, {
    args: { pool: storagePool },
    acl: ["storage_pool:stop"],
    priority: "high",
  }),
  storagePoolDelete: procedure(81, {
    args: { pool: storagePool, flags: uint },
    acl: ["storage_pool:format"],
  }),
  storagePoolUndefine: procedure(82, {
    args: { pool: storagePool },
    acl: ["storage_pool:delete"],
    priority: "high",
  }),
  storagePoolRefresh: procedure(83, {
    args: { pool: storagePool, flags: uint },
    acl: ["storage_pool:refresh"],
  }),
  storagePoolLookupByName: procedure(84, {
    args: { name: text },
    result: { pool: storagePool },
    acl: ["storage_pool:getattr"],
    priority: "high",
  }),
  storagePoolLookupByUuid: procedure(85, {
    args: { uuid },
    result: { pool: storagePool },
    acl: ["storage_pool:getattr"],
    priority: "high",
  }),
  storagePoolLookupByVolume: procedure(86, {
    args: { vol: storageVolume },
    result: { pool: storagePool },
    acl: ["storage_pool:getattr"],
    priority: "high",
  }),
  storagePoolGetInfo: procedure(87, {
    args: { pool: storagePool },
    result: { state: uint, capacity: uhyper, allocation: uhyper, available: uhyper },
    acl: ["storage_pool:read"],
    priority: "high",
  }),
  storagePoolGetXmlDesc: procedure(88, {
    args: { pool: storagePool, flags: uint },
    result: { xml: text },
    acl: ["storage_pool:read"],
    priority: "high",
  }),
  storagePoolGetAutostart: procedure(89, {
    args: { pool: storagePool },
    result: { autostart: int },
    acl: ["storage_pool:read"],
    priority: "high",
  }),
  storagePoolSetAutostart: procedure(90, {
    args: { pool: storagePool, autostart: int },
    acl: ["storage_pool:write"],
    priority: "high",
  }),
  storagePoolIsActive: procedure(154, {
    args: { pool: storagePool },
    result: { active: int },
    acl: ["storage_pool:read"],
    priority: "high",
  }),
  storagePoolIsPersistent: procedure(155, {
    args: { pool: storagePool },
    result: { persistent: int },
    acl: ["storage_pool:read"],
    priority: "high",
  }),
  connectListAllStoragePools: procedure(281, {
    args: { needResults: int, flags: uint },
    result: { pools: list(storagePool, limits.storagePoolList), ret: uint },
    acl: ["connect:search_storage_pools"],
    filter: "storage_pool:getattr",
    priority: "high",
  }),
  connectStoragePoolEventRegisterAny: procedure(368, {
    args: { eventID: int, pool: optional(storagePool) },
    result: { callbackID: int },
    acl: ["connect:search_storage_pools"],
    filter: "storage_pool:getattr",
    priority: "high",
  }),
  connectStoragePoolEventDeregisterAny: procedure(369, {
    args: { callbackID: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  storagePoolEventLifecycle: message(370, {
    payload: { callbackID: int, pool: storagePool, event: int, detail: int },
  }),
  storagePoolEventRefresh: message(373, { payload: { callbackID: int, pool: storagePool } }),
  storagePoolLookupByTargetPath: procedure(391, {
    args: { path: text },
    result: { pool: storagePool },
    acl: ["storage_pool:getattr"],
    priority: "high",
  }),
  connectGetStoragePoolCapabilities: procedure(403, {
    args: { flags: uint },
    result: { capabilities: text },
    acl: ["connect:read"],
  }),
};
