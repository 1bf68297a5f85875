/**
 * The secrets that a play needs: their names, and what they are for. Where they come from is said by whoever runs it: a
 * playbook that could say it could have any file read, and any program run.
 *
 * @module
 */
import { secretName } from "../../model/secret.ts";
import { kindOf, type Source, sourceFault } from "../source.ts";

/** A secret, and what it is for. */
type Declared = readonly [name: string, about: { readonly description?: string }];

/**
 * Reads `secrets` of a play.
 *
 * @throws {VirtError} `invalid-argument` with file, line and column.
 */
export function secretsIn(play: Source): readonly Declared[] {
  const given = play.kind === "map" ? play.entries.get("secrets")?.value : undefined;
  if (given === undefined) return [];
  if (given.kind !== "map") {
    throw sourceFault(`secrets are names with what they are for, and this is ${kindOf(given)}`, given.at, {
      hint: "Write: secrets: { rootPassword: The new password of root }",
    });
  }
  return [...given.entries].map(([name, { keyAt, value }]): Declared => {
    if (!secretName.test(name)) {
      throw sourceFault(`"${name}" is no name for a secret`, keyAt, {
        hint: "Names have letters and digits",
      });
    }
    if (value.kind === "scalar" && value.value === null) return [name, {}];
    if (value.kind !== "scalar" || typeof value.value !== "string") {
      throw sourceFault(`What secret "${name}" is for is a text, and this is ${kindOf(value)}`, value.at, {
        hint: `Where it comes from is said when it is run: --secret ${name}=env:NAME`,
      });
    }
    if (/^(env|file|command|secret|named):\S|^prompt$/.test(value.value)) {
      throw sourceFault(`A playbook cannot say where secret "${name}" comes from`, value.at, {
        hint: `Say it when it is run, with --secret ${name}=…, or in a policy file`,
      });
    }
    return [name, { description: value.value }];
  });
}
