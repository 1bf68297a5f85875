/**
 * Storage volumes, with their upload and download.
 *
 * @module
 */
import { int, list, uhyper, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { storagePool, storageVolume, text } from "./objects.ts";
import { procedure, streamProcedure } from "./row.ts";

/** Storage volumes, with their upload and download. */
export const storageVolumeProcedures = {
  storagePoolNumOfVolumes: procedure(91, {
    args: { pool: storagePool },
    result: { num: int },
    acl: ["storage_pool:search_storage_vols"],
    filter: "storage_vol:getattr",
    priority: "high",
  }),
  storagePoolListVolumes: procedure(92, {
    args: { pool: storagePool, maxnames: int },
    result: { names: list(text, limits.storageVolList) },
    acl: ["storage_pool:search_storage_vols"],
    filter: "storage_vol:getattr",
    priority: "high",
  }),
  storageVolCreateXml: procedure(93, {
    args: { pool: storagePool, xml: text, flags: uint },
    result: { vol: storageVolume },
    acl: ["storage_vol:create"],
  }),
  storageVolDelete: procedure(94, { args: { vol: storageVolume, flags: uint }, acl: ["storage_vol:delete"] }),
  storageVolLookupByName: procedure(95, {
    args: { pool: storagePool, name: text },
    result: { vol: storageVolume },
    acl: ["storage_vol:getattr"],
    priority: "high",
  }),
  storageVolLookupByKey: procedure(96, {
    args: { key: text },
    result: { vol: storageVolume },
    acl: ["storage_vol:getattr"],
    priority: "high",
  }),
  storageVolLookupByPath: procedure(97, {
    args: { path: text },
    result: { vol: storageVolume },
    acl: ["storage_vol:getattr"],
    priority: "high",
  }),
  storageVolGetInfo: procedure(98, {
    args: { vol: storageVolume },
    result: { type: int, capacity: uhyper, allocation: uhyper },
    acl: ["storage_vol:read"],
    priority: "high",
  }),
  storageVolGetXmlDesc: procedure(99, {
    args: { vol: storageVolume, flags: uint },
    result: { xml: text },
    acl: ["storage_vol:read"],
    priority: "high",
  }),
  storageVolGetPath: procedure(100, {
    args: { vol: storageVolume },
    result: { name: text },
    acl: ["storage_vol:read"],
    priority: "high",
  }),
  storageVolCreateXmlFrom: procedure(125, {
    args: { pool: storagePool, xml: text, clonevol: storageVolume, flags: uint },
    result: { vol: storageVolume },
    acl: ["storage_vol:create"],
  }),
  storageVolWipe: procedure(165, { args: { vol: storageVolume, flags: uint }, acl: ["storage_vol:format"] }),
  storageVolUpload: streamProcedure(208, {
    args: { vol: storageVolume, offset: uhyper, length: uhyper, flags: uint },
    stream: "write",
    sparseFlag: 1,
    acl: ["storage_vol:data_write"],
  }),
  storageVolDownload: streamProcedure(209, {
    args: { vol: storageVolume, offset: uhyper, length: uhyper, flags: uint },
    stream: "read",
    sparseFlag: 1,
    acl: ["storage_vol:data_read"],
  }),
  storageVolWipePattern: procedure(259, {
    args: { vol: storageVolume, algorithm: uint, flags: uint },
    acl: ["storage_vol:format"],
  }),
  storageVolResize: procedure(260, {
    args: { vol: storageVolume, capacity: uhyper, flags: uint },
    acl: ["storage_vol:resize"],
  }),
  storagePoolListAllVolumes: procedure(282, {
    args: { pool: storagePool, needResults: int, flags: uint },
    result: { vols: list(storageVolume, limits.storageVolList), ret: uint },
    acl: ["storage_pool:search_storage_vols"],
    filter: "storage_vol:getattr",
    priority: "high",
  }),
  storageVolGetInfoFlags: procedure(378, {
    args: { vol: storageVolume, flags: uint },
    result: { type: int, capacity: uhyper, allocation: uhyper },
    acl: ["storage_vol:read"],
    priority: "high",
  }),
};
