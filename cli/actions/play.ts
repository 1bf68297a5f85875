/**
 * `drover play`.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import {
  type Compiled,
  convertPlaybook,
  nameOf,
  playbookSchema,
  readData,
  readYaml,
  tasksOf,
} from "../../playbook/mod.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { RunView } from "../../runtime/control/methods.ts";
import type { PlayFlags } from "../commands/play.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { PlayView } from "../live/play_view.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { plain, plainJson } from "../output/plain.ts";
import { connectionUri, stateDirectory } from "../settings.ts";
import { followRun } from "./follow.ts";
import { compilePlay } from "./play_compile.ts";
import { isLive, localFiles } from "./play_inventory.ts";
import { PlayRecord } from "./play_record.ts";
import { writePlay, writeReader, type Written } from "./play_folder.ts";
import { recipePath } from "./recipe_path.ts";
import { secretSources } from "./secret_sources.ts";

/** Runs a playbook, goes on with one, or says what it holds. */
export async function play(this: DroverContext, flags: PlayFlags, file?: string): Promise<void> {
  if (flags.resume !== undefined) return await resume(this, flags, flags.resume);
  if (flags.schema === true) return void this.io.stdout.write(`${plainJson(playbookSchema(), 2)}\n`);
  if (file === undefined) {
    throw new VirtError("invalid-argument", "FILE is missing", {
      hint: "Name a playbook: drover play site.yml",
    });
  }
  if (/\.[cm]?[jt]s$/.test(file)) return await playProgram(this, flags, file);
  const text = await localFiles.readText(file);
  if (flags.fromAnsible === true) return await convert(this, { text, file, to: flags.outputFile });
  const source = readYaml(text, file);
  // An inventory of files needs no kernel: the sandbox can start while that comes up.
  if (!isLive(flags)) {
    const compiled = await compile(this, { flags, file, source });
    if (tellOnly(this, { flags, compiled })) return;
    const written = await writePlay(compiled, stateDirectory(this.io, flags.stateDir));
    await using control = await openFor(this, flags, { written, uris: Object.values(compiled.uris) });
    return await start(this, { flags, compiled, path: written.recipe, control });
  }
  await using control = await openFor(this, flags);
  const compiled = await compile(this, { flags, file, source, control });
  if (tellOnly(this, { flags, compiled })) return;
  const { recipe: path } = await writePlay(compiled, stateDirectory(this.io, flags.stateDir));
  await start(this, { flags, compiled, path, control });
}

/** A playbook in TypeScript: its module is loaded in a sandbox without any right, and answers the plays. */
async function playProgram(context: DroverContext, flags: PlayFlags, file: string): Promise<void> {
  const { io } = context;
  const directory = stateDirectory(io, flags.stateDir);
  const level = flags.sandbox ?? "best";
  const reader = await writeReader(await recipePath(file), directory);
  await using control = await openFor(context, flags, { written: reader });
  const read = await withInterrupt(context, (signal) =>
    control.request("runs.start", {
      file: reader.recipe,
      hosts: { host: "test:///default" },
      input: {},
      grants: [],
      sandbox: level,
    }, { signal }));
  if (read.error !== undefined) throw fromErrorData(read.error);
  const compiled = await compile(context, { flags, file, source: readData(read.result, file), control });
  if (tellOnly(context, { flags, compiled })) return;
  const { recipe: path } = await writePlay(compiled, directory);
  await start(context, { flags, compiled, path, control });
}

/** Converts a playbook; leaves with 1 where something of it could not be. */
async function convert(
  context: DroverContext,
  { text, file, to }: { readonly text: string; readonly file: string; readonly to: string | undefined },
): Promise<void> {
  const { io } = context;
  const { text: made, notes } = convertPlaybook(text, file);
  if (to === undefined) io.stdout.write(made);
  else await Deno.writeTextFile(to, made);
  for (const { at: [, line, column], text: said, lost } of notes) {
    io.stderr.write(`${plain(file)}:${line}:${column}: ${lost ? "not converted" : "note"}: ${plain(said)}\n`);
  }
  if (notes.some(({ lost }) => lost)) context.leaveWith(exitCode.error);
}

function openFor(
  { io, openControl }: DroverContext,
  flags: PlayFlags,
  early?: { readonly written: Written; readonly uris?: readonly string[] },
): Promise<Control> {
  const level = flags.sandbox ?? "best";
  return openControl({
    io,
    stateDirectory: stateDirectory(io, flags.stateDir),
    uris: early?.uris ?? [],
    ...(early === undefined ? {} : { recipe: { ...early.written, level } }),
  });
}

interface Reading {
  readonly flags: PlayFlags;
  readonly file: string;
  readonly source: ReturnType<typeof readYaml>;
  readonly control?: Control;
}

async function compile(context: DroverContext, { flags, file, source, control }: Reading): Promise<Compiled> {
  const { io } = context;
  const uriOf = (name: string | undefined): string => connectionUri(io, name);
  return await withInterrupt(
    context,
    (signal, interrupt) =>
      compilePlay({ ...flags, file, source, defaultUri: uriOf(flags.connect) }, {
        uriOf,
        ...(control === undefined ? {} : {
          ask: async (uri, { operation, target }) => {
            const names = target === undefined ? [] : [target.name];
            const outcome = await control.request(
              "operation.call",
              { operation, uri, target: names, input: {} },
              { signal, ...askersFor({ io, screen: freeScreen, interrupt, noPrompt: flags.noPrompt }) },
            );
            if (outcome.kind !== "done") throw fromErrorData(outcome.error);
            return outcome.value;
          },
        }),
      }),
  );
}

interface Starting {
  readonly flags: PlayFlags;
  readonly compiled: Compiled;
  readonly path: string;
  readonly control: Control;
}

async function start(context: DroverContext, { flags, compiled, path, control }: Starting): Promise<void> {
  const { io } = context;
  const { policy } = flags;
  const grants = [
    ...flags.allow ?? [],
    ...policy === undefined ? [] : await (await import("./policy.ts")).readPolicy(io, policy),
  ];
  const secrets = await secretSources(io, flags);
  await follow(context, {
    flags,
    control,
    begin: (options) =>
      control.request("runs.start", {
        file: path,
        hosts: { ...compiled.uris },
        input: {},
        grants,
        grantNeeds: flags.yes ?? false,
        ...secrets,
        sandbox: flags.sandbox ?? "best",
        detach: false,
      }, options),
  });
}

async function resume(context: DroverContext, flags: PlayFlags, id: string): Promise<void> {
  await using control = await openFor(context, flags);
  const { secrets } = await secretSources(context.io, flags);
  await follow(context, {
    flags,
    control,
    begin: (options) =>
      control.request(
        "runs.resume",
        {
          id,
          detach: false,
          grants: [...flags.allow ?? []],
          assume: {},
          ...(secrets === undefined ? {} : { secrets }),
        },
        options,
      ),
  });
}

type Begin = Parameters<typeof followRun>[1]["begin"];

async function follow(
  context: DroverContext,
  { flags, control, begin }: { readonly flags: PlayFlags; readonly control: Control; readonly begin: Begin },
): Promise<void> {
  const { io } = context;
  const format = flags.output ?? "table";
  const forPeople = format === "table" || format === "wide";
  const record = new PlayRecord();
  await followRun(context, {
    control,
    format,
    owns: true,
    noPrompt: flags.noPrompt,
    screen: forPeople ? new PlayView({ io, sink: io.stdout }) : record,
    begin,
    tell: (run: RunView) => Promise.resolve(record.tell(run, { io, format })),
  });
}

/** `--list-hosts` and its like: says what is there and leaves. */
function tellOnly(
  { io }: DroverContext,
  { flags, compiled: { program } }: { readonly flags: PlayFlags; readonly compiled: Compiled },
): boolean {
  const { listHosts, listTasks, listTags, syntaxCheck } = flags;
  if ([listHosts, listTasks, listTags, syntaxCheck].every((flag) => flag !== true)) return false;
  const plays = program.plays.map((each) => ({
    play: each.name,
    hosts: each.targets,
    tasks: each.sections.flatMap(tasksOf).map((task) => ({ name: nameOf(task), tags: task.tags })),
  }));
  if (flags.output === "json" || flags.output === "ndjson") {
    io.stdout.write(
      `${plainJson({ version: 1, kind: "playbook", item: { playbook: program.name, plays } }, 2)}\n`,
    );
    return true;
  }
  io.stdout.write(`\nplaybook: ${plain(program.name)}\n`);
  if (syntaxCheck === true && listHosts !== true && listTasks !== true && listTags !== true) return true;
  for (const [index, { play: name, hosts, tasks }] of plays.entries()) {
    const tags = [...new Set(tasks.flatMap((task) => task.tags))].toSorted();
    io.stdout.write(`\n  play #${index + 1} (${plain(name)}): ${plain(name)}\tTAGS: []\n`);
    if (listHosts === true) {
      io.stdout.write(
        `    hosts (${hosts.length}):\n${hosts.map((host) => `      ${plain(host)}\n`).join("")}`,
      );
    }
    if (listTasks === true) {
      const lines = tasks.map((task) =>
        `      ${plain(task.name)}\tTAGS: [${plain(task.tags.join(", "))}]\n`
      );
      io.stdout.write(`    tasks:\n${lines.join("")}`);
    }
    if (listTags === true) io.stdout.write(`      TASK TAGS: [${plain(tags.join(", "))}]\n`);
  }
  return true;
}
