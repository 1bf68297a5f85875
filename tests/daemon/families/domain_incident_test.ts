import assert from "node:assert/strict";
import { TestConnection } from "../../../drivers/test/connection.ts";
import { createTestDriver } from "../../../drivers/test/mod.ts";
import { VirtError } from "../../../model/error.ts";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { MessageName, MessageOf, RemoteDomain } from "../../../protocol/procedures/mod.ts";
import type { Driver, DriverConnection, DriverEvent } from "../../../runtime/driver.ts";
import { MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

/** A daemon whose hypervisor tells of things by itself. */
interface TellingDaemon extends AsyncDisposable {
  readonly client: ClientConnection;
  /** Has the hypervisor tell something of the domain `test`. */
  tell(event: Omit<DriverEvent, "object">): void;
}

async function tellingDaemon(): Promise<TellingDaemon> {
  const driver = createTestDriver();
  let opened: TestConnection | undefined;
  const watched: Driver = {
    name: driver.name,
    schemes: driver.schemes,
    async connect(uri, environment): Promise<DriverConnection> {
      const connection = await driver.connect(uri, environment);
      if (connection instanceof TestConnection) opened = connection;
      return connection;
    },
  };
  const daemon = new MemoryDaemon({ drivers: [watched] });
  return {
    client: await daemon.connect(),
    tell({ type, detail }): void {
      const object = opened?.find({ $ref: "domain", id: dom.uuid });
      if (object === undefined) throw new VirtError("not-found", "The host has not been opened");
      opened?.outsider.emit(object, { type, ...(detail === undefined ? {} : { detail }) });
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** What a client that has asked for an event is told, of things that are told. */
async function heard<M extends MessageName>(
  eventID: number,
  message: M,
  told: readonly (readonly [type: string, detail?: string])[],
): Promise<readonly MessageOf<M>[]> {
  await using daemon = await tellingDaemon();
  const { client } = daemon;
  const messages: MessageOf<M>[] = [];
  client.on(message, (payload) => void messages.push(payload));
  await client.call("connectDomainEventCallbackRegisterAny", { eventID, dom: undefined });
  for (const [type, detail] of told) daemon.tell({ type, ...(detail === undefined ? {} : { detail }) });
  await client.call("connectGetLibVersion", undefined);
  return messages;
}

const callbackID = 0;

Deno.test("a watchdog is told of with what is done", async () => {
  const told = [["watchdog", "reset"], ["watchdog", "inject-nmi"], ["reboot"]] as const;
  assert.deepEqual(await heard(3, "domainEventCallbackWatchdog", told), [
    { callbackID, msg: { dom, action: 2 } },
    { callbackID, msg: { dom, action: 6 } },
  ]);
});

Deno.test("a disk that failed is told of, with the reason or without", async () => {
  const told = [["io-error", "pause virtio-disk0 enospc"]] as const;
  const msg = { dom, srcPath: "", devAlias: "virtio-disk0", action: 1 };
  assert.deepEqual(await heard(4, "domainEventCallbackIoError", told), [{ callbackID, msg }]);
  assert.deepEqual(await heard(6, "domainEventCallbackIoErrorReason", told), [
    { callbackID, msg: { ...msg, reason: "enospc" } },
  ]);
});

Deno.test("a look at a screen is told of", async () => {
  const [event] = await heard(5, "domainEventCallbackGraphics", [["graphics", "disconnect"]]);
  assert.equal(event?.msg.phase, 2);
  assert.deepEqual(event?.msg.subject, []);
});

Deno.test("work on a disk is told of by target, and by the path of its source", async () => {
  const told = [["job", "block-active-commit vda ready"], ["job", "completed"]] as const;
  assert.deepEqual(await heard(16, "domainEventBlockJob2", told), [
    { callbackID, dom, dst: "vda", type: 4, status: 3 },
  ]);
  assert.deepEqual(await heard(8, "domainEventCallbackBlockJob", told), [
    { callbackID, msg: { dom, path: "/guest/diskimage1", type: 4, status: 3 } },
  ]);
});

Deno.test("changes of devices are told of, each under its number", async () => {
  const told = [
    ["changed", "disk-change scsi0-0"],
    ["changed", "tray-change ide0-1 close"],
    ["changed", "memory-device-size virtiomem0 1048576"],
    ["changed", "nic-mac net0 52:54:00:00:00:01"],
    ["changed"],
  ] as const;
  const [disk] = await heard(9, "domainEventCallbackDiskChange", told);
  assert.equal(disk?.msg.devAlias, "scsi0-0");
  assert.deepEqual(await heard(10, "domainEventCallbackTrayChange", told), [
    { callbackID, msg: { dom, devAlias: "ide0-1", reason: 1 } },
  ]);
  assert.deepEqual(await heard(26, "domainEventMemoryDeviceSizeChange", told), [
    { callbackID, dom, alias: "virtiomem0", size: 1048576n },
  ]);
  assert.deepEqual(await heard(27, "domainEventNicMacChange", told), [
    { callbackID, dom, alias: "net0", oldMAC: "", newMAC: "52:54:00:00:00:01" },
  ]);
});

Deno.test("settings are told of with their values; what cannot be one is left out", async () => {
  const words =
    "tunable cputune.vcpupin0=0-3%2C5 cputune.cpu_shares=512 cputune.vcpu_quota=-1 blkdeviotune.disk=a%20b";
  const [event] = await heard(17, "domainEventCallbackTunable", [[
    "changed",
    `${words} strange cputune.x=many`,
  ]]);
  assert.deepEqual(event?.params, [
    { field: "cputune.vcpupin0", value: { kind: 7, value: "0-3,5" } },
    { field: "cputune.cpu_shares", value: { kind: 4, value: 512n } },
    { field: "cputune.vcpu_quota", value: { kind: 3, value: -1n } },
    { field: "blkdeviotune.disk", value: { kind: 7, value: "a b" } },
  ]);
});

Deno.test("a threshold that was passed and memory that failed are told of", async () => {
  const told = [["block-threshold", "vda[1] 4096"], ["memory-failure", "fatal"]] as const;
  assert.deepEqual(await heard(24, "domainEventBlockThreshold", told), [
    { callbackID, dom, dev: "vda[1]", path: "/guest/diskimage1", threshold: 0n, excess: 4096n },
  ]);
  assert.deepEqual(await heard(25, "domainEventMemoryFailure", told), [
    { callbackID, dom, recipient: 0, action: 2, flags: 0 },
  ]);
});
