/**
 * Every effect by its name.
 *
 * @module
 */
import { z } from "zod";
import { look } from "./effect.ts";
import * as domain from "./domain_effects.ts";
import { recordKinds } from "./record.ts";

const any = z.object({ id: z.string() });

/** Everything that exists, as changes from nothing. */
const enumerate = look("host", any, (world) => world.everything());

/** What a thing is now; an empty list where it is not. */
const lookAt = look(
  "host",
  any.extend({ kind: z.enum(recordKinds) }),
  (world, { id, kind }) => world.changeOf(kind, id),
);

/** Every effect by its name: what a client of the hypervisor may ask for. */
export const effects = {
  "host.enumerate": enumerate,
  "host.look": lookAt,
  "domain.write-definition": domain.domainWriteDefinition,
  "domain.remove-definition": domain.domainRemoveDefinition,
  "domain.spawn": domain.domainSpawn,
  "domain.continue": domain.domainContinue,
  "domain.pause": domain.domainPause,
  "domain.kill": domain.domainKill,
} as const;

/** The table of effects. */
export type Effects = typeof effects;

/** The name of an effect. */
export type EffectName = keyof Effects;

/** What an effect takes. */
export type EffectInput<E extends EffectName> = z.input<Effects[E]["input"]>;

/** What an effect answers, beside the changes that it makes. */
export type EffectResult<E extends EffectName> = ReturnType<Effects[E]["perform"]>;
