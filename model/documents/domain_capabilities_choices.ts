/**
 * What can be chosen, in domain capabilities. Facts: libvirt formatdomaincaps.
 *
 * @module
 */
import { attribute, elements, shape, text, type ValueOf, yesNo } from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

/** Whether there is something, and the words that its attributes can hold. */
export const choicesFields = {
  supported: attribute(yesNo()),
  enums: elements("enum", { name: attribute(text()), values: elements("value", text()) }),
};

const choicesShape = shape(choicesFields);

/** Whether there is something, and the words that its attributes can hold. */
export interface Choices extends ValueOf<typeof choicesShape> {}

/** `<disk supported='yes'><enum name='bus'>…`. */
export const choices: Shape<Choices> = choicesShape;
