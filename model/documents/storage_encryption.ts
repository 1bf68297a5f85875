/**
 * How a volume or a disk is encrypted. Facts: libvirt formatstorageencryption.
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  uuid,
  type ValueOf,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const encryptionShape = shape({
  format: attribute(enumeration("default", "qcow", "luks", "luks2", "luks-any")),
  engine: attribute(enumeration("qemu", "librbd")).optional(),
  secrets: elements("secret", {
    type: attribute(enumeration("passphrase")),
    uuid: attribute(uuid()).optional(),
    usage: attribute(text()).optional(),
  }),
  cipher: element({
    name: attribute(text()),
    size: attribute(integer({ min: 1, max: 2 ** 32 - 1 })),
    mode: attribute(text()).optional(),
    hash: attribute(text()).optional(),
  }).optional(),
  ivgen: element({ name: attribute(text()), hash: attribute(text()).optional() }).optional(),
}).check((encryption, { refuse }) => {
  encryption.secrets.forEach((secret, index) => {
    if ((secret.uuid === undefined) === (secret.usage === undefined)) {
      refuse(`secrets.${index}`, "A secret is named by its UUID or by its usage", {
        expected: "one of the two",
      });
    }
  });
  if (encryption.ivgen !== undefined && encryption.cipher === undefined) {
    refuse("ivgen", "An initialisation vector needs a cipher", { expected: "<cipher> beside <ivgen>" });
  }
});

/** How a volume or a disk is encrypted. */
export interface StorageEncryption extends ValueOf<typeof encryptionShape> {}

/** `<encryption>`. */
export const storageEncryption: Shape<StorageEncryption> = encryptionShape;
