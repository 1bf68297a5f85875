/**
 * What can be done to virtual networks outside: their definition files and their bridges.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { changedOutside } from "./domain_effects.ts";
import { effect } from "./effect.ts";
import type { NetworkRecord } from "./record.ts";
import type { Transaction } from "./world.ts";

const id = z.string();

function refuseTakenName(world: Transaction, { id, name }: { id: string; name: string }): void {
  const other = world.idOf("network", name);
  if (other === undefined || other === id) return;
  throw new VirtError(
    "already-exists",
    `Cannot define network "${name}": a network of that name exists with UUID ${other}`,
  );
}

function withoutBridge(world: Transaction, { bridge: _bridge, ...rest }: NetworkRecord): void {
  if (rest.config === undefined) world.remove("network", rest.id);
  else world.put("network", rest);
}

/** Writes a definition file. */
export const writeDefinition = effect(
  "network",
  z.object({ id, name: z.string(), xml: z.string(), expected: z.string().optional() }),
  (world, { id, name, xml, expected }) => {
    refuseTakenName(world, { id, name });
    const known = world.get("network", id);
    if (expected !== undefined && known?.config !== expected) throw changedOutside(name);
    world.put("network", { ...(known ?? { id, autostart: false }), name, config: xml });
  },
);

/** Removes a definition file; a bridge that is up stays. */
export const removeDefinition = effect("network", z.object({ id }), (world, { id }) => {
  const { config: _config, ...rest } = world.need("network", id);
  if (rest.bridge === undefined) world.remove("network", id);
  else world.put("network", { ...rest, autostart: false });
});

/** Sets the bridge up. */
export const bringUp = effect(
  "network",
  z.object({ id, name: z.string(), xml: z.string(), bridge: z.string().optional() }),
  (world, { id, name, xml, bridge }) => {
    refuseTakenName(world, { id, name });
    const known = world.get("network", id);
    if (known?.bridge !== undefined) throw new VirtError("wrong-state", `Network "${name}" is already up`);
    for (const other of world.all("network")) {
      if (bridge !== undefined && other.bridge?.name === bridge && other.id !== id) {
        throw new VirtError(
          "in-use",
          `Cannot start network "${name}": network "${other.name}" uses bridge "${bridge}"`,
        );
      }
    }
    world.put("network", {
      ...(known ?? { id, name, autostart: false }),
      bridge: { xml, ...(bridge === undefined ? {} : { name: bridge }) },
    });
  },
);

/** Takes the bridge down. Nothing happens where there is none. */
export const takeDown = effect("network", z.object({ id }), (world, { id }) => {
  const record = world.get("network", id);
  if (record?.bridge !== undefined) withoutBridge(world, record);
});

/** Changes a network whose bridge is up. */
export const changeLive = effect(
  "network",
  z.object({ id, xml: z.string(), base: z.string() }),
  (world, { id, xml, base }) => {
    const record = world.need("network", id);
    if (record.bridge === undefined) {
      throw new VirtError("wrong-state", `Network "${record.name}" is not active`);
    }
    if (record.bridge.xml !== base) throw changedOutside(record.name);
    world.put("network", { ...record, bridge: { ...record.bridge, xml } });
  },
);

/** Has a network started with its host, or not. */
export const setAutostart = effect(
  "network",
  z.object({ id, autostart: z.boolean() }),
  (world, { id, autostart }) => world.put("network", { ...world.need("network", id), autostart }),
);
