/**
 * Writes `docs/reference/` from the registry of operations: a page for each class of objects, and one about desired state.
 *
 * ```sh
 * deno run -A tools/reference_pages.ts
 * ```
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { operationCommand } from "../cli/operations/command.ts";
import { flagName, positionalFields } from "../cli/operations/input_flags.ts";
import { inputFields } from "../cli/operations/schema.ts";
import { kebab } from "../cli/words.ts";
import { callPath } from "../daemon/http/families/operations.ts";
import { errorCodes } from "../model/error.ts";
import { type ObjectClass, objectClasses } from "../model/object.ts";
import type { Cancellable, Operation } from "../model/operation.ts";
import { operations } from "../model/operations/mod.ts";
import { targetKeys } from "../playbook/compile/module.ts";
import { targetClasses } from "../runtime/control/addressing.ts";
import { desiredPage } from "./desired_page.ts";
import { formatted } from "./markdown.ts";
import { type FieldText, fieldTexts, resolved, schemaOf, typeText } from "./schema_text.ts";

/** Where the pages are, from the project's folder. */
export const folder = "docs/reference";

const made = "<!-- Made by: deno run -A tools/reference_pages.ts -->";

/** What recipes call a handle of a class. */
const handles: Readonly<Record<ObjectClass, string>> = {
  connection: "host",
  domain: "vm",
  snapshot: "snapshot",
  network: "network",
  networkPort: "port",
  pool: "pool",
  volume: "volume",
  interface: "nic",
  nodeDevice: "device",
  secret: "secret",
  filter: "filter",
  filterBinding: "binding",
};

const cancels: Readonly<Record<Cancellable, string>> = {
  "while-queued": "while it waits",
  "between-hops": "while it waits and while it goes on",
};

/** The pages as they should be, by their names. */
export async function referencePages(root: string): Promise<ReadonlyMap<string, string>> {
  const classes = [...new Set([...operations.values()].map(({ objectClass }) => objectClass))];
  const pages = new Map<string, string>([["README.md", indexPage(classes)]]);
  for (const objectClass of classes) pages.set(fileOf(objectClass), classPage(objectClass));
  pages.set("desired-state.md", `# Fields of desired objects\n\n${made}\n\n${desiredPage(root)}`);
  const done = await Promise.all(
    [...pages].map(async ([name, text]) => [name, await formatted(root, text)] as const),
  );
  return new Map(done);
}

function fileOf(objectClass: ObjectClass): string {
  return `${kebab(objectClass)}.md`;
}

function ofClass(objectClass: ObjectClass): readonly Operation[] {
  return [...operations.values()].filter((operation) => operation.objectClass === objectClass);
}

function indexPage(classes: readonly ObjectClass[]): string {
  const lists = classes.map((objectClass) => {
    const links = ofClass(objectClass).map(({ name, verb }) =>
      `[${verb}](${fileOf(objectClass)}#${anchor(name)})`
    );
    return `- **[${objectClasses[objectClass].label}](${fileOf(objectClass)})**: ${links.join(", ")}`;
  });
  const codes = Object.entries(errorCodes).map(([code, { libvirt, exit, retryable }]) =>
    `| \`${code}\` | ${exit} | ${libvirt} | ${retryable ? "yes" : ""} |`
  );
  return `# Reference

${made}

Everything that can be done is an operation of the registry, ${operations.size} in all. Each is a method of a handle in
recipes, a command, a module of playbooks and a route of the HTTP API, with one permission, one schema and one entry in
the journal. [Fields of desired objects](desired-state.md) are what \`ensure\` takes.

${lists.join("\n")}

## What all of them take

| in a recipe, behind the input | command | playbook | what it says |
|---|---|---|---|
| \`within\` | \`--within\` | \`within\` | how long it may take, waiting included: \`"90s"\`, \`"2m"\` |
| \`noWait\` | \`--no-wait\` | | fail at once where somebody holds the object |
| \`priority\` | \`--priority\` | | -10 to 10; higher goes first |
| \`signal\` | Ctrl-C | | cancels it |
| \`onProgress\` | shown | shown | hears how far it is |

Sizes and times have their unit in their name (\`memoryKib\`, \`timeoutMs\`); on the command line it is left out and a value
may have one: \`--memory 2GiB\`, \`--timeout 90s\`. Who may call what, and what the permissions mean:
[permissions.md](../permissions.md). The \`PATH\` of HTTP routes is \`${callPath}\`, see [http.md](../http.md).

## Errors

Any operation may fail with these; what is its own stands with it. The exit code is that of the \`drover\` command, the
number libvirt's, for its clients.

| code | exit | libvirt | trying again can help |
|---|---|---|---|
${codes.join("\n")}
`;
}

function classPage(objectClass: ObjectClass): string {
  const { label } = objectClasses[objectClass];
  return `# Operations on a ${label}

${made}

${ofClass(objectClass).map(operationText).join("\n\n")}
`.replace("# Operations on a interface", "# Operations on an interface");
}

/** As GitHub makes it of a heading. */
function anchor(name: string): string {
  return name.toLowerCase().replaceAll(".", "");
}

function operationText(operation: Operation): string {
  const input = schemaOf(operation.input, "input");
  const fields = fieldTexts(input, input);
  return `## ${operation.name}

${operation.summary}.

${[...facts(operation), ...ways(operation, fields)].map((fact) => `- ${fact}`).join("\n")}

${inputText(operation, fields)}

${outputText(operation)}`;
}

function facts(operation: Operation): readonly string[] {
  const {
    permission,
    also = [],
    filter,
    effect,
    job,
    cancel,
    reconcile,
    reaches,
    places = {},
    timeoutMs,
    undo,
  } = operation;
  const further = also.map(({ permission, field }) =>
    `\`${permission}\`${field === undefined ? "" : ` with \`${field}\``}`
  );
  const host = [
    ...(reaches === undefined
      ? []
      : [`what \`${reaches.field}\` reaches on the host needs \`host:*\` grants`]),
    ...Object.entries(places).map(([field, kind]) => `\`${field}\` needs \`host:${kind}\``),
  ];
  return [
    `**Needs** ${[`\`${permission}\``, ...further].join(", ")}${
      filter === undefined ? "" : `; shows those on which \`${filter}\` is granted`
    }${host.length === 0 ? "" : `; ${host.join("; ")}`}.`,
    effect === "read"
      ? `**Reads only**${job === "none" ? ", and waits for nobody" : `; takes the slot \`${job}\``}.`
      : `**Writes**; takes the slot \`${job}\`. A cancel reaches it ${
        cancels[cancel]
      }. Where the link breaks, ${
        reconcile === "by-state"
          ? "what became of it is found out by looking"
          : "nothing can tell what became of it (`outcome-unknown`)"
      }.${undo === undefined ? "" : ` Taken back by \`${undo}\`.`}`,
    `Ends after ${timeoutMs / 1000} s (\`timed-out\`) unless \`within\` says otherwise.`,
  ];
}

function ways(operation: Operation, fields: readonly FieldText[]): readonly string[] {
  const { name, objectClass, verb, on, as, aliases = [] } = operation;
  const required = fields.filter((field) => field.required).map((field) => field.name);
  const given = fields.length === 0 ? "" : required.length === 0 ? "{…}" : `{ ${required.join(", ")} }`;
  const prefix = ["drover", kebab(objectClass), kebab(verb)];
  const command = operationCommand(operation).formatUsageLine({
    prefix,
    config: {} as never,
    ansiColor: false,
  });
  const keys = [
    ...targetKeys(operation).map((key) => `${key}: …`),
    ...required.map((field) => `${field}: …`),
  ];
  const names = targetClasses(operation).map((each) => `"${kebab(each)}"`);
  return [
    `Recipe: \`await ${handles[on]}.${as}(${given})\``,
    `Command: \`${command}\`${
      aliases.length === 0 ? "" : `; virsh's ${aliases.map((alias) => `\`${alias}\``).join(", ")}`
    }`,
    `Playbook: \`${name}:${keys.length === 0 ? "" : ` { ${keys.join(", ")} }`}\``,
    `HTTP: \`POST ${callPath.replace("{operation}", name)}\`${
      names.length === 0 ? "" : ` with \`"target": [${names.join(", ")}]\``
    }`,
  ];
}

function inputText(operation: Operation, fields: readonly FieldText[]): string {
  if (fields.length === 0) return "It takes nothing.";
  const known = inputFields(operation);
  const places = positionalFields(known).map((field) => field.name);
  const flags = new Map(known.map((field) => [field.name, `--${kebab(flagName(field))}`]));
  const secret = operation.secretInput ?? [];
  const lines = fields.map((field) => {
    const flag = flags.get(field.name);
    const about = [
      field.type,
      ...(field.required ? ["**required**"] : []),
      ...(field.default === undefined ? [] : [`default \`${JSON.stringify(field.default)}\``]),
      ...(secret.includes(field.name) ? ["secret: in no journal or log"] : []),
      ...(flag === undefined ? [] : [`\`${flag}\`${places.includes(field.name) ? " or argument" : ""}`]),
    ];
    return `- \`${field.name}\`: ${about.join("; ")}${
      field.description === undefined ? "" : `. ${field.description}`
    }`;
  });
  return `Input:\n\n${lines.join("\n")}`;
}

function outputText(operation: Operation): string {
  const root = schemaOf(operation.output, "output");
  const whole = resolved(root, root);
  const isList = whole.type === "array" && whole.items !== undefined;
  const one = isList ? resolved(whole.items ?? {}, root) : whole;
  const fields = fieldTexts(one, root);
  const isReference = one.properties?.["$ref"] !== undefined;
  if (isReference || fields.length === 0) {
    const type = typeText(whole, root);
    return type === "object" || type === "{  }" ? "It answers nothing." : `Output: ${type}.`;
  }
  const lines = fields.map(({ name, required, type, description }) =>
    `- \`${name}${required ? "" : "?"}\`: ${type}${description === undefined ? "" : `. ${description}`}`
  );
  return `Output${isList ? ", for each" : ""}:\n\n${lines.join("\n")}`;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("../", import.meta.url));
  await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  for (const [name, text] of await referencePages(root)) {
    await Deno.writeTextFile(`${root}/${folder}/${name}`, text);
  }
}
