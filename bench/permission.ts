/**
 * What a decision costs: one use of a permission against what a recipe needs and what a person grants.
 *
 * @module
 */
import { systemClock } from "../runtime/clock.ts";
import { GrantAuthority, parseGrants } from "../runtime/permission/mod.ts";
import { type Benchmark, elapsed } from "./measure.ts";

const checks = 50_000;
const grantCount = 100;

/** Decisions, without the audit log. */
export function permissionBenchmarks(): readonly Benchmark[] {
  const needs = "connect:search_domains domain:getattr,read,start,stop,init_control,snapshot";
  const few = "connect:search_domains domain:getattr,read,start,stop,init_control,snapshot@web-*";
  const many = Array.from({ length: grantCount }, (_, index) => `domain:start@pool-${index}-*`);
  return [
    {
      name: "a permission checked against needs and a handful of grants",
      unit: "µs",
      ours: () => perCheck(few, needs, "web-1"),
    },
    {
      name: `a permission checked against needs and ${grantCount} grants, the last of which covers it`,
      unit: "µs",
      ours: () => perCheck(many.join(" "), needs, `pool-${grantCount - 1}-web`),
    },
  ];
}

async function perCheck(grants: string, needs: string, name: string): Promise<number> {
  const authority = new GrantAuthority({
    grants: parseGrants(grants),
    needs: parseGrants(needs, { what: "need" }),
    clock: systemClock,
    caller: { principal: "bench", run: "bench" },
  });
  const use = {
    permission: "domain:start",
    connection: "host",
    operation: "domain.start",
    when: "asked",
    name,
  } as const;
  const ms = await elapsed(async () => {
    for (let index = 0; index < checks; index++) {
      const waits = authority.check(use);
      if (waits !== undefined) await waits;
    }
  });
  return ms * 1000 / checks;
}
