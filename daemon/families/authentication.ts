/**
 * Who is calling: what is offered, and the conversation of SASL.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { SaslStep } from "../authentication/sasl.ts";
import { answersEarly, type Family } from "../dispatch/row.ts";

/** What a step of the conversation answers, on the wire. */
function told({ data, user }: SaslStep): { complete: number; nil: number; data: Uint8Array } {
  return {
    complete: user === undefined ? 0 : 1,
    nil: data === undefined ? 1 : 0,
    data: data ?? new Uint8Array(0),
  };
}

/** What a client says in a step: nothing at all is not the same as an empty text. */
function said({ nil, data }: { readonly nil: number; readonly data: Uint8Array }): Uint8Array | undefined {
  return nil === 0 ? data : undefined;
}

/** The rows. */
export const authentication = {
  authList: answersEarly((_args, { authentication: { kinds } }) => ({ types: kinds })),
  authSaslInit: answersEarly((_args, { authentication }) => ({ mechlist: authentication.begin().join(",") })),
  authSaslStart: answersEarly(async (args, { authentication }) =>
    told(await authentication.start(args.mech, said(args)))
  ),
  authSaslStep: answersEarly(async (args, { authentication }) => told(await authentication.step(said(args)))),
  authPolkit: answersEarly(() => {
    throw new VirtError("permission-denied", "authentication failed", {
      remoteCode: "VIR_ERR_AUTH_FAILED",
      detail: { from: "VIR_FROM_RPC" },
    });
  }),
} satisfies Family;
