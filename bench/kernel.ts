/**
 * What a job costs: the slot, the token, and one hop that is nothing, beside the queues that people use today.
 *
 * @module
 */
import { Mutex } from "async-mutex";
import PQueue from "p-queue";
import { Alarms } from "../runtime/alarm.ts";
import { systemClock } from "../runtime/clock.ts";
import type { DriverConnection } from "../runtime/driver.ts";
import { type JobEnvironment, KernelJob } from "../runtime/job.ts";
import { ManagedObject } from "../runtime/object.ts";
import { directScheduler } from "../runtime/scheduler.ts";
import { defaultSettings } from "../runtime/settings.ts";
import { SlotTable } from "../runtime/slots.ts";
import { simulatedConnection } from "./simulated.ts";
import { type Benchmark, elapsed } from "./measure.ts";

const serialJobs = 20_000;
const objectCount = 1_000;
const tasksPerObject = 100;

/** Jobs on slots. */
export async function kernelBenchmarks(): Promise<readonly Benchmark[]> {
  const { connection, kernel, caller, authority } = await simulatedConnection();
  const slots = new SlotTable({ clock: systemClock, scheduler: directScheduler, settings: defaultSettings });
  const environment: JobEnvironment = {
    clock: systemClock,
    scheduler: directScheduler,
    alarms: new Alarms(systemClock),
    graceMs: defaultSettings.graceMs,
    emit: () => {},
    maskChanged: () => {},
  };
  const objects = Array.from({ length: objectCount }, (_, index) => domainNumber(index, connection));
  let group = 0;
  async function job(object: ManagedObject): Promise<number> {
    const deadline = Date.now() + 60_000;
    const { key, label } = object;
    const taken = slots.take({
      key,
      label,
      kind: "modify",
      operation: "bench",
      caller,
      group: ++group,
      deadline,
    });
    const hold = taken instanceof Promise ? await taken : taken;
    try {
      const token = { epoch: 1, counter: group };
      const made = new KernelJob({
        environment,
        operation: "domain.start",
        writes: true,
        object,
        connection,
        connectionName: "host",
        token,
        deadline,
        newId: "",
        holds: [hold],
      });
      return await made.hop("nothing", () => Promise.resolve(1));
    } finally {
      hold.release();
    }
  }
  const connections = new Map([["host", connection]]);
  const [first] = connection.objects();
  async function call(): Promise<void> {
    const { outcome } = await kernel.call({
      operation: "connection.info",
      connections,
      connection: "host",
      input: {},
      caller,
      authority,
    });
    if (outcome.kind !== "done") throw new Error(`The call failed: ${JSON.stringify(outcome)}`);
  }
  if (first === undefined) throw new Error("The simulated host has no objects");
  return [
    {
      name: "an uncontended job: slot, token, one hop",
      unit: "µs",
      ours: () => perItem(serialJobs, () => job(objects[0]!)),
      peer: { name: "p-queue, one task", measure: () => serialQueue() },
      target: { what: "at most 3 times p-queue", met: ({ ratio }) => ratio <= 3 },
    },
    {
      name: "a question answered from cached state: permission, input, gate, driver",
      unit: "µs",
      ours: () => perItem(serialJobs, call),
    },
    {
      name: `${objectCount} objects × ${tasksPerObject} jobs at once`,
      unit: "jobs/s",
      ours: () => crowd((index) => job(objects[index]!)),
      peer: { name: "p-queue, one queue per object", measure: crowdedQueues },
      target: { what: "100,000 per second", met: ({ value }) => value >= 100_000 },
    },
    {
      name: `${objectCount} objects × ${tasksPerObject} jobs at once, beside mutexes`,
      unit: "jobs/s",
      ours: () => crowd((index) => job(objects[index]!)),
      peer: { name: "async-mutex, one per object", measure: crowdedMutexes },
    },
  ];
}

function domainNumber(index: number, connection: DriverConnection): ManagedObject {
  const { host, driver } = connection;
  return new ManagedObject<unknown, unknown>({
    host,
    driver,
    objectClass: "domain",
    id: `bench-${index}`,
    name: `bench-${index}`,
    config: "<domain/>",
    facts: {},
  });
}

async function perItem(count: number, action: () => Promise<unknown>): Promise<number> {
  const ms = await elapsed(async () => {
    for (let index = 0; index < count; index++) await action();
  });
  return ms * 1000 / count;
}

function serialQueue(): Promise<number> {
  const queue = new PQueue({ concurrency: 1 });
  return perItem(serialJobs, () => queue.add(() => Promise.resolve(1)));
}

async function crowd(task: (index: number) => Promise<unknown>): Promise<number> {
  const ms = await elapsed(async () => {
    const all: Promise<unknown>[] = [];
    for (let round = 0; round < tasksPerObject; round++) {
      for (let index = 0; index < objectCount; index++) all.push(task(index));
    }
    await Promise.all(all);
  });
  return objectCount * tasksPerObject / ms * 1000;
}

function crowdedQueues(): Promise<number> {
  const queues = Array.from({ length: objectCount }, () => new PQueue({ concurrency: 1 }));
  return crowd((index) => queues[index]!.add(() => Promise.resolve(1)));
}

function crowdedMutexes(): Promise<number> {
  const mutexes = Array.from({ length: objectCount }, () => new Mutex());
  return crowd((index) => mutexes[index]!.runExclusive(() => Promise.resolve(1)));
}
