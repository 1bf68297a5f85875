/**
 * Where a host of an inventory is: variables that are known before anything runs.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { isPlain } from "../compile/value.ts";
import type { Vars } from "../engine/program.ts";

/** The hypervisor of a host, where its variables name one. */
export function uriIn(vars: Vars): string | undefined {
  return textVar(vars, ["uri", "libvirt_uri", "ansible_libvirt_uri"]);
}

/** The domain that a host stands for, where it stands for one. */
export function domainIn(vars: Vars): string | undefined {
  return textVar(vars, ["domain"]);
}

/** A variable that is known before anything runs. */
function textVar(vars: Vars, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(vars, name) ? vars[name] : undefined;
    if (value !== undefined && isPlain(value) && value.value !== null) return String(value.value);
    if (value !== undefined) {
      throw new VirtError(
        "invalid-argument",
        `The variable "${name}" of a host cannot hold expressions: it is needed before anything runs`,
      );
    }
  }
  return undefined;
}
