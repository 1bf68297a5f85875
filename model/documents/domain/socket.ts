/**
 * Sockets to programs of the host. Facts: libvirt formatdomain, `<reconnect>`.
 *
 * @module
 */
import { attribute, integer, shape, type ValueOf, yesNo } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const reconnectShape = shape({
  enabled: attribute(yesNo()),
  timeout: attribute(integer({ max: 2 ** 32 - 1 })).optional(),
}).check((reconnect, { refuse }) => {
  if (reconnect.enabled && reconnect.timeout === undefined) {
    refuse("", "The time between attempts to reconnect is missing", { expected: 'the attribute "timeout"' });
  }
  if (reconnect.enabled && reconnect.timeout === 0) {
    refuse("timeout", "There must be time between attempts to reconnect", { expected: "at least 1 second" });
  }
}).stored((reconnect) => {
  const { timeout: _, ...rest } = reconnect;
  return reconnect.enabled || reconnect.timeout === undefined ? reconnect : rest;
});

/** Whether a lost connection is made again, after so many seconds. */
export interface Reconnect extends ValueOf<typeof reconnectShape> {}

/** `<reconnect enabled='yes' timeout='10'/>`. */
export const reconnect: Shape<Reconnect> = reconnectShape;
