/**
 * Users of the host that those of a container are. Facts: libvirt formatdomain, "Container boot", `<idmap>`.
 *
 * @module
 */
import { attribute, elements, integer, shape, type ValueOf } from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";

const number = integer({ max: 2 ** 32 - 1 });
const range = shape({ start: attribute(number), target: attribute(number), count: attribute(number) });

const idmapShape = shape({ uids: elements("uid", range), gids: elements("gid", range) }).normalise((
  idmap,
) => ({
  ...idmap,
  uids: idmap.uids.toSorted((a, b) => a.start - b.start),
  gids: idmap.gids.toSorted((a, b) => a.start - b.start),
}));

/** Refuses a map by which nobody would be root. */
export function checkIdMap(idmap: IdMap, { refuse }: Reading): void {
  for (const key of ["uids", "gids"] as const) {
    const [first] = idmap[key];
    if (first === undefined) {
      refuse(`idmap.${key}`, "Users and groups are mapped together", { expected: "<uid> and <gid>" });
    }
    if (first?.start !== 0) {
      refuse(`idmap.${key}`, "The container's root is not mapped", { expected: "start='0'" });
    }
  }
}

/** Which users and groups of the host those of a container are. */
export interface IdMap extends ValueOf<typeof idmapShape> {}

/** `<idmap>`. */
export const idMap: Shape<IdMap> = idmapShape;
