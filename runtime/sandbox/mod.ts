/**
 * Recipes in sandboxes.
 *
 * @module
 */
export { type Budget, defaultBudget } from "./budget.ts";
export { type SandboxBundle, sandboxBundle } from "./bundle.ts";
export type { RecipeGraph, RecipeModule } from "./graph.ts";
export { type IsolationLevel, isolationLevels, probeIsolation } from "./isolation.ts";
export { type LaunchOptions, launchSandbox, prepareRecipe } from "./launch.ts";
export { sweepScratch } from "./scratch.ts";
