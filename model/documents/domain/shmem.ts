/**
 * Memory that guests share. Facts: libvirt formatdomain, "Shared memory device".
 *
 * @module
 */
import {
  attribute,
  bytes,
  element,
  enumeration,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

/** libvirt counts such memory in mebibytes, as all sizes that QEMU takes are. */
function inMebibytes(size: bigint): { readonly digits: bigint; readonly unit: string } {
  const mebibyte = 1024n ** 2n;
  return size % mebibyte === 0n ? { digits: size / mebibyte, unit: "M" } : { digits: size, unit: "bytes" };
}

const shmemShape = shape({
  name: attribute(text({ pattern: /^[^/]+$/, expected: "a name without a slash" })),
  role: attribute(enumeration("master", "peer")).optional(),
  model: element({
    type: attribute(enumeration("ivshmem", "ivshmem-plain", "ivshmem-doorbell")),
  }).default({ type: "ivshmem" }),
  size: element({ ...bytes(), spell: inMebibytes }).optional(),
  server: element({ path: attribute(text()).optional() }).optional(),
  msi: element({
    vectors: attribute(integer({ max: 2 ** 32 - 1 })).omitting(0),
    ioeventfd: attribute(onOff()).optional(),
  }).optional(),
  ...deviceFields,
}).check(({ msi, server }, { refuse }) => {
  if (msi !== undefined && server === undefined) {
    refuse("msi", "There is nobody to send interrupts", { expected: "<server> beside <msi>" });
  }
}).stored((shmem) => {
  // The old device has no role.
  const { role: _, ...rest } = shmem;
  return shmem.model.type === "ivshmem" ? rest : shmem;
});

/** Memory that guests share; the size is in bytes. */
export interface Shmem extends ValueOf<typeof shmemShape> {}

/** `<shmem>`. */
export const shmem: Shape<Shmem> = shmemShape;
