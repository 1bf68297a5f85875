/**
 * The connection itself: opening, features, versions, the notice that the server lost its hypervisor.
 *
 * @module
 */
import { int, optional, uhyper, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { text, typedParameters } from "./objects.ts";
import { message, procedure } from "./row.ts";

/** The connection itself: opening, features, versions, the notice that the server lost its hypervisor. */
export const connectProcedures = {
  connectOpen: procedure(1, {
    args: { name: optional(text), flags: uint },
    acl: ["connect:getattr"],
    priority: "high",
  }),
  connectClose: procedure(2, { priority: "high" }),
  connectGetType: procedure(3, { result: { type: text }, acl: ["connect:getattr"], priority: "high" }),
  connectGetVersion: procedure(4, { result: { hvVer: uhyper }, acl: ["connect:getattr"], priority: "high" }),
  connectSupportsFeature: procedure(60, {
    args: { feature: int },
    result: { supported: int },
    acl: ["connect:getattr"],
    priority: "high",
  }),
  connectGetUri: procedure(110, { result: { uri: text }, acl: ["connect:getattr"], priority: "high" }),
  connectIsSecure: procedure(149, { result: { secure: int }, priority: "high" }),
  connectGetLibVersion: procedure(157, {
    result: { libVer: uhyper },
    acl: ["connect:getattr"],
    priority: "high",
  }),
  connectRegisterCloseCallback: procedure(360, { acl: ["connect:getattr"], priority: "high" }),
  connectUnregisterCloseCallback: procedure(361, { acl: ["connect:getattr"], priority: "high" }),
  connectEventConnectionClosed: message(362, { payload: { reason: int } }),
  connectSetIdentity: procedure(419, {
    args: { params: typedParameters(limits.connectIdentityParams), flags: uint },
    acl: ["connect:write"],
    readonly: true,
  }),
};
