/**
 * The command line put together: fixed commands, and those of the registry when they are meant.
 *
 * @module
 */
import {
  type Application,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type Command,
  type RouteMap,
} from "@stricli/core";
import manifest from "../deno.json" with { type: "json" };
import { auditCommand } from "./commands/audit.ts";
import { consoleCommand } from "./commands/console.ts";
import { daemonRoutes } from "./commands/daemon.ts";
import { eventsCommand, virshEventCommands } from "./commands/events.ts";
import { jobsRoutes } from "./commands/jobs.ts";
import { playCommand } from "./commands/play.ts";
import { driftCommand, planCommand, runCommand } from "./commands/run.ts";
import { runsRoutes } from "./commands/runs.ts";
import { scheduleRoutes } from "./commands/schedule.ts";
import { completionsCommand, doctorCommand, kernelCommand, newRoutes, xmlCommand } from "./commands/tools.ts";
import type { DroverContext } from "./context.ts";
import { painter } from "./output/colour.ts";
import { exitOf } from "./output/error.ts";
import { applicationText } from "./usage.ts";
import { kebab } from "./words.ts";

type Route = Command<DroverContext> | RouteMap<DroverContext>;

/** `drover __complete …` is answered before any command is looked up; it stands here so that it is known. */
export const completeWord = "__complete";

const fixedRoutes: Readonly<Record<string, Route>> = {
  run: runCommand,
  plan: planCommand,
  drift: driftCommand,
  play: playCommand,
  runs: runsRoutes,
  schedule: scheduleRoutes,
  jobs: jobsRoutes,
  audit: auditCommand,
  events: eventsCommand,
  daemon: daemonRoutes,
  xml: xmlCommand,
  new: newRoutes,
  doctor: doctorCommand,
  completions: completionsCommand,
  __kernel: kernelCommand,
  console: consoleCommand,
  ...virshEventCommands,
};

/** Those that only programs call, and virsh's names for what has another one. */
const hiddenRoutes: readonly string[] = ["__kernel", "console", ...Object.keys(virshEventCommands)];

/** The command line for some words, and the words as it takes them. */
export interface Arranged {
  readonly app: Application<DroverContext>;
  readonly inputs: readonly string[];
}

/** Flags that may stand before the command, as virsh has them there: `drover -c URI list`. */
const leadingFlags: ReadonlySet<string> = new Set(["-c", "--connect", "-o", "--output", "--state-dir"]);

/** Moves flags that stand before the command behind everything else. */
export function hoist(args: readonly string[]): readonly string[] {
  const leading: string[] = [];
  let at = 0;
  for (let arg = args[at]; arg !== undefined; arg = args[at]) {
    if (/^--(connect|output|state-dir)=/.test(arg)) {
      leading.push(arg);
      at++;
    } else if (leadingFlags.has(arg) && args[at + 1] !== undefined) {
      leading.push(arg, args[at + 1] ?? "");
      at += 2;
    } else break;
  }
  const rest = args.slice(at);
  const escape = rest.indexOf("--");
  return escape < 0 ? [...rest, ...leading] : [...rest.slice(0, escape), ...leading, ...rest.slice(escape)];
}

/** `drover help domain start`, as virsh has it, is `drover domain start --help`. */
function withoutHelpWord(inputs: readonly string[]): readonly string[] {
  return inputs[0] === "help" ? [...inputs.slice(1), "--help"] : inputs;
}

/** A command that is only there for its name, where another one is meant. */
const unbuilt: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: {
    help: buildCommand<Record<never, never>, [], DroverContext>({
      docs: { brief: "" },
      parameters: {},
      func: () => {},
    }),
  },
  docs: { brief: "" },
});

/** The command line for `args`. The registry is loaded only where no fixed command is meant. */
export async function arrange(args: readonly string[], context: DroverContext): Promise<Arranged> {
  const inputs = withoutHelpWord(hoist(args));
  const [first] = inputs;
  if (first !== undefined && Object.hasOwn(fixedRoutes, first)) {
    return { app: application(fixedRoutes, context), inputs };
  }
  const { objectNouns, objectRoutes, virshAliases, workWith } = await import("./operations/command.ts");
  const { virshListWords } = await import("./operations/virsh_list.ts");
  const { fromVirsh } = await import("./operations/virsh_words.ts");
  const aliases = virshAliases();
  const alias = first === undefined ? undefined : aliases.get(first);
  const nouns = objectNouns();
  const isNoun = nouns.some((noun) => kebab(noun) === first);
  let words = inputs;
  if (first !== undefined && alias !== undefined && !isNoun) {
    const own = [kebab(alias.objectClass), kebab(alias.verb)] as const;
    const { command = own, words: ours } = fromVirsh(first, inputs.slice(1));
    words = [...command, ...virshListWords(alias, ours)];
  }
  const routes: Record<string, Route> = { ...fixedRoutes };
  for (const noun of nouns) {
    routes[noun] = kebab(noun) === words[0] ? objectRoutes(noun) : {
      ...unbuilt,
      brief: workWith(noun),
      formatUsageLine: ({ prefix }) => `${prefix.join(" ")} VERB ...`,
    };
  }
  const aliasRoutes = Object.fromEntries(
    [...aliases.keys()].filter((name) => !Object.hasOwn(routes, name)).map((name) => [name, unbuilt]),
  );
  return {
    app: application({ ...routes, ...aliasRoutes }, context, Object.keys(aliasRoutes)),
    inputs: words,
  };
}

function application(
  routes: Readonly<Record<string, Route>>,
  { io }: DroverContext,
  hidden: readonly string[] = [],
): Application<DroverContext> {
  const root = buildRouteMap<string, DroverContext>({
    routes,
    docs: {
      brief: "Virtualization automation you script",
      fullDescription: "Virtualization automation you script.\n" +
        "Objects: drover OBJECT VERB, for instance drover domain start web-1. virsh's names are understood too:\n" +
        "drover list, drover start web-1, drover dumpxml web-1.\n" +
        "Connections are libvirt's URIs, or aliases in libvirt.conf; without -c: DROVER_DEFAULT_URI,\n" +
        "LIBVIRT_DEFAULT_URI, uri_default in libvirt.conf, or test:///default.",
      hideRoute: Object.fromEntries([...hiddenRoutes, ...hidden].map((name) => [name, true])),
    },
  });
  return buildApplication<DroverContext>(root, {
    name: "drover",
    versionInfo: { currentVersion: manifest.version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: true },
    completion: { includeAliases: false, includeHiddenRoutes: true },
    localization: { text: applicationText(painter(io, io.stderr)) },
    determineExitCode: exitOf,
  });
}
