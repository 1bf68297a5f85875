/**
 * The test driver: `test:///default` and simulated hosts of one's own.
 *
 * @module
 */
export { testDriver } from "./driver.ts";
