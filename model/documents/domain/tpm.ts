/**
 * Trusted platform modules. Facts: libvirt formatdomain, "TPM device".
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  flag,
  integer,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

/** Only an emulator can choose its version. */
const version = attribute(enumeration("1.2", "2.0")).optional();

const backendShape = shape({}).by("type", {
  passthrough: {
    device: element({ path: attribute(text()).default("/dev/tpm0") }).default({ path: "/dev/tpm0" }),
    version: version.transient(),
  },
  emulator: {
    version,
    persistentState: attribute("persistent_state", yesNo()).omitting(false),
    debug: attribute(integer({ max: 2 ** 32 - 1 })).omitting(0),
    encryption: element({ secret: attribute(uuid()) }).optional(),
    activePcrBanks: element("active_pcr_banks", {
      sha1: element(flag()).optional(),
      sha256: element(flag()).optional(),
      sha384: element(flag()).optional(),
      sha512: element(flag()).optional(),
    }).omittingEmpty(),
    profile: element({
      source: attribute(text()).optional(),
      removeDisabled: attribute(enumeration("check", "fips-host")).optional(),
      name: attribute(text()).optional(),
    }).optional(),
    source: element({
      type: attribute(enumeration("file", "dir")),
      path: attribute(text()),
    }).optional(),
  },
  external: {
    version: version.transient(),
    source: element({
      type: attribute(enumeration("unix")),
      mode: attribute(enumeration("connect")).optional(),
      path: attribute(text()),
    }),
  },
});

/** What does a TPM's work. */
export type TpmBackend = ValueOf<typeof backendShape>;
const backend: Shape<TpmBackend> = backendShape;

const tpmShape = shape({
  model: attribute(enumeration("tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy")).optional(),
  backend: element(backend),
  ...deviceFields,
});

/** A trusted platform module. */
export interface Tpm extends ValueOf<typeof tpmShape> {}

/** `<tpm>`. */
export const tpm: Shape<Tpm> = tpmShape;
