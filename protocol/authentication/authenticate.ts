/**
 * Proving to a daemon who we are, in the way that it asks for or the URI demands.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ResultOf } from "../procedures/mod.ts";
import type { SaslOptions } from "./sasl.ts";

type Kind = ResultOf<"authList">["types"][number];

/**
 * Proves who we are. Nothing else may be called before.
 *
 * @throws {VirtError} `permission-denied` where the daemon says no, `unsupported` where it does not offer what the URI
 * demands; as `authenticateBySasl` does.
 */
export async function authenticate(options: SaslOptions): Promise<void> {
  switch (await chooseKind(options)) {
    // Cryptography takes longer to load than a call on a local socket takes.
    case "sasl": {
      const { authenticateBySasl } = await import("./sasl.ts");
      return await authenticateBySasl(options);
    }
    case "polkit": {
      const { authenticateByPolkit } = await import("./polkit.ts");
      return await authenticateByPolkit(options);
    }
    case "none":
      return;
  }
}

async function chooseKind({ connection, endpoint, signal }: SaslOptions): Promise<Kind> {
  const { uri, authentication } = endpoint;
  let types: readonly Kind[];
  try {
    ({ types } = await connection.call("authList", undefined, { signal }));
  } catch (error) {
    // The oldest daemons know nobody.
    if (!isVirtError(error, "unsupported")) throw error;
    types = [];
  }
  if (authentication === undefined) return types[0] ?? "none";
  if (types.includes(authentication.kind)) return authentication.kind;
  const offered = types.length === 0 ? "nothing" : types.join(", ");
  throw new VirtError(
    "unsupported",
    `Cannot connect to "${uri}": the daemon does not offer auth=${authentication.kind} but ${offered}`,
    {
      hint: types.includes("none") || types.length === 0
        ? "It lets everybody in who gets this far, or root without asking: leave auth out of the URI"
        : "Change auth in the URI, or leave it out",
    },
  );
}
