/**
 * Playbooks: read and checked here, carried out in the sandbox by `engine/`.
 *
 * @module
 */
export type { Program, Vars } from "./engine/program.ts";
export { type Compiled, type CompileOptions, compilePlaybook } from "./compile/playbook.ts";
export { nameOf, type Selection, tasksOf } from "./compile/select.ts";
export { type Inventory, InventoryBuilder } from "./inventory/inventory.ts";
export { matchHosts } from "./inventory/pattern.ts";
export { domainIn, uriIn } from "./inventory/place.ts";
export { type Files, readInventory, readVarsBeside } from "./inventory/read.ts";
export { extraVars } from "./extra.ts";
export { readData, readYaml, type Source } from "./source.ts";
export { type Conversion, type ConversionNote, convertPlaybook } from "./ansible/convert.ts";
export { playbookSchema } from "./schema.ts";
export { engineFiles, playModule, readerModule } from "./package.ts";
