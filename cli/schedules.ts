/**
 * The schedules of a host, with playbooks among what they run.
 *
 * @module
 */
import {
  type EngineLog,
  type OpenedSchedules,
  openSchedules,
  type PreparedWork,
  type PrepareOptions,
} from "../automation/schedule/mod.ts";
import { fromErrorData, VirtError } from "../model/error.ts";
import { readData, readYaml, type Source } from "../playbook/mod.ts";
import type { Host } from "../runtime/host.ts";
import { GrantAuthority, parseAllGrants } from "../runtime/permission/mod.ts";
import type { PlaybookWork } from "../runtime/schedule/description.ts";
import { compilePlay } from "./actions/play_compile.ts";
import { writePlay, writeReader } from "./actions/play_folder.ts";
import type { LiveQuestion } from "./actions/live_inventory.ts";
import { localFiles } from "./actions/play_inventory.ts";

/** Opens the schedules of a host. Nothing fires until they are served. */
export function schedulesOf(host: Host, options: { readonly log?: EngineLog } = {}): OpenedSchedules {
  return openSchedules({ ...options, host, playbook: (work, how) => preparePlaybook(host, { work, how }) });
}

/** Makes the recipe that carries a playbook out, as the files are now. */
async function preparePlaybook(
  host: Host,
  { work, how }: { readonly work: PlaybookWork; readonly how: PrepareOptions },
): Promise<PreparedWork> {
  const { uri: defaultUri, extraVars, kind: _kind, ...wish } = work;
  const given = Object.keys(how.given).length === 0 ? [] : [JSON.stringify(how.given)];
  const compiled = await compilePlay({
    ...wish,
    defaultUri,
    source: await readSource(host, { file: work.file, how }),
    extraVars: [...extraVars, ...given],
  }, { uriOf: (uri) => uri, ask: (uri, question) => answerOf(host, { uri, question, how }) });
  const { recipe } = await writePlay(compiled, host.stateDirectory);
  return { file: recipe, hosts: { ...compiled.uris }, input: {} };
}

/** A playbook that is a program says its plays in a sandbox, where it may do nothing else. */
async function readSource(
  host: Host,
  { file, how: { principal, sandbox, signal } }: { readonly file: string; readonly how: PrepareOptions },
): Promise<Source> {
  if (!/\.[cm]?[jt]s$/.test(file)) return readYaml(await localFiles.readText(file), file);
  const reader = await writeReader(await Deno.realPath(file), host.stateDirectory);
  signal.throwIfAborted();
  const active = await host.runs.start({
    file: reader.recipe,
    hosts: { host: "test:///default" },
    input: {},
    grants: [],
    sandbox,
    principal,
  });
  const { error, result } = await active.ended;
  if (error !== undefined) throw fromErrorData(error);
  return readData(result, file);
}

/** What a connection has, as far as the schedule's grants let it be seen. */
async function answerOf(
  { kernel, runs }: Host,
  { uri, question: { operation, target }, how: { grants, principal, signal } }: {
    readonly uri: string;
    readonly question: LiveQuestion;
    readonly how: PrepareOptions;
  },
): Promise<unknown> {
  const { clock } = kernel;
  const caller = { principal, since: clock.now() };
  const connection = await runs.connect(uri, { signal });
  const { outcome } = await kernel.call({
    connections: new Map([["host", connection]]),
    connection: "host",
    operation,
    ...(target === undefined ? {} : { target }),
    input: {},
    caller,
    signal,
    authority: new GrantAuthority({
      grants: parseAllGrants(grants, { now: caller.since }),
      clock,
      caller,
      uris: new Map([["host", uri]]),
    }),
  });
  if (outcome.kind === "done") return outcome.value;
  const { message, code, ...data } = outcome.error;
  throw new VirtError(code, `Cannot read the inventory from "${uri}": ${message}`, {
    ...(data.hint === undefined ? {} : { hint: data.hint }),
  });
}
