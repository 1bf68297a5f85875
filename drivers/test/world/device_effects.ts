/**
 * What can be done to the host's own network interfaces and devices, and to secrets.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { effect, look } from "./effect.ts";

const id = z.string();
const name = z.string();

/** Writes an interface's configuration. */
export const writeInterface = effect(
  "interface",
  z.object({ id, name, mac: z.string(), xml: z.string() }),
  (world, { id, name, mac, xml }) => {
    const known = world.get("interface", id);
    world.put("interface", { id, name, mac, config: xml, up: known?.up ?? false });
  },
);

/** Removes an interface's configuration. */
export const removeInterface = effect("interface", z.object({ id }), (world, { id }) => {
  world.need("interface", id);
  world.remove("interface", id);
});

/** Brings an interface up, or takes it down. */
export const switchInterface = effect(
  "interface",
  z.object({ id, up: z.boolean() }),
  (world, { id, up }) => world.put("interface", { ...world.need("interface", id), up }),
);

/** Remembers how all interfaces are, to be able to go back. */
export const beginChange = effect("host", z.object({ id }), (world) => {
  if (world.host.interfaceTransaction !== undefined) {
    throw new VirtError("wrong-state", "Cannot begin a change of interfaces: another one is under way");
  }
  world.put("host", { ...world.host, interfaceTransaction: [...world.all("interface")] });
});

/** Forgets how interfaces were. */
export const commitChange = effect("host", z.object({ id }), (world) => {
  const { interfaceTransaction, ...host } = world.host;
  if (interfaceTransaction === undefined) {
    throw new VirtError("wrong-state", "Cannot commit a change of interfaces: none is under way");
  }
  world.put("host", host);
});

/** Brings all interfaces back to how they were. */
export const rollBackChange = effect("host", z.object({ id }), (world) => {
  const { interfaceTransaction, ...host } = world.host;
  if (interfaceTransaction === undefined) {
    throw new VirtError("wrong-state", "Cannot roll back a change of interfaces: none is under way");
  }
  const before = new Map(interfaceTransaction.map((record) => [record.id, record]));
  for (const record of [...world.all("interface")]) {
    if (!before.has(record.id)) world.remove("interface", record.id);
  }
  for (const record of before.values()) world.put("interface", record);
  world.put("host", host);
});

const device = z.object({
  id,
  name,
  parent: z.string().optional(),
  xml: z.string(),
});

/** Makes a device, defined or not. */
export const createDevice = effect("nodeDevice", device, (world, { id, name, parent, xml }) => {
  const known = world.get("nodeDevice", id);
  if (known?.present === true) {
    throw new VirtError("already-exists", `Cannot make node device "${name}": it is there already`);
  }
  const { host } = world;
  world.put("host", { ...host, nextDevice: host.nextDevice + 1 });
  world.put("nodeDevice", {
    ...(known ?? { id, name, defined: false, autostart: false }),
    ...(parent === undefined ? {} : { parent }),
    config: xml,
    present: true,
  });
});

/** Writes a device's definition. */
export const defineDevice = effect("nodeDevice", device, (world, { id, name, parent, xml }) => {
  const known = world.get("nodeDevice", id);
  if (known === undefined) world.put("host", { ...world.host, nextDevice: world.host.nextDevice + 1 });
  world.put("nodeDevice", {
    ...(known ?? { id, name, present: false, autostart: false }),
    ...(parent === undefined ? {} : { parent }),
    config: xml,
    defined: true,
  });
});

/** Removes a device; its definition stays, if it has one. */
export const removeDevice = effect("nodeDevice", z.object({ id }), (world, { id }) => {
  const record = world.need("nodeDevice", id);
  if (record.defined) world.put("nodeDevice", { ...record, present: false });
  else world.remove("nodeDevice", id);
});

/** Removes a device's definition. */
export const undefineDevice = effect("nodeDevice", z.object({ id }), (world, { id }) => {
  const record = world.need("nodeDevice", id);
  if (record.present) world.put("nodeDevice", { ...record, defined: false, autostart: false });
  else world.remove("nodeDevice", id);
});

/** Has a defined device made with its host, or not. */
export const setDeviceAutostart = effect(
  "nodeDevice",
  z.object({ id, autostart: z.boolean() }),
  (world, { id, autostart }) => world.put("nodeDevice", { ...world.need("nodeDevice", id), autostart }),
);

/** Writes a secret's definition; its value stays. */
export const writeSecret = effect(
  "secret",
  z.object({ id, name, xml: z.string(), private: z.boolean(), ephemeral: z.boolean() }),
  (world, { xml, ...secret }) => {
    for (const other of world.all("secret")) {
      if (other.name === secret.name && other.id !== secret.id) {
        throw new VirtError(
          "already-exists",
          `Cannot define a secret for "${secret.name}": the one with UUID ${other.id} is for that`,
        );
      }
    }
    const known = world.get("secret", secret.id);
    if (known !== undefined && known.name !== secret.name) {
      throw new VirtError(
        "already-exists",
        `Cannot define a secret for "${secret.name}": the one with UUID ${secret.id} is for "${known.name}"`,
      );
    }
    if (known?.private === true && !secret.private) {
      throw new VirtError(
        "wrong-state",
        `Cannot define secret "${secret.name}": a private one stays private`,
      );
    }
    world.put("secret", { ...known, ...secret, config: xml });
  },
);

/** Sets a secret's value. */
export const setSecretValue = effect(
  "secret",
  z.object({ id, /** Base64. */ value: z.string() }),
  (world, { id, value }) => {
    const record = world.need("secret", id);
    world.put("secret", { ...record, hasValue: true });
    world.keepSecret(id, value);
  },
  { withheld: ["value"] },
);

/** Reads a secret's value, as base64. */
export const readSecretValue = look("secret", z.object({ id }), (world, { id }) => {
  world.need("secret", id);
  return world.secretOf(id);
});

/** Removes a secret with its value. */
export const removeSecret = effect("secret", z.object({ id }), (world, { id }) => {
  world.need("secret", id);
  world.remove("secret", id);
  world.keepSecret(id, undefined);
});
