/**
 * What migrations of a domain may take. A simulated one is over at once: the settings are kept, and shown.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { act } from "./act.ts";
import type { DomainJob } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { domainByState } from "./reconcile.ts";

/** Where a domain's parameters keep them. */
const group = "migration";

const mebibyte = 1024 * 1024;

/** As QEMU has them where nobody says: as fast as can be, 0.3 s, 64 MiB. */
const initial = {
  bandwidthBytesPerS: Math.floor(Number.MAX_SAFE_INTEGER / mebibyte) * mebibyte,
  postCopyBandwidthBytesPerS: 0,
  maxDowntimeMs: 300,
  compressionCacheBytes: 64 * mebibyte,
};

function settings({ object }: DomainJob): Out<"domain.migrationSettings"> {
  return { ...initial, ...object.facts.record.parameters[group] };
}

async function set(job: DomainJob, input: In<"domain.setMigration">): Promise<Nothing> {
  await act(job, "domain.set-parameters", { input: { id: job.object.id, group, values: given(input) } });
  return {};
}

/** What is to be changed; the rest stays. */
function given(input: In<"domain.setMigration">): Record<string, number> {
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}

export const migrationSettings = {
  "domain.migrationSettings": { run: (job) => Promise.try(settings, job) },
  "domain.setMigration": {
    run: set,
    reconcile: domainByState<"domain.setMigration">({
      done: ({ object }, input) => {
        const kept = object.facts.record.parameters[group] ?? {};
        return Object.entries(given(input)).every(([name, value]) => kept[name] === value);
      },
      value: () => ({}),
    }),
  },
} satisfies DriverMap;
