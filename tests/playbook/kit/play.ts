/**
 * Playbooks over simulated hosts, within the test.
 *
 * @module
 */
import { playRecipe, type ProgramResult } from "../../../playbook/engine/mod.ts";
import {
  type Compiled,
  compilePlaybook,
  extraVars,
  type Files,
  InventoryBuilder,
  readInventory,
  readYaml,
} from "../../../playbook/mod.ts";
import { VirtError } from "../../../model/error.ts";
import { type RunStory, simulate, type SimulateOptions } from "../../../testing/mod.ts";

/** What a playbook is tried with. */
export interface TryOptions extends Pick<SimulateOptions, "faults" | "latency" | "guests"> {
  /** The inventory, as a file would hold it. @default web-1 to web-3, each a domain of one host */
  readonly inventory?: string;
  readonly inventoryName?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly extra?: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly startAt?: string;
  readonly hypervisor?: SimulateOptions["hypervisor"];
  readonly grants?: readonly string[];
}

/** What a playbook did. */
export interface Tried {
  readonly story: RunStory<ProgramResult>;
  /** What it said, line by line, without the stars. */
  readonly lines: readonly string[];
  /** The counters of each host, as the last lines tell them. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** web-1 to web-3, each a domain of one host. */
export const threeDomains = `
all:
  vars:
    uri: test:///default
  children:
    web:
      hosts:
        web-1: { domain: web-1 }
        web-2: { domain: web-2 }
        web-3: { domain: web-3 }
`;

/** Files that are in memory. */
export function memoryFiles(files: Readonly<Record<string, string>>): Files {
  return {
    readText: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new VirtError("not-found", `Cannot read "${path}": there is no such file`))
        : Promise.resolve(text);
    },
    list: (path) => {
      const prefix = `${path}/`;
      const names = Object.keys(files).filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length).split("/")[0] ?? "");
      return Promise.resolve(names.length === 0 ? undefined : [...new Set(names)]);
    },
  };
}

/** Reads a playbook. */
export async function compiled(text: string, options: TryOptions = {}): Promise<Compiled> {
  const name = options.inventoryName ?? "/pb/hosts.yml";
  const files = memoryFiles({ ...options.files, [name]: options.inventory ?? threeDomains });
  const builder = new InventoryBuilder();
  await readInventory(name, { builder, files });
  return await compilePlaybook({
    file: "site.yml",
    folder: "/pb",
    source: readYaml(text, "site.yml"),
    inventory: builder.build(),
    files,
    defaultUri: "test:///default",
    extra: await extraVars(options.extra ?? [], files),
    check: options.check ?? false,
    diff: options.diff ?? false,
    forks: 5,
    limit: options.limit,
    selection: { tags: options.tags ?? [], skipTags: options.skipTags ?? [], startAt: options.startAt },
  });
}

const defaultHost: NonNullable<SimulateOptions["hypervisor"]> = {
  domains: [{ name: "web-1" }, { name: "web-2" }, { name: "web-3" }],
};

/** Runs a playbook over a simulated host. */
export async function tryPlay(text: string, options: TryOptions = {}): Promise<Tried> {
  const { program, uris } = await compiled(text, options);
  const { hypervisor = defaultHost, faults, latency, guests } = options;
  await using lab = await simulate({
    hypervisors: Object.fromEntries(Object.keys(uris).map((name) => [name, hypervisor])),
    ...(faults === undefined ? {} : { faults }),
    ...(latency === undefined ? {} : { latency }),
    ...(guests === undefined ? {} : { guests }),
  });
  const story = await lab.run(
    playRecipe(program),
    options.grants === undefined ? {} : { grants: options.grants },
  );
  const said = story.logs.filter(({ fields }) => fields["play"] !== undefined);
  return {
    story,
    lines: said.map(({ message }) => message.replace(/ \*+$/, "")),
    counts: Object.fromEntries(
      said.filter(({ fields }) => fields["play"] === "counts").map(({ fields }) => [
        String(fields["target"]),
        fields["counters"] as Record<string, number>,
      ]),
    ),
  };
}
