/**
 * Shapes that inputs and outputs of several operations have in common.
 *
 * @module
 */
import { z } from "zod";
import type { SecretHandle } from "../secret.ts";

/** The largest size in KiB whose bytes are still exact. */
const greatestKib = Number.MAX_SAFE_INTEGER / 1024;

/** A name, UUID or id to look something up by. */
export const lookupName = z.string().min(1).max(1024);

/** Which of two a name to look up is. */
export const nameOrUuid = z.enum(["name", "uuid"]).optional().describe(
  "Which of them it is; the first that fits",
);

/** A definition as XML text. */
export const xmlText = z.string().min(1).max(8 * 1024 * 1024);

/**
 * A field that takes a secret value. A recipe may give a handle in its place: the runtime puts the value in before the
 * input is checked, so that no schema ever meets one.
 */
export function secretField<S extends z.ZodType>(
  schema: S,
): z.ZodType<z.output<S>, z.input<S> | SecretHandle> {
  return schema as unknown as z.ZodType<z.output<S>, z.input<S> | SecretHandle>;
}

/** A size in KiB. */
export const kibibytes = z.int().min(1).max(greatestKib);

/** A size or place in bytes. */
export const bytes = z.int().min(0);

/** Processors: `0-3,8,^2`. */
export const cpuSet = z.string().regex(/^\^?\d+(-\d+)?(,\^?\d+(-\d+)?)*$/).max(4096).describe(
  "Processors of the host: 0-3,8,^2",
);

/** Which of a domain's two definitions a change concerns. */
export const affect = {
  live: z.boolean().optional().describe(
    "Change the running domain. Where neither live nor config is said: the running one if it runs, else the definition",
  ),
  config: z.boolean().optional().describe("Change the definition that the next start uses"),
};

/** Which of a domain's two definitions is asked for. */
export const affectOne = {
  config: z.boolean().default(false).describe("Answer for the next start, not for the running domain"),
};

/** A path on the host. */
export const hostPath = z.string().startsWith("/").max(4096).describe("An absolute path on the host");

/** A path on the machine on which Drover runs. */
export const localPath = z.string().startsWith("/").max(4096).describe(
  "An absolute path on the machine on which Drover runs, without links in it",
);

/** The kinds of text that an object carries for people and programs. */
export const metadataKind = z.enum(["title", "description", "element"]).describe(
  "A title of one line, a description, or an XML element of a namespace of one's own",
);

/** What is asked for of what people and programs wrote about an object. */
export const metadataAsked = z.object({
  kind: metadataKind,
  uri: z.string().max(1024).optional().describe("The element's namespace"),
  config: z.boolean().default(false).describe("Of the definition that the next start uses"),
});

/** What people and programs write about an object. */
export const metadataGiven = z.object({
  kind: metadataKind,
  value: z.string().max(1024 * 1024).optional().describe("The text or the element; removed where not given"),
  uri: z.string().max(1024).optional().describe("The element's namespace"),
  key: z.string().regex(/^[A-Za-z_][\w.-]*$/).max(128).optional().describe("The element's namespace prefix"),
  ...affect,
});

/** Glob over names. */
export const nameGlob = z.string().max(1024).optional().describe("A glob over names: web-*");

/** Typed parameters by name, as libvirt has them. */
export const parameters = z.record(
  z.string().max(80),
  z.union([z.number(), z.string().max(4096), z.boolean()]),
);

/** Lets an operation through that would break what is made of an image, or uses it. */
export const evenIfNeeded = {
  evenIfNeeded: z.boolean().default(false).describe(
    "Although other images or domains need what goes or changes; they are broken then",
  ),
};

/** Nothing to say. */
export const nothing = z.object({});

/** Bytes. */
export const byteArray: z.ZodType<Uint8Array, Uint8Array> = z.instanceof(Uint8Array);
