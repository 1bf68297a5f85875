/**
 * A host that only counts: domains that are on or off, and a ledger of everything that was done to them. It outlives the
 * kernels that use it, as a hypervisor does.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { Driver, DriverConnection, DriverEvent, Job } from "../../../runtime/driver.ts";
import { Gate } from "../../../runtime/gate.ts";
import { ManagedObject } from "../../../runtime/object.ts";
import { parseUri } from "../../../model/uri.ts";

interface Guest {
  readonly id: string;
  readonly name: string;
  running: boolean;
  /** How often it was started. */
  starts: number;
}

type LedgerObject = ManagedObject<true, null>;
type LedgerJob = Job<true, null>;

const hostUuid = "1ed6e400-0000-4000-8000-000000000001";

/** The host. */
export class LedgerHost {
  readonly guests = new Map<string, Guest>();
  /** What was done: `start web-1`. */
  readonly ledger: string[] = [];
  /** The host lost its state when this changes. */
  bootId = "boot-1";
  /** The value of the host's only secret. */
  secret = "";
  /** Called when something is about to be done, or has been done, before the caller hears of it. */
  onAct: (moment: "before" | "after", deed: string) => Promise<void> | void = () => {};

  constructor(...names: readonly string[]) {
    for (const [index, name] of names.entries()) this.#add(idOf(index + 1), name);
  }

  /** A driver for the scheme `ledger`. */
  get driver(): Driver {
    return {
      name: "ledger",
      schemes: ["ledger"],
      connect: (uri) => Promise.resolve(this.#connect(uri.text)),
    };
  }

  async #act(job: LedgerJob, deed: string, change: () => void): Promise<void> {
    await job.hop("ledger", async () => {
      await this.onAct("before", deed);
      change();
      this.ledger.push(deed);
      await this.onAct("after", deed);
    }, { offline: true });
  }

  #add(id: string, name: string): Guest {
    const guest = { id, name, running: false, starts: 0 };
    this.guests.set(id, guest);
    return guest;
  }

  #connect(uri: string): DriverConnection {
    const objects = new Map<string, LedgerObject>();
    const listeners = new Set<(event: DriverEvent) => void>();
    const adopt = ({ id, name, running }: Guest): LedgerObject => {
      const object: LedgerObject = new ManagedObject<true, null>({
        host: hostUuid,
        driver: "ledger",
        objectClass: "domain",
        id,
        name,
        config: `<domain><name>${name}</name></domain>`,
        facts: null,
      });
      if (running) object.goLive(true);
      objects.set(id, object);
      return object;
    };
    for (const guest of this.guests.values()) adopt(guest);
    const ready = new Gate();
    ready.open();
    const guestOf = (job: LedgerJob): Guest => {
      const guest = this.guests.get(job.object.id);
      if (guest === undefined) throw new VirtError("not-found", `There is no ${job.object.label}`);
      return guest;
    };
    const status = ({ object }: LedgerJob) => ({
      state: object.phase === "active" ? "running" as const : "shutoff" as const,
      phase: object.phase,
      generation: object.generation,
    });
    const self: ManagedObject = new ManagedObject({
      host: hostUuid,
      driver: "ledger",
      objectClass: "connection",
      id: hostUuid,
      name: uri,
      config: "",
      facts: null,
    });
    const secret: ManagedObject = new ManagedObject({
      host: hostUuid,
      driver: "ledger",
      objectClass: "secret",
      id: "s",
      name: "s",
      config: "",
      facts: null,
    });
    const find = (ref: Pick<ObjectRef, "$ref" | "id">): ManagedObject | undefined => {
      if (ref.$ref === "connection") return self;
      return ref.$ref === "secret" ? secret : objects.get(ref.id);
    };
    const named = (name: string): LedgerObject | undefined =>
      [...objects.values()].find((each) => each.name === name);
    const nameIn = (xml: string): string => /<name>(.*)<\/name>/.exec(xml)?.[1] ?? "";
    return {
      host: hostUuid,
      driver: "ledger",
      uri: parseUri(uri),
      bootId: this.bootId,
      ready,
      self,
      find,
      objects: () => objects.values(),
      grantedPaths: () => [],
      onEvent: (listener) => {
        listeners.add(listener);
        return { [Symbol.dispose]: () => listeners.delete(listener) };
      },
      close: () => Promise.resolve(),
      implementations: {
        "domain.lookup": {
          run: (job, { name }) => {
            const found = named(name);
            if (found === undefined) {
              return Promise.reject(new VirtError("not-found", `There is no domain "${name}"`));
            }
            return Promise.resolve(job.ref(found, "domain"));
          },
        },
        "domain.define": {
          about: (_connection, { xml }) => {
            const found = named(nameIn(xml));
            return found === undefined ? [{ objectClass: "domain", name: nameIn(xml) }] : [{ object: found }];
          },
          run: async (job: LedgerJob, { xml }) => {
            const name = nameIn(xml);
            await this.#act(job, `define ${name}`, () => void this.#add(job.newId, name));
            return job.ref(adopt({ id: job.newId, name, running: false, starts: 0 }), "domain");
          },
          reconcile: async (job: LedgerJob) => {
            const guest = await job.hop("ledger", () => Promise.resolve(this.guests.get(job.newId)));
            const object = objects.get(job.newId);
            return guest === undefined || object === undefined
              ? { kind: "not-done" }
              : { kind: "done", value: job.ref(object, "domain") };
          },
        },
        "domain.discard": {
          run: async (job: LedgerJob) => {
            await this.#act(job, `discard ${job.object.name}`, () => void this.guests.delete(job.object.id));
            job.remove();
            objects.delete(job.object.id);
            return {};
          },
        },
        "domain.start": {
          observe: (job: LedgerJob) => ({ starts: guestOf(job).starts }),
          run: async (job: LedgerJob) => {
            if (job.object.phase === "active") {
              throw new VirtError("wrong-state", `Cannot start ${job.object.label}: it is running`);
            }
            await this.#act(job, `start ${job.object.name}`, () => {
              guestOf(job).running = true;
              guestOf(job).starts++;
            });
            job.goLive(true);
            for (const listener of listeners) listener({ object: job.object, type: "started" });
            return status(job);
          },
          reconcile: async (job: LedgerJob, _input, { starts }) => {
            const now = await job.hop("ledger", () => Promise.resolve(guestOf(job).starts), {
              offline: true,
            });
            return now === starts ? { kind: "not-done" } : { kind: "done", value: status(job) };
          },
        },
        "domain.destroy": {
          observe: (job: LedgerJob) => ({ running: guestOf(job).running }),
          run: async (job: LedgerJob) => {
            await this.#act(job, `destroy ${job.object.name}`, () => void (guestOf(job).running = false));
            job.goDown();
            for (const listener of listeners) listener({ object: job.object, type: "stopped" });
            return status(job);
          },
          reconcile: async (job: LedgerJob) => {
            const running = await job.hop("ledger", () => Promise.resolve(guestOf(job).running), {
              offline: true,
            });
            return running ? { kind: "not-done" } : { kind: "done", value: status(job) };
          },
        },
        "secret.value": {
          run: () => Promise.resolve({ value: new TextEncoder().encode(this.secret) }),
        },
        "secret.setValue": {
          run: async (job: LedgerJob, { value }) => {
            const text = typeof value === "string" ? value : new TextDecoder().decode(value);
            await this.#act(job, `set secret to ${text}`, () => void (this.secret = text));
            return {};
          },
        },
        // Nothing can tell afterwards whether a machine was reset.
        "domain.reset": {
          run: async (job: LedgerJob) => {
            await this.#act(job, `reset ${job.object.name}`, () => {});
            return status(job);
          },
        },
      },
    };
  }
}

function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}
