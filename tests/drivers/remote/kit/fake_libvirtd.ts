/**
 * A libvirtd in memory, as a client sees it: domains, and what happens to them.
 *
 * It answers at once and in order; how long answers take and what gets lost on the way is the link's (`fake_link.ts`).
 *
 * @module
 */
import { VirtError } from "../../../../model/error.ts";
import { errorCodeOf, remoteErrorName } from "../../../../protocol/error_codes.ts";
import type {
  ArgumentsOf,
  MessageName,
  MessageOf,
  ProcedureName,
  ResultOf,
} from "../../../../protocol/procedures/mod.ts";

/** A domain of the fake. */
export interface FakeDomain {
  name: string;
  readonly uuid: string;
  /** -1 while it does not run. */
  id: number;
  /** Source of the numbers: libvirt, virDomainState. */
  state: number;
  reason: number;
  /** Absent where it is transient. */
  config: string | undefined;
  autostart: boolean;
}

/** Something that has happened to the world by a client's doing. */
export interface Deed {
  readonly procedure: ProcedureName;
  readonly client: number;
  readonly uuid: string;
}

/** Hears an event of the world. */
export type Hearer = <M extends MessageName>(message: M, payload: MessageOf<M>) => void;

/** What a procedure does. */
type Handlers = {
  readonly [P in ProcedureName]?: (args: ArgumentsOf<P>, client: FakeClient) => ResultOf<P>;
};

/** A client, as the daemon knows it. */
export interface FakeClient {
  readonly number: number;
  readonly hear: Hearer;
  /** The numbers of the domain events that it registered for. */
  readonly registered: Set<number>;
}

const states = { running: 1, paused: 3, shutoff: 5 } as const;

/** The far side's error of a number. */
export function remoteFault(number: number, message: string): VirtError {
  return new VirtError(errorCodeOf(number, message), message, {
    remoteCode: remoteErrorName(number) ?? `VIR_ERR_${number}`,
    detail: { number, from: "VIR_FROM_QEMU" },
  });
}

const numbers = { noSupport: 3, invalid: 55, exists: 9, noDomain: 42, internal: 1 } as const;

/** The daemon and its world. */
export class FakeLibvirtd {
  readonly hostUuid: string = "11111111-2222-4333-8444-555555555555";
  readonly domains = new Map<string, FakeDomain>();
  /** What clients have done, in order. */
  readonly deeds: Deed[] = [];
  /** Thrown by the next calls of a procedure, one each. */
  readonly faults = new Map<ProcedureName, VirtError[]>();
  /** Procedures that the hypervisor does not have. */
  readonly lacking = new Set<ProcedureName>();
  readonly #clients = new Map<number, FakeClient>();
  #nextId = 1;
  #nextClient = 1;
  #uuids = 1;

  /** A client connects. */
  attach(hear: Hearer): FakeClient {
    const client: FakeClient = { number: this.#nextClient++, hear, registered: new Set() };
    this.#clients.set(client.number, client);
    return client;
  }

  /** A client is gone. */
  detach({ number }: FakeClient): void {
    this.#clients.delete(number);
  }

  /**
   * Answers a call.
   *
   * @throws {VirtError} as a client would get it
   */
  perform<P extends ProcedureName>(procedure: P, args: ArgumentsOf<P>, client: FakeClient): ResultOf<P> {
    const fault = this.faults.get(procedure)?.shift();
    if (fault !== undefined) throw fault;
    const handler = this.lacking.has(procedure) ? undefined : this.#handlers[procedure];
    if (handler === undefined) {
      throw remoteFault(
        numbers.noSupport,
        `this function is not supported by the connection driver: ${procedure}`,
      );
    }
    return handler(args, client);
  }

  /** The domain of a name. */
  named(name: string): FakeDomain | undefined {
    return [...this.domains.values()].find((domain) => domain.name === name);
  }

  /** Somebody defines a domain. */
  define(xml: string): FakeDomain {
    const uuid = /<uuid>([^<]*)<\/uuid>/.exec(xml)?.[1] ?? this.#newUuid();
    const name = /<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? "";
    const known = this.domains.get(uuid);
    if (known === undefined && this.named(name) !== undefined) {
      throw remoteFault(
        numbers.exists,
        `operation failed: domain '${name}' already exists with another uuid`,
      );
    }
    const domain = known ??
      { name, uuid, id: -1, state: states.shutoff, reason: 0, config: xml, autostart: false };
    const isNew = known?.config === undefined;
    domain.config = xml;
    this.domains.set(uuid, domain);
    this.#life(domain, 0, isNew ? 0 : 1);
    return domain;
  }

  /** Somebody starts a domain. */
  start(domain: FakeDomain, { paused = false }: { readonly paused?: boolean } = {}): void {
    if (domain.id >= 0) {
      throw remoteFault(numbers.invalid, "Requested operation is not valid: domain is already running");
    }
    domain.id = this.#nextId++;
    domain.state = paused ? states.paused : states.running;
    domain.reason = 1;
    this.#life(domain, 2, 0);
  }

  /** A domain stops: somebody destroys it, or its guest powers off. */
  stop(domain: FakeDomain, reason: "destroyed" | "shutdown" = "destroyed"): void {
    if (domain.id < 0) {
      throw remoteFault(numbers.invalid, "Requested operation is not valid: domain is not running");
    }
    domain.id = -1;
    domain.state = states.shutoff;
    domain.reason = reason === "destroyed" ? 2 : 1;
    if (domain.config === undefined) this.domains.delete(domain.uuid);
    this.#life(domain, 5, reason === "destroyed" ? 1 : 0);
  }

  /** Somebody pauses a domain or lets it go on. */
  pause(domain: FakeDomain, paused: boolean): void {
    if (domain.id < 0) {
      throw remoteFault(numbers.invalid, "Requested operation is not valid: domain is not running");
    }
    domain.state = paused ? states.paused : states.running;
    domain.reason = paused ? 1 : 5;
    this.#life(domain, paused ? 3 : 4, 0);
  }

  /** Somebody removes a definition. */
  undefine(domain: FakeDomain): void {
    if (domain.config === undefined) {
      throw remoteFault(
        numbers.invalid,
        "Requested operation is not valid: cannot undefine transient domain",
      );
    }
    domain.config = undefined;
    if (domain.id < 0) this.domains.delete(domain.uuid);
    this.#life(domain, 1, 0);
  }

  /** Somebody gives a domain another name. */
  rename(domain: FakeDomain, name: string): void {
    if (domain.id >= 0) {
      throw remoteFault(numbers.invalid, "Requested operation is not valid: cannot rename active domain");
    }
    if (this.named(name) !== undefined) {
      throw remoteFault(numbers.exists, "operation failed: that name is taken");
    }
    const before = { ...domain };
    domain.name = name;
    domain.config = domain.config?.replace(/<name>[^<]*<\/name>/, `<name>${name}</name>`);
    this.#life(before, 1, 1);
    this.#life(domain, 0, 2);
  }

  /** The daemon comes back from a restart with other numbers for the guests that run. */
  renumber(): void {
    for (const domain of this.domains.values()) {
      if (domain.id >= 0) domain.id = this.#nextId++;
    }
  }

  #newUuid(): string {
    return `00000000-0000-4000-8000-${(this.#uuids++).toString(16).padStart(12, "0")}`;
  }

  #find({ uuid }: { readonly uuid: string }): FakeDomain {
    const domain = this.domains.get(uuid);
    if (domain === undefined) {
      throw remoteFault(numbers.noDomain, `Domain not found: no domain with matching uuid '${uuid}'`);
    }
    return domain;
  }

  #wire(
    { name, uuid, id }: FakeDomain,
  ): { readonly name: string; readonly uuid: string; readonly id: number } {
    return { name, uuid, id };
  }

  #done(procedure: ProcedureName, { uuid }: { readonly uuid: string }, client: FakeClient): void {
    this.deeds.push({ procedure, client: client.number, uuid });
  }

  /** Tells everybody who wants to hear it. */
  tell<M extends MessageName>(eventId: number, message: M, payload: MessageOf<M>): void {
    for (const { registered, hear } of this.#clients.values()) {
      if (registered.has(eventId)) hear(message, payload);
    }
  }

  #life(domain: FakeDomain, event: number, detail: number): void {
    this.tell(0, "domainEventCallbackLifecycle", {
      callbackID: 0,
      msg: { dom: this.#wire(domain), event, detail },
    });
  }

  #xml({ config, name, uuid, id }: FakeDomain, flags: number): string {
    const kept = config ?? `<domain><name>${name}</name><uuid>${uuid}</uuid></domain>`;
    return id < 0 || (flags & 2) !== 0 ? kept : kept.replace("<domain", `<domain id='${id}'`);
  }

  readonly #handlers: Handlers = {
    connectGetType: () => ({ type: "QEMU" }),
    connectGetLibVersion: () => ({ libVer: 9_000_000n }),
    connectGetHostname: () => ({ hostname: "fake" }),
    connectGetUri: () => ({ uri: "qemu:///system" }),
    connectGetCapabilities: () => ({
      capabilities: `<capabilities><host><uuid>${this.hostUuid}</uuid></host></capabilities>`,
    }),
    connectDomainEventCallbackRegisterAny: ({ eventID }, client) => {
      if (eventID > 26) {
        throw remoteFault(numbers.internal, `internal error: unsupported event ID ${eventID}`);
      }
      client.registered.add(eventID);
      return { callbackID: eventID };
    },
    connectListAllDomains: ({ flags }) => {
      const domains = [...this.domains.values()].filter(({ config, autostart, id }) =>
        ((flags & 1) === 0 || id >= 0) && ((flags & 4) === 0 || config !== undefined) &&
        ((flags & 1024) === 0 || autostart)
      ).map(this.#wire);
      return { domains, ret: domains.length };
    },
    connectGetAllDomainStats: () => ({
      retStats: [...this.domains.values()].map((domain) => ({
        dom: this.#wire(domain),
        params: [
          { field: "state.state", value: { kind: 1 as const, value: domain.state } },
          { field: "state.reason", value: { kind: 1 as const, value: domain.reason } },
        ],
      })),
    }),
    domainLookupByUuid: (args) => ({ dom: this.#wire(this.#find(args)) }),
    domainLookupByName: ({ name }) => {
      const domain = this.named(name);
      if (domain !== undefined) return { dom: this.#wire(domain) };
      throw remoteFault(numbers.noDomain, `Domain not found: no domain with matching name '${name}'`);
    },
    domainLookupById: ({ id }) => {
      const domain = [...this.domains.values()].find((each) => each.id === id);
      if (domain !== undefined) return { dom: this.#wire(domain) };
      throw remoteFault(numbers.noDomain, `Domain not found: no domain with matching id ${id}`);
    },
    domainGetState: ({ dom }) => {
      const { state, reason } = this.#find(dom);
      return { state, reason };
    },
    domainGetInfo: ({ dom }) => ({
      state: this.#find(dom).state,
      maxMem: 65_536n,
      memory: 65_536n,
      nrVirtCpu: 1,
      cpuTime: 0n,
    }),
    domainIsPersistent: ({ dom }) => ({ persistent: this.#find(dom).config === undefined ? 0 : 1 }),
    domainGetAutostart: ({ dom }) => ({ autostart: this.#find(dom).autostart ? 1 : 0 }),
    domainGetXmlDesc: ({ dom, flags }) => ({ xml: this.#xml(this.#find(dom), flags) }),
    domainSetAutostart: ({ dom, autostart }, client) => {
      const domain = this.#find(dom);
      domain.autostart = autostart === 1;
      this.#done("domainSetAutostart", domain, client);
    },
    domainDefineXml: ({ xml }, client) => {
      const domain = this.define(xml);
      this.#done("domainDefineXml", domain, client);
      return { dom: this.#wire(domain) };
    },
    domainCreateXml: ({ xmlDesc }, client) => {
      const uuid = /<uuid>([^<]*)<\/uuid>/.exec(xmlDesc)?.[1] ?? this.#newUuid();
      const name = /<name>([^<]*)<\/name>/.exec(xmlDesc)?.[1] ?? "";
      const domain = this.domains.get(uuid) ??
        { name, uuid, id: -1, state: states.shutoff, reason: 0, config: undefined, autostart: false };
      this.domains.set(uuid, domain);
      this.start(domain);
      this.#done("domainCreateXml", domain, client);
      return { dom: this.#wire(domain) };
    },
    domainCreate: ({ dom }, client) => {
      const domain = this.#find(dom);
      this.start(domain);
      this.#done("domainCreate", domain, client);
    },
    domainCreateWithFlags: ({ dom, flags }, client) => {
      const domain = this.#find(dom);
      this.start(domain, { paused: (flags & 1) === 1 });
      this.#done("domainCreateWithFlags", domain, client);
      return { dom: this.#wire(domain) };
    },
    domainDestroy: ({ dom }, client) => {
      const domain = this.#find(dom);
      this.stop(domain);
      this.#done("domainDestroy", domain, client);
    },
    domainShutdown: ({ dom }, client) => {
      const domain = this.#find(dom);
      if (domain.id < 0) {
        throw remoteFault(numbers.invalid, "Requested operation is not valid: domain is not running");
      }
      this.#done("domainShutdown", domain, client);
    },
    domainSuspend: ({ dom }, client) => {
      const domain = this.#find(dom);
      this.pause(domain, true);
      this.#done("domainSuspend", domain, client);
    },
    domainResume: ({ dom }, client) => {
      const domain = this.#find(dom);
      this.pause(domain, false);
      this.#done("domainResume", domain, client);
    },
    domainUndefine: ({ dom }, client) => {
      const domain = this.#find(dom);
      this.undefine(domain);
      this.#done("domainUndefine", domain, client);
    },
    domainUndefineFlags: ({ dom }, client) => {
      const domain = this.#find(dom);
      this.undefine(domain);
      this.#done("domainUndefineFlags", domain, client);
    },
    domainRename: ({ dom, newName }, client) => {
      const domain = this.#find(dom);
      this.rename(domain, newName ?? "");
      this.#done("domainRename", domain, client);
      return { retcode: 0 };
    },
  };
}
