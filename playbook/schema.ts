/**
 * The JSON schema of playbooks, for editors: made from the registry of operations, so that it knows what the command knows.
 *
 * @module
 */
import { z } from "zod";
import { operations } from "../model/operations/mod.ts";
import { blockKeys, taskKeys } from "./compile/task.ts";
import { metas, waits } from "./compile/built_in.ts";
import { ensureKinds, fileKeysOf, inputShape, targetKeys } from "./compile/module.ts";
import { playKeys } from "./compile/playbook.ts";

/** A JSON schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const anything: JsonSchema = {};
/** A text with an expression in it may stand for whatever it gives. */
const template: JsonSchema = { type: "string", pattern: "\\{\\{" };
const condition: JsonSchema = {
  anyOf: [{ type: ["string", "boolean"] }, { type: "array", items: { type: ["string", "boolean"] } }],
};
const texts: JsonSchema = { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] };
const tasks: JsonSchema = { type: ["array", "null"], items: { $ref: "#/$defs/task" } };
const vars: JsonSchema = { type: "object", propertyNames: { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" } };
const share: JsonSchema = {
  anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: "^\\d+(\\.\\d+)?%$" }],
};
const flag: JsonSchema = { anyOf: [{ type: "boolean" }, template] };

const known: Readonly<Record<string, JsonSchema>> = {
  name: { type: "string" },
  hosts: { ...texts, description: "A pattern over the inventory: web:&prod:!web-3" },
  vars,
  vars_files: texts,
  secrets: {
    type: "object",
    propertyNames: { pattern: "^[A-Za-z]\\w{0,63}$" },
    additionalProperties: { type: ["string", "null"] },
    description: "Secrets by name, with what each is for; where they come from is said with --secret",
  },
  tasks,
  pre_tasks: tasks,
  post_tasks: tasks,
  handlers: tasks,
  block: tasks,
  rescue: tasks,
  always: tasks,
  serial: { anyOf: [share, { type: "array", items: share }] },
  forks: { type: "integer", minimum: 1 },
  strategy: { enum: ["linear", "free"] },
  max_fail: share,
  max_fail_percentage: { type: "integer", minimum: 0, maximum: 100 },
  anti_affinity: { type: "string", description: "host, or the name of a variable" },
  any_errors_fatal: { type: "boolean" },
  force_handlers: { type: "boolean" },
  delegate_facts: { type: "boolean" },
  when: condition,
  changed_when: condition,
  failed_when: condition,
  until: condition,
  register: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
  notify: texts,
  listen: texts,
  tags: texts,
  ignore_errors: flag,
  ignore_unreachable: flag,
  run_once: flag,
  check_mode: flag,
  diff: flag,
  no_log: flag,
  throttle: { type: "integer", minimum: 0 },
  loop_control: {
    type: "object",
    properties: { loop_var: {}, index_var: {}, label: {}, pause: {}, extended: {} },
    additionalProperties: false,
  },
};

/** The JSON schema of playbooks. */
export function playbookSchema(): JsonSchema {
  const modules = moduleSchemas();
  const properties = (keys: readonly string[]): Record<string, JsonSchema> =>
    Object.fromEntries(keys.map((key) => [key, known[key] ?? anything]));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Playbook of Drover",
    type: "array",
    items: {
      anyOf: [
        {
          type: "object",
          properties: properties(playKeys),
          required: ["hosts"],
          additionalProperties: false,
        },
        {
          type: "object",
          properties: { import_playbook: { type: "string" } },
          required: ["import_playbook"],
        },
      ],
    },
    $defs: {
      task: {
        anyOf: [
          {
            type: "object",
            properties: properties(blockKeys),
            required: ["block"],
            additionalProperties: false,
          },
          {
            type: "object",
            properties: { ...properties(taskKeys), ...modules, import_tasks: texts, include_tasks: texts },
            additionalProperties: false,
          },
        ],
      },
    },
  };
}

function moduleSchemas(): Record<string, JsonSchema> {
  const made: Record<string, JsonSchema> = {
    debug: fields({ msg: anything, var: { type: "string" }, verbosity: anything }, { nothing: true }),
    set_fact: vars,
    assert: fields({
      that: condition,
      fail_msg: anything,
      msg: anything,
      success_msg: anything,
      quiet: anything,
    }),
    fail: fields({ msg: anything }, { nothing: true }),
    pause: {
      anyOf: [
        { type: ["number", "string"] },
        fields({ seconds: anything, minutes: { type: "integer" }, for: anything }),
      ],
    },
    meta: { enum: [...metas] },
    recipe: { anyOf: [{ type: "string" }, fields({ file: { type: "string" }, input: { type: "object" } })] },
    wait: {
      anyOf: [
        { enum: Object.keys(waits) },
        fields({
          for: { enum: Object.keys(waits) },
          domain: anything,
          ...Object.fromEntries(Object.values(waits).flat().map((key) => [key, anything])),
        }),
      ],
    },
  };
  for (const operation of operations.values()) {
    const keys = targetKeys(operation);
    const input: Record<string, JsonSchema> = Object.fromEntries(
      keys.map((key) => [key, { type: "string" }]),
    );
    if (keys.length > 0) input["name"] = { type: "string" };
    for (const [key, schema] of Object.entries(inputShape(operation))) {
      input[key] = orTemplate(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
      if (key === "xml" || key === operation.reaches?.field) Object.assign(input, fileFields(key));
    }
    if (operation.name === "domain.shutdown") input["otherwise"] = { enum: ["destroy", "fail"] };
    made[operation.name] = {
      description: operation.summary,
      anyOf: [{ type: ["string", "null"] }, fields(input)],
    };
  }
  for (const [kind, { properties = {} }] of ensureKinds) {
    const own = Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => [key, orTemplate(schema)]),
    );
    made[`ensure.${kind}`] = {
      description: `A ${kind} as it shall be`,
      ...fields({ ...own, ...Object.hasOwn(own, "xml") ? fileFields("xml") : {} }),
    };
  }
  return made;
}

/** A document may lie in a file. */
function fileFields(field: string): Record<string, JsonSchema> {
  return Object.fromEntries(fileKeysOf(field).map((key) => [key, { type: "string" }]));
}

function fields(
  properties: Readonly<Record<string, JsonSchema>>,
  { nothing = false }: { readonly nothing?: boolean } = {},
): JsonSchema {
  return { type: nothing ? ["object", "null"] : "object", properties, additionalProperties: false };
}

function orTemplate(schema: unknown): JsonSchema {
  const { $schema: _, $defs: shared, ...rest }: Record<string, unknown> =
    typeof schema === "object" && schema !== null ? { ...schema } : {};
  // References to objects are names here; their shape is the runtime's.
  if (shared !== undefined) return anything;
  const { description, ...own } = rest;
  return { ...(description === undefined ? {} : { description }), anyOf: [own, template] };
}
