/**
 * What can be set on a simulated host: how long things take, and what goes wrong.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ConnectionUri } from "../../model/uri.ts";

/**
 * What a fault does.
 *
 * - `fail`: the hypervisor refuses; nothing has happened.
 * - `lose-request`: the link breaks before the request arrives; nothing has happened, but nobody here can know.
 * - `lose-answer`: it happens, and the link breaks before the answer arrives.
 * - `never`: neither happens nor is answered.
 * - `never-answer`: it happens and is never answered.
 * - `ignore`: it is answered as if it had happened, and has not: a guest that does not listen.
 * - `guest-dies`: the guest of the object dies just before.
 */
export const faultKinds = [
  "fail",
  "lose-request",
  "lose-answer",
  "never",
  "never-answer",
  "ignore",
  "guest-dies",
] as const;

/** What a fault does. */
export type FaultKind = typeof faultKinds[number];

/** A fault, and when it strikes. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** A glob over names of effects: `domain.spawn`, `pool.*`. */
  readonly effect: string;
  /** A glob over names of objects. @default any */
  readonly object?: string;
  /** How often it strikes. @default 1; `Infinity` for always */
  readonly count?: number;
  /** How many matching effects pass before. @default 0 */
  readonly after?: number;
  /** How likely it strikes, from 0 to 1. @default 1 */
  readonly probability?: number;
  /** The error's message, for `fail`. */
  readonly message?: string;
}

/** How long an effect takes. */
export interface LatencyRule {
  /** A glob over names of effects. */
  readonly effect: string;
  readonly ms: number;
}

/** The settings of a simulated host. */
export interface TestSettings {
  /** The first that matches counts. @default none */
  readonly latency: readonly LatencyRule[];
  /** The first that strikes counts. @default none */
  readonly faults: readonly FaultRule[];
  /** How long a guest takes to shut down, in milliseconds. @default 0 */
  readonly shutdownMs: number;
  /** How long a guest takes to boot, in milliseconds: its agent, its address and its login come then. @default 0 */
  readonly bootMs?: number;
  /** Makes probabilities repeatable. @default chance of the kernel's clock */
  readonly seed?: number;
}

/** Nothing takes time and nothing goes wrong. */
export const defaultSettings: TestSettings = { latency: [], faults: [], shutdownMs: 0 };

/**
 * The settings in a URI: `latency=50` or `latency=domain.*:50,pool.*:200`, `shutdown=2000`, `boot=5000`, `seed=1`,
 * and `fault=EFFECT:KIND[:object=GLOB][:count=N|always][:after=N][:probability=P]`, several with commas between.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function settingsIn({ parameters, text }: ConnectionUri): TestSettings {
  const bad = (found: string): VirtError =>
    new VirtError("invalid-argument", `Cannot connect to "${text}": ${found}`, {
      hint: "See drivers/test/README.md for the settings of simulated hosts",
    });
  const number = (name: string, value: string): number => {
    if (!/^\d+(\.\d+)?$/.test(value)) throw bad(`"${name}" is "${value}", which is no number`);
    return Number(value);
  };
  const list = (name: string): readonly string[] => parameters.get(name)?.split(",") ?? [];
  const seed = parameters.get("seed");
  return {
    latency: list("latency").map((rule) => {
      const colon = rule.lastIndexOf(":");
      return {
        effect: colon < 0 ? "*" : rule.slice(0, colon),
        ms: number("latency", rule.slice(colon + 1)),
      };
    }),
    faults: list("fault").map((rule) => {
      const [effect = "", kind = "", ...rest] = rule.split(":");
      const known = faultKinds.find((each) => each === kind);
      if (known === undefined) throw bad(`"${kind}" is no fault; there are ${faultKinds.join(", ")}`);
      const options = new Map(rest.map((option) => {
        const [key = "", value = ""] = option.split("=");
        return [key, value];
      }));
      const count = options.get("count");
      const after = options.get("after");
      const probability = options.get("probability");
      const object = options.get("object");
      return {
        effect,
        kind: known,
        ...(object === undefined ? {} : { object }),
        ...(count === undefined ? {} : { count: count === "always" ? Infinity : number("count", count) }),
        ...(after === undefined ? {} : { after: number("after", after) }),
        ...(probability === undefined ? {} : { probability: number("probability", probability) }),
      };
    }),
    shutdownMs: number("shutdown", parameters.get("shutdown") ?? "0"),
    bootMs: number("boot", parameters.get("boot") ?? "0"),
    ...(seed === undefined ? {} : { seed: number("seed", seed) }),
  };
}
