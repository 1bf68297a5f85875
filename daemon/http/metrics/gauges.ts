/**
 * What is not counted but looked at, when somebody reads the metrics.
 *
 * @module
 */
import process from "node:process";
import type { SlotView } from "../../../runtime/call.ts";
import type { Traffic } from "../../transport/traffic.ts";
import { Gauge, type Metric } from "./exposition.ts";

/** What is looked at when somebody reads. */
export interface Looks {
  readonly slots: () => readonly SlotView[];
  /** Clients by what they speak: `rpc`, `http`. */
  readonly clients: () => Readonly<Record<string, number>>;
  /** Clients that have connected and are not served yet. */
  readonly queued: () => Readonly<Record<string, number>>;
  /** Streams by what they are of. */
  readonly streams: () => Readonly<Record<string, number>>;
  /** Bytes that came and went, by what is spoken. */
  readonly bytes: () => Readonly<Record<string, Pick<Traffic, "received" | "sent">>>;
  /** Which daemon it is. */
  readonly version: string;
  /** When it began, in milliseconds since 1970. */
  readonly since: number;
}

/** Before there is anything to look at. */
export const nobody: Looks = {
  slots: () => [],
  clients: () => ({}),
  streams: () => ({}),
  queued: () => ({}),
  bytes: () => ({}),
  version: "",
  since: 0,
};

/** The gauges. */
export function gauges(
  { looks, inFlight }: { readonly looks: () => Looks; readonly inFlight: () => number },
): readonly Metric[] {
  const by = (values: Readonly<Record<string, number>>): [readonly string[], number][] =>
    Object.entries(values).map(([label, value]) => [[label], value]);
  const one = (value: number): [readonly string[], number][] => [[[], value]];
  return [
    new Gauge({ name: "drover_calls_in_flight", help: "Calls that go on." }, () => one(inFlight())),
    new Gauge(
      { name: "drover_jobs_in_flight", help: "Slots that are held.", labels: ["job"] },
      () => by(countBy(looks().slots().flatMap(({ holders }) => holders))),
    ),
    new Gauge(
      { name: "drover_slot_waiters", help: "Callers that wait for slots.", labels: ["job"] },
      () => by(countBy(looks().slots().flatMap(({ waiters }) => waiters))),
    ),
    new Gauge(
      { name: "drover_objects_uncertain", help: "Objects on which something happened that nobody knows." },
      () => one(looks().slots().filter(({ uncertain }) => uncertain !== undefined).length),
    ),
    new Gauge(
      { name: "drover_clients", help: "Clients that are connected.", labels: ["protocol"] },
      () => by(looks().clients()),
    ),
    new Gauge(
      { name: "drover_clients_queued", help: "Clients that wait to be served.", labels: ["protocol"] },
      () => by(looks().queued()),
    ),
    new Gauge(
      { name: "drover_streams", help: "Streams that go on.", labels: ["protocol"] },
      () => by(looks().streams()),
    ),
    new Gauge(
      {
        name: "drover_received_bytes_total",
        help: "Bytes that clients have sent.",
        labels: ["protocol"],
        type: "counter",
      },
      () => Object.entries(looks().bytes()).map(([name, { received }]) => [[name], received]),
    ),
    new Gauge(
      {
        name: "drover_sent_bytes_total",
        help: "Bytes that clients were sent.",
        labels: ["protocol"],
        type: "counter",
      },
      () => Object.entries(looks().bytes()).map(([name, { sent }]) => [[name], sent]),
    ),
    new Gauge(
      { name: "drover_build_info", help: "Which version this is.", labels: ["version"] },
      () => [[[looks().version], 1]],
    ),
    new Gauge(
      { name: "process_start_time_seconds", help: "When it began, in seconds since 1970." },
      () => one(looks().since / 1000),
    ),
    new Gauge(
      { name: "process_resident_memory_bytes", help: "Memory that the process has of the machine." },
      () => one(Deno.memoryUsage().rss),
    ),
    new Gauge(
      { name: "drover_heap_used_bytes", help: "Memory that objects of the program take." },
      () => one(Deno.memoryUsage().heapUsed),
    ),
    new Gauge(
      { name: "process_cpu_seconds_total", help: "Time that the processors spent.", type: "counter" },
      () => {
        const { user, system } = process.cpuUsage();
        return one((user + system) / 1e6);
      },
    ),
  ];
}

function countBy(each: readonly { readonly job: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { job } of each) counts[job] = (counts[job] ?? 0) + 1;
  return counts;
}
