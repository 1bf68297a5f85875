/**
 * The runtime's side of automation: what is offered to recipes, playbooks and the command line as operations.
 *
 * @module
 */
export { ensureOperations, loadPlanner } from "./ensure/operations.ts";
