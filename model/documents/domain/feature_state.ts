/**
 * A feature that is on or off.
 *
 * @module
 */
import { attribute, onOff, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const stateShape = shape({ state: attribute(onOff()) });

/** Whether a feature is on. */
export interface FeatureState extends ValueOf<typeof stateShape> {}

/** `<relaxed state='on'/>`. */
export const featureState: Shape<FeatureState> = stateShape;
