/**
 * Drover: virtualization automation that you script. What a recipe imports as `"drover"`.
 *
 * @module
 */
export * from "./dsl/mod.ts";
