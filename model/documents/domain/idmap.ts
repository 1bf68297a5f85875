/**
 * Users of the host that those of a container are. Facts: libvirt formatdomain, "Container boot", `<idmap>`.
 *
 * @module
 */
import { attribute, elements, integer, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const number = integer({ max: 2 ** 32 - 1 });
const range = shape({ start: attribute(number), target: attribute(number), count: attribute(number) });

const idmapShape = shape({ uids: elements("uid", range), gids: elements("gid", range) }).normalise((
  idmap,
) => ({
  ...idmap,
  uids: idmap.uids.toSorted((a, b) => a.start - b.start),
  gids: idmap.gids.toSorted((a, b) => a.start - b.start),
}));

/** Which users and groups of the host those of a container are. */
export interface IdMap extends ValueOf<typeof idmapShape> {}

/** `<idmap>`. */
export const idMap: Shape<IdMap> = idmapShape;
