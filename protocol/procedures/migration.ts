/**
 * Migration: the protocols of three generations, their parameters, limits and post-copy.
 *
 * @module
 */
import { bytes, int, optional, uhyper, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { domain, text, typedParameters } from "./objects.ts";
import { procedure, streamProcedure } from "./row.ts";

/** Migration: the protocols of three generations, their parameters, limits and post-copy. */
export const migrationProcedures = {
  domainMigratePrepare: procedure(61, {
    args: { uriIn: optional(text), flags: uhyper, dname: optional(text), resource: uhyper },
    result: { cookie: bytes(limits.migrateCookie), uriOut: optional(text) },
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigratePerform: procedure(62, {
    args: {
      dom: domain,
      cookie: bytes(limits.migrateCookie),
      uri: text,
      flags: uhyper,
      dname: optional(text),
      resource: uhyper,
    },
    acl: ["domain:migrate"],
  }),
  domainMigrateFinish: procedure(63, {
    args: { dname: text, cookie: bytes(limits.migrateCookie), uri: text, flags: uhyper },
    result: { ddom: domain },
    acl: ["domain:migrate"],
  }),
  domainMigratePrepare2: procedure(108, {
    args: { uriIn: optional(text), flags: uhyper, dname: optional(text), resource: uhyper, domXml: text },
    result: { cookie: bytes(limits.migrateCookie), uriOut: optional(text) },
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigrateFinish2: procedure(109, {
    args: { dname: text, cookie: bytes(limits.migrateCookie), uri: text, flags: uhyper, retcode: int },
    result: { ddom: domain },
    acl: ["domain:migrate"],
  }),
  domainMigratePrepareTunnel: streamProcedure(148, {
    args: { flags: uhyper, dname: optional(text), resource: uhyper, domXml: text },
    stream: "write",
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigrateSetMaxDowntime: procedure(166, {
    args: { dom: domain, downtime: uhyper, flags: uint },
    acl: ["domain:migrate"],
  }),
  domainMigrateSetMaxSpeed: procedure(207, {
    args: { dom: domain, bandwidth: uhyper, flags: uint },
    acl: ["domain:migrate"],
  }),
  domainMigrateBegin3: procedure(213, {
    args: { dom: domain, xmlin: optional(text), flags: uhyper, dname: optional(text), resource: uhyper },
    result: { cookieOut: bytes(limits.migrateCookie), xml: text },
    acl: ["domain:migrate"],
  }),
  domainMigratePrepare3: procedure(214, {
    args: {
      cookieIn: bytes(limits.migrateCookie),
      uriIn: optional(text),
      flags: uhyper,
      dname: optional(text),
      resource: uhyper,
      domXml: text,
    },
    result: { cookieOut: bytes(limits.migrateCookie), uriOut: optional(text) },
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigratePrepareTunnel3: streamProcedure(215, {
    args: {
      cookieIn: bytes(limits.migrateCookie),
      flags: uhyper,
      dname: optional(text),
      resource: uhyper,
      domXml: text,
    },
    result: { cookieOut: bytes(limits.migrateCookie) },
    stream: "write",
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigratePerform3: procedure(216, {
    args: {
      dom: domain,
      xmlin: optional(text),
      cookieIn: bytes(limits.migrateCookie),
      dconnuri: optional(text),
      uri: optional(text),
      flags: uhyper,
      dname: optional(text),
      resource: uhyper,
    },
    result: { cookieOut: bytes(limits.migrateCookie) },
    acl: ["domain:migrate"],
  }),
  domainMigrateFinish3: procedure(217, {
    args: {
      dname: text,
      cookieIn: bytes(limits.migrateCookie),
      dconnuri: optional(text),
      uri: optional(text),
      flags: uhyper,
      cancelled: int,
    },
    result: { dom: domain, cookieOut: bytes(limits.migrateCookie) },
    acl: ["domain:migrate"],
  }),
  domainMigrateConfirm3: procedure(218, {
    args: { dom: domain, cookieIn: bytes(limits.migrateCookie), flags: uhyper, cancelled: int },
    acl: ["domain:migrate"],
  }),
  domainMigrateGetMaxSpeed: procedure(242, {
    args: { dom: domain, flags: uint },
    result: { bandwidth: uhyper },
    acl: ["domain:migrate"],
  }),
  domainMigrateGetCompressionCache: procedure(299, {
    args: { dom: domain, flags: uint },
    result: { cacheSize: uhyper },
    acl: ["domain:migrate"],
    readonly: true,
  }),
  domainMigrateSetCompressionCache: procedure(300, {
    args: { dom: domain, cacheSize: uhyper, flags: uint },
    acl: ["domain:migrate"],
  }),
  domainMigrateBegin3Params: procedure(302, {
    args: { dom: domain, params: typedParameters(limits.domainMigrateParamList), flags: uint },
    result: { cookieOut: bytes(limits.migrateCookie), xml: text },
    acl: ["domain:migrate"],
  }),
  domainMigratePrepare3Params: procedure(303, {
    args: {
      params: typedParameters(limits.domainMigrateParamList),
      cookieIn: bytes(limits.migrateCookie),
      flags: uint,
    },
    result: { cookieOut: bytes(limits.migrateCookie), uriOut: optional(text) },
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigratePrepareTunnel3Params: streamProcedure(304, {
    args: {
      params: typedParameters(limits.domainMigrateParamList),
      cookieIn: bytes(limits.migrateCookie),
      flags: uint,
    },
    result: { cookieOut: bytes(limits.migrateCookie) },
    stream: "write",
    acl: ["domain:migrate", "domain:start", "domain:write"],
  }),
  domainMigratePerform3Params: procedure(305, {
    args: {
      dom: domain,
      dconnuri: optional(text),
      params: typedParameters(limits.domainMigrateParamList),
      cookieIn: bytes(limits.migrateCookie),
      flags: uint,
    },
    result: { cookieOut: bytes(limits.migrateCookie) },
    acl: ["domain:migrate"],
  }),
  domainMigrateFinish3Params: procedure(306, {
    args: {
      params: typedParameters(limits.domainMigrateParamList),
      cookieIn: bytes(limits.migrateCookie),
      flags: uint,
      cancelled: int,
    },
    result: { dom: domain, cookieOut: bytes(limits.migrateCookie) },
    acl: ["domain:migrate"],
  }),
  domainMigrateConfirm3Params: procedure(307, {
    args: {
      dom: domain,
      params: typedParameters(limits.domainMigrateParamList),
      cookieIn: bytes(limits.migrateCookie),
      flags: uint,
      cancelled: int,
    },
    acl: ["domain:migrate"],
  }),
  domainMigrateStartPostCopy: procedure(364, { args: { dom: domain, flags: uint }, acl: ["domain:migrate"] }),
  domainMigrateGetMaxDowntime: procedure(387, {
    args: { dom: domain, flags: uint },
    result: { downtime: uhyper },
    acl: ["domain:migrate"],
    readonly: true,
  }),
};
