/**
 * Who is calling: what the server accepts, SASL, polkit. These alone are answered before a client is known.
 *
 * @module
 */
import { chars, int, list } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { authenticationType, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Who is calling: what the server accepts, SASL, polkit. These alone are answered before a client is known. */
export const authProcedures = {
  authList: procedure(66, {
    result: { types: list(authenticationType, limits.authTypeList) },
    priority: "high",
  }),
  authSaslInit: procedure(67, { result: { mechlist: text }, priority: "high" }),
  authSaslStart: procedure(68, {
    args: { mech: text, nil: int, data: chars(limits.authSaslData) },
    result: { complete: int, nil: int, data: chars(limits.authSaslData) },
    priority: "high",
  }),
  authSaslStep: procedure(69, {
    args: { nil: int, data: chars(limits.authSaslData) },
    result: { complete: int, nil: int, data: chars(limits.authSaslData) },
    priority: "high",
  }),
  authPolkit: procedure(70, { result: { complete: int }, priority: "high" }),
};
