/**
 * Drover as a playbook and as a recipe beside Ansible and a script in Python, on one libvirtd: twenty domains are defined,
 * started and asked; then the same again, with nothing to do; then they are stopped and undefined. Everybody takes a turn
 * in each round, and what each has left behind must be the same.
 *
 * @module
 */
import { join } from "node:path";
import { RealHost } from "../tests/real/kit/host.ts";
import { programPath, unavailable } from "../tests/real/kit/requirements.ts";
import { type Benchmark, elapsed, type Measure } from "./measure.ts";
import { pathOf } from "./remote.ts";

const python = "/usr/bin/python3";
const folder = pathOf("peers/automation");
const rounds = 5;
const warmUp = 1;

/** What is done in a round, in order, and what is there to be done. */
const phases = {
  made: { work: "up", says: "20 domains defined, started and asked" },
  again: { work: "up", says: "the same again, with nothing to do" },
  removed: { work: "down", says: "20 domains stopped and undefined" },
  empty: { work: "empty", says: "nothing at all" },
} as const;

type Phase = keyof typeof phases;
type Contestant = "play" | "recipe" | "ansible" | "script";
type WorkName = typeof phases[Phase]["work"];

/** Benchmarks with what they need, which ends with them. */
export interface AutomationBenchmarks extends AsyncDisposable {
  readonly benchmarks: readonly Benchmark[];
}

/**
 * Whole commands, each with its process; Drover's with a kernel of its own and its journal at full durability.
 *
 * @returns no benchmarks where Ansible or a private libvirtd is not to be had, after saying so
 */
export async function automationBenchmarks(directory: string): Promise<AutomationBenchmarks> {
  const reason = unavailable({ "ansible-playbook": "ansible" });
  if (reason !== undefined) {
    // deno-lint-ignore no-console -- the reason is for the person who asked for figures
    console.error(`skipped: automation: ${reason}`);
    return { benchmarks: [], [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const host = await RealHost.start();
  const tournament = await Tournament.begin(host, directory);
  const beside = (
    [who, says]: readonly [Contestant, string],
    [peer, name]: readonly [Contestant, string],
    phase: Phase,
  ): Benchmark => ({
    name: `${phases[phase].says}: ${says}`,
    unit: "ms",
    ours: tournament.timesOf(who, phase),
    peer: { name, measure: tournament.timesOf(peer, phase) },
    rounds,
    warmUp,
    ...(peer === "ansible" && phase !== "empty"
      ? { target: { what: "ratio at most 1/30", met: ({ ratio }) => ratio <= 1 / 30 } }
      : {}),
  });
  const play = ["play", "drover play"] as const;
  const recipe = ["recipe", "drover run"] as const;
  const ansible = ["ansible", "ansible-playbook"] as const;
  const script = ["script", "a script with libvirt-python"] as const;
  const all = Object.keys(phases) as readonly Phase[];
  return {
    benchmarks: [
      ...all.map((phase) => beside(play, ansible, phase)),
      ...all.map((phase) => beside(recipe, ansible, phase)),
      ...all.map((phase) => beside(recipe, script, phase)),
    ],
    [Symbol.asyncDispose]: async () => {
      await tournament[Symbol.asyncDispose]();
      await host.stop();
    },
  };
}

/** A round: how long each took for each phase, in milliseconds. */
type Round = Readonly<Record<Contestant, Readonly<Record<Phase, number>>>>;

/** Rounds in which everybody does the same in turn; held when somebody asks for one that has not been. */
class Tournament implements AsyncDisposable {
  readonly #rounds: Round[] = [];
  readonly #uri: string;
  readonly #directory: string;
  readonly #keeper: Deno.ChildProcess;
  /** What is there after each phase, as the first found it. */
  readonly #left = new Map<Phase, string>();

  private constructor(uri: string, directory: string, keeper: Deno.ChildProcess) {
    this.#uri = uri;
    this.#directory = directory;
    this.#keeper = keeper;
  }

  static async begin(host: RealHost, directory: string): Promise<Tournament> {
    const uri = host.uri("test");
    const keeper = new Deno.Command(python, {
      args: [join(folder, "script.py"), uri, "keep"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const { value } = await keeper.stdout.getReader().read();
    if (value === undefined) throw new Error("libvirt-python could not connect");
    return new Tournament(uri, directory, keeper);
  }

  /** How long one took for a phase, round by round. */
  timesOf(who: Contestant, phase: Phase): Measure {
    let next = 0;
    return async () => {
      const index = next++;
      const round = this.#rounds[index] ?? await this.#hold();
      return round[who][phase];
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper.stdin.close();
    await this.#keeper.status;
  }

  async #hold(): Promise<Round> {
    const round: Round = {
      play: await this.#turn("play"),
      recipe: await this.#turn("recipe"),
      ansible: await this.#turn("ansible"),
      script: await this.#turn("script"),
    };
    this.#rounds.push(round);
    return round;
  }

  async #turn(who: Contestant): Promise<Record<Phase, number>> {
    const times: Record<Phase, number> = { made: 0, again: 0, removed: 0, empty: 0 };
    for (const phase of Object.keys(phases) as readonly Phase[]) {
      const [program, ...args] = this.#command(who, phases[phase].work);
      let said = "";
      times[phase] = await elapsed(async () => said = await output(program!, args));
      await this.#compare(who, phase);
      if (phase === "again" && !changedNothing[who](said)) {
        throw new Error(`${who} changed something although there was nothing to do:\n${said}`);
      }
    }
    return times;
  }

  #command(who: Contestant, work: WorkName): readonly string[] {
    const state = join(this.#directory, "automation-state");
    const drover = [Deno.execPath(), "run", "-A", "--frozen", pathOf("../cli/main.ts")];
    const grants = ["--allow", "all", "--state-dir", state, "-c", this.#uri];
    switch (who) {
      case "play":
        return [...drover, "play", join(folder, `${work}.play.yml`), "-i", "localhost,", ...grants];
      case "recipe":
        return [...drover, "run", join(folder, "recipe.ts"), "--input", `work=${work}`, ...grants];
      case "ansible": {
        const uri = ["-e", `uri=${this.#uri}`, "-e", `ansible_python_interpreter=${python}`];
        const program = programPath("ansible-playbook") ?? "ansible-playbook";
        return [program, "-i", "localhost,", ...uri, join(folder, `${work}.ansible.yml`)];
      }
      case "script":
        return [python, join(folder, "script.py"), this.#uri, work];
    }
  }

  /** Everybody must leave the same behind. */
  async #compare(who: Contestant, phase: Phase): Promise<void> {
    const found = await output(python, [join(folder, "script.py"), this.#uri, "state"]);
    const domains = Object.keys(JSON.parse(found)).filter((name) => name.startsWith("web-")).length;
    const expected = phase === "made" || phase === "again" ? 20 : 0;
    if (domains !== expected) throw new Error(`After "${phase}" of ${who} there are ${domains} domains`);
    const first = this.#left.get(phase);
    if (first === undefined) this.#left.set(phase, found);
    else if (first !== found) {
      throw new Error(`After "${phase}" ${who} left something else than the first did`);
    }
  }
}

/** How each says that it changed nothing. */
const changedNothing: Readonly<Record<Contestant, (said: string) => boolean>> = {
  play: (said) => /changed=0\b/.test(said),
  recipe: (said) => /changed\W+0\b/.test(said),
  ansible: (said) => /changed=0\b/.test(said),
  script: () => true,
};

async function output(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", ANSIBLE_NOCOLOR: "1", ANSIBLE_DEPRECATION_WARNINGS: "0", LC_ALL: "C.UTF-8" },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout);
  if (!success) {
    throw new Error(`${program} ${args.join(" ")} failed:\n${said}${new TextDecoder().decode(stderr)}`);
  }
  return said;
}
