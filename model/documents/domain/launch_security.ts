/**
 * Guests whose memory the host cannot read. Facts: libvirt formatdomain, "Launch Security", "Key Wrap".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  hexadecimalInteger,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });

const memoryEncryption = {
  cbitpos: element(unsigned).optional(),
  reducedPhysBits: element(unsigned).optional(),
};

/** Read as hexadecimal, with or without `0x`. */
function policy(digits: number, max: number | bigint): ReturnType<typeof integer> {
  return integer({ base: 16, max, write: (value) => `0x${value.toString(16).padStart(digits, "0")}` });
}

const launchSecurityShape = shape({}).by("type", {
  sev: {
    kernelHashes: attribute(yesNo()).optional(),
    ...memoryEncryption,
    policy: element(policy(4, 2 ** 32 - 1)),
    handle: element(unsigned).optional().transient(),
    dhCert: element(text()).optional(),
    session: element(text()).optional(),
  },
  "sev-snp": {
    kernelHashes: attribute(yesNo()).optional(),
    authorKey: attribute(yesNo()).optional(),
    vcek: attribute(yesNo()).optional(),
    ...memoryEncryption,
    policy: element(policy(8, 2n ** 64n - 1n)),
    guestVisibleWorkarounds: element(text()).optional(),
    idBlock: element(text()).optional(),
    idAuth: element(text()).optional(),
    hostData: element(text()).optional(),
  },
  "s390-pv": {},
  tdx: {
    policy: element(hexadecimalInteger()).optional(),
    mrConfigId: element(text()).optional(),
    mrOwner: element(text()).optional(),
    mrOwnerConfig: element(text()).optional(),
    quoteGenerationService: element({ path: attribute(text()).optional() }).optional(),
  },
});

/** How the guest is protected from the host. */
export type LaunchSecurity = ValueOf<typeof launchSecurityShape>;

/** `<launchSecurity>`. */
export const launchSecurity: Shape<LaunchSecurity> = launchSecurityShape;

const keywrapShape = shape({
  ciphers: elements("cipher", {
    name: attribute(enumeration("aes", "dea")),
    state: attribute(onOff()),
  }),
}).check(({ ciphers }, { refuse }) => {
  ciphers.forEach(({ name }, index) => {
    if (ciphers.findIndex((each) => each.name === name) !== index) {
      refuse(`ciphers.${index}.name`, `The cipher "${name}" is given twice`);
    }
  });
}).stored(({ ciphers, ...rest }) => ({
  ...rest,
  ciphers: ciphers.toSorted((a, b) => a.name < b.name ? -1 : 1),
}));

/** Which keys of an S390 guest are wrapped. */
export interface KeyWrap extends ValueOf<typeof keywrapShape> {}

/** `<keywrap>`. */
export const keyWrap: Shape<KeyWrap> = keywrapShape;
