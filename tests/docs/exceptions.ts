/**
 * Pieces of code in the documentation that no test runs, compiles or reads, each with its reason. This list only shrinks.
 *
 * @module
 */

/** By page and first line. */
export const exceptions: Readonly<Record<string, string>> = {
  "docs/architecture.md: // model/operations/domain.ts":
    "a sketch of the feel, as the page says, and no contract",
  "docs/documents.md: attribute(text()); // attribute, named as the property":
    "one form a line, of things that are named nowhere; model/documents/ is made of them",
  "docs/documents.md: const disk = shape({":
    "a part of a description; model/documents/domain/disk.ts is the whole",
  'docs/documents.md: const backingStore = shape({…}).by("type", { file, block }, { otherwise: {} }); // <backingStore/> ends a chain':
    "a part of a description, with an ellipsis",
  "docs/documents.md: shape({…})": "a part of a description, with an ellipsis",
  "docs/documents.md: testConformance({": "a part of a test; tests/model/documents/ has the whole ones",
  'docs/recipes.md: import { simulate } from "drover/testing";':
    "imports a recipe of the reader's own; tests/recipes/ has the like",
  "docs/recipes.md: await using lab = await simulate({": "a part of a test; tests/testing/ has the like",
};
