/**
 * Every effect by its name.
 *
 * @module
 */
import { z } from "zod";
import { look } from "./effect.ts";
import * as agent from "./agent_effects.ts";
import * as console from "./console_effects.ts";
import * as device from "./device_effects.ts";
import * as domain from "./domain_effects.ts";
import * as migration from "./migration_effects.ts";
import * as network from "./network_effects.ts";
import * as snapshot from "./snapshot_effects.ts";
import * as storage from "./storage_effects.ts";
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

/** What a domain or a pool is now, with all that belongs to it. */
const lookAtFamily = look(
  "host",
  any.extend({ kind: z.enum(["domain", "pool"]) }),
  (world, { id, kind }) => world.familyOf(kind, id),
);

/** Every effect by its name: what a client of the hypervisor may ask for. */
export const effects = {
  "host.enumerate": enumerate,
  "host.look": lookAt,
  "host.family": lookAtFamily,
  "domain.write-definition": domain.writeDefinition,
  "domain.remove-definition": domain.removeDefinition,
  "domain.set-autostart": domain.setAutostart,
  "domain.spawn": domain.spawn,
  "domain.continue": domain.continueGuest,
  "domain.pause": domain.pause,
  "domain.kill": domain.kill,
  "domain.press-power": domain.pressPower,
  "domain.reboot": domain.reboot,
  "domain.reset": domain.reset,
  "domain.sleep": domain.sleep,
  "domain.wake": domain.wake,
  "domain.change-live": domain.changeLive,
  "domain.signal": domain.signalGuest,
  "domain.write-managed-save": domain.writeManagedSave,
  "domain.rewrite-managed-save": domain.rewriteManagedSave,
  "domain.remove-managed-save": domain.removeManagedSave,
  "domain.write-memory": domain.writeMemory,
  "domain.set-parameters": domain.setParameters,
  "guest.power-off": domain.powerOff,
  "guest.die": domain.die,
  "guest.boot": domain.bootGuest,
  "guest.print": console.print,
  "console.open": console.openConsole,
  "console.close": console.closeConsole,
  "console.type": console.typeOnConsole,
  "file.rewrite-saved": domain.rewriteSaved,
  "file.remove": domain.removeFile,
  "agent.exec": agent.exec,
  "agent.exec-status": agent.execStatus,
  "agent.freeze": agent.freeze,
  "agent.thaw": agent.thaw,
  "agent.trim": agent.trim,
  "agent.set-time": agent.setTime,
  "agent.set-password": agent.setPassword,
  "agent.read-time": agent.readTime,
  "snapshot.create": snapshot.createSnapshot,
  "snapshot.begin-delete": snapshot.beginDelete,
  "snapshot.discard-data": snapshot.discardData,
  "snapshot.forget": snapshot.forget,
  "snapshot.revert": snapshot.revert,
  "checkpoint.create": snapshot.createCheckpoint,
  "checkpoint.delete": snapshot.deleteCheckpoint,
  "migration.prepare": migration.prepare,
  "migration.transfer": migration.transfer,
  "migration.hand-over": migration.handOver,
  "migration.take-back": migration.takeBack,
  "migration.finish": migration.finish,
  "migration.abandon": migration.abandon,
  "migration.confirm": migration.confirm,
  "network.write-definition": network.writeDefinition,
  "network.remove-definition": network.removeDefinition,
  "network.bring-up": network.bringUp,
  "network.take-down": network.takeDown,
  "network.change-live": network.changeLive,
  "network.set-autostart": network.setAutostart,
  "pool.write-definition": storage.writeDefinition,
  "pool.remove-definition": storage.removeDefinition,
  "pool.build": storage.build,
  "pool.start": storage.start,
  "pool.stop": storage.stop,
  "pool.demolish": storage.demolish,
  "pool.scan": storage.scan,
  "pool.set-autostart": storage.setAutostart,
  "volume.create": storage.createVolume,
  "volume.delete": storage.deleteVolume,
  "volume.resize": storage.resizeVolume,
  "volume.wipe": storage.wipeVolume,
  "volume.upload": storage.uploadVolume,
  "volume.download": storage.downloadVolume,
  "interface.write": device.writeInterface,
  "interface.remove": device.removeInterface,
  "interface.switch": device.switchInterface,
  "interface.begin-change": device.beginChange,
  "interface.commit-change": device.commitChange,
  "interface.roll-back-change": device.rollBackChange,
  "node-device.create": device.createDevice,
  "node-device.define": device.defineDevice,
  "node-device.remove": device.removeDevice,
  "node-device.undefine": device.undefineDevice,
  "node-device.set-autostart": device.setDeviceAutostart,
  "secret.write": device.writeSecret,
  "secret.set-value": device.setSecretValue,
  "secret.read-value": device.readSecretValue,
  "secret.remove": device.removeSecret,
} as const;

/** The table of effects. */
export type Effects = typeof effects;

/** The name of an effect. */
export type EffectName = keyof Effects;

/** What an effect takes. */
export type EffectInput<E extends EffectName> = z.input<Effects[E]["input"]>;

/** What an effect answers, beside the changes that it makes. */
export type EffectResult<E extends EffectName> = ReturnType<Effects[E]["perform"]>;
