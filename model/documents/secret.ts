/**
 * The secret document: what a secret is for, never its value. Facts: libvirt formatsecret.
 *
 * @module
 */
import { attribute, document, element, shape, text, uuid, type ValueOf, yesNo } from "./language/mod.ts";
import type { Description } from "./language/mod.ts";

const usageShape = shape({}).by("type", {
  none: {},
  volume: { volume: element(text()) },
  ceph: { name: element(text()) },
  iscsi: { target: element(text()) },
  tls: { name: element(text()) },
  vtpm: { name: element(text()) },
});

/** What a secret unlocks. */
export type SecretUsage = ValueOf<typeof usageShape>;

const secretShape = shape({
  ephemeral: attribute(yesNo()).default(false),
  private: attribute(yesNo()).default(false),
  uuid: element(uuid()).optional(),
  description: element(text()).optional(),
  usage: element(usageShape).optional(),
}).normalise((secret, { context }) => {
  const { usage, ...rest } = secret;
  const used = usage?.type === "none" ? rest : secret;
  return used.uuid === undefined && context.newUuid !== undefined
    ? { ...used, uuid: context.newUuid() }
    : used;
});

/** What is known of a secret beside its value. */
export interface Secret extends ValueOf<typeof secretShape> {}

/** `<secret>`. */
export const secret: Description<Secret> = document("secret", secretShape, { title: "secret" });
