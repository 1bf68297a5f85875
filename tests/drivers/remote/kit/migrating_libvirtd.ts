/**
 * Two libvirtds in memory between which a guest can be moved. What is not known of libvirt is left out; what is, as its
 * sources of 9.0 have it: a migration whose connection ends is given up, and a guest that waits for one goes with it.
 *
 * @module
 */
import type { VirtualClock } from "../../../../testing/virtual_clock.ts";
import { type FakeClient, type FakeDomain, remoteFault } from "./fake_libvirtd.ts";
import { ScriptedLibvirtd } from "./scripted_libvirtd.ts";

/** Source of the numbers: libvirt, virDomainState, virDomain*Reason. */
const running = { state: 1, migrated: 2, cancelled: 6 } as const;
const paused = { state: 3, user: 1, migration: 2 } as const;

/** Source of the numbers: libvirt, virDomainMigrateFlags. */
const flag = { peerToPeer: 2, persist: 8, undefineSource: 16, paused: 32, offline: 1024 } as const;

/** libvirt's errors for what cannot be, and for a finish that is told of a cancel. */
const invalid = (what: string): Error => remoteFault(55, `Requested operation is not valid: ${what}`);
const failed = (what: string): Error => remoteFault(9, `operation failed: ${what}`);

const cookie = Uint8Array.of(1);

/** How far a guest is that is being sent. */
type Progress = "begun" | "sent";

/** A libvirtd that can send and take a guest. */
export class MigratingLibvirtd extends ScriptedLibvirtd {
  /** Where guests go from here. */
  other: MigratingLibvirtd | undefined;
  /** How a migration that the hosts carry out by themselves ends: well, badly, or badly with the guest over there. */
  peersEnd: "well" | "badly" | "split" = "well";
  /** Has them take so long for each of their steps; the call is answered before, and its answer has to be lost. */
  peersPace: { readonly clock: VirtualClock; readonly ms: number } | undefined;
  readonly #sending = new Map<string, { progress: Progress; readonly client: number }>();
  readonly #taking = new Map<string, number>();
  #ids = 100;

  constructor(hostUuid: string) {
    super(hostUuid);
    this.on("connectSupportsFeature", () => ({ supported: 1 }));
    this.on("domainGetJobStats", ({ dom }) => ({ type: this.#isBusy(dom.uuid) ? 2 : 0, params: [] }));
    this.on("domainUndefineFlags", ({ dom }) => void this.undefine(this.#named(dom)));
    this.on("domainResume", ({ dom }) => void this.pause(this.#named(dom), false));
    this.on(
      "domainMigratePrepare3Params",
      ({ params }, client) => this.#prepare(textOf(params, "destination_xml"), client),
    );
    this.on("domainMigrateFinish3Params", ({ params, flags, cancelled }) => ({
      dom: this.#finish(textOf(params, "destination_name"), { flags, cancelled: cancelled !== 0 }),
      cookieOut: cookie,
    }));
    this.on(
      "domainMigrateConfirm3Params",
      ({ dom, flags, cancelled }) => this.#confirm(this.#named(dom), { flags, cancelled: cancelled !== 0 }),
    );
    this.on(
      "domainMigratePerform3Params",
      ({ dom, flags }, client) => this.#perform(this.#named(dom), { flags, client }),
    );
    this.on("domainMigrateBegin3Params", ({ dom }, client) => this.#begin(this.#named(dom), client));
  }

  override detach(client: FakeClient): void {
    super.detach(client);
    for (const [uuid, { client: owner }] of this.#sending) {
      if (owner === client.number) this.#sending.delete(uuid);
    }
    for (const [uuid, owner] of this.#taking) {
      if (owner === client.number) this.#drop(uuid);
    }
  }

  #named({ uuid }: { readonly uuid: string }): FakeDomain {
    const domain = this.domains.get(uuid);
    if (domain === undefined) {
      throw remoteFault(42, `Domain not found: no domain with matching uuid '${uuid}'`);
    }
    return domain;
  }

  #isBusy(uuid: string): boolean {
    return this.#sending.has(uuid) || this.#taking.has(uuid);
  }

  #begin(domain: FakeDomain, client: FakeClient): { readonly cookieOut: Uint8Array; readonly xml: string } {
    if (this.#sending.has(domain.uuid)) throw invalid("another migration job is already running");
    this.#sending.set(domain.uuid, { progress: "begun", client: client.number });
    return { cookieOut: cookie, xml: domain.config ?? "" };
  }

  #prepare(
    xml: string,
    client: FakeClient | undefined,
  ): { readonly cookieOut: Uint8Array; readonly uriOut: string } {
    const uuid = /<uuid>([^<]*)/.exec(xml)?.[1] ?? "";
    const name = /<name>([^<]*)/.exec(xml)?.[1] ?? "";
    const known = this.domains.get(uuid);
    if ((known?.id ?? -1) >= 0) throw invalid("domain is already active");
    this.domains.set(uuid, {
      name,
      uuid,
      id: this.#ids++,
      state: paused.state,
      reason: paused.migration,
      config: known?.config,
      autostart: false,
    });
    this.#taking.set(uuid, client?.number ?? -1);
    return { cookieOut: cookie, uriOut: "tcp://other:49152" };
  }

  #perform(
    domain: FakeDomain,
    { flags, client }: { readonly flags: number; readonly client: FakeClient },
  ): { readonly cookieOut: Uint8Array } {
    if ((flags & flag.peerToPeer) !== 0) return this.#performWithPeer(domain, flags);
    const sending = this.#sending.get(domain.uuid);
    if (sending === undefined) throw invalid("no migration job is running");
    if (this.other?.domains.get(domain.uuid)?.state !== paused.state) {
      this.#goOn(domain);
      throw failed("the other side is gone");
    }
    this.#sending.set(domain.uuid, { progress: "sent", client: client.number });
    if (domain.state === running.state) {
      Object.assign(domain, { state: paused.state, reason: paused.migration });
    }
    return { cookieOut: cookie };
  }

  #performWithPeer(domain: FakeDomain, flags: number): { readonly cookieOut: Uint8Array } {
    if (this.peersEnd === "badly") throw failed("the other host cannot be reached");
    const { other } = this;
    if (other === undefined) throw failed("the other host cannot be reached");
    other.#prepare(domain.config ?? "", undefined);
    if (this.peersPace !== undefined) return this.#goOnWithPeer(domain, { other, flags, ...this.peersPace });
    other.#finish(domain.name, { flags, cancelled: false });
    if (this.peersEnd === "split") throw failed("the connection to the other host was closed");
    this.#end(domain, flags);
    return { cookieOut: new Uint8Array() };
  }

  /** The steps of two hosts that need nobody. Where the other one does not take the guest, it goes on here. */
  #goOnWithPeer(
    domain: FakeDomain,
    { other, flags, clock, ms }: {
      readonly other: MigratingLibvirtd;
      readonly flags: number;
      readonly clock: VirtualClock;
      readonly ms: number;
    },
  ): { readonly cookieOut: Uint8Array } {
    this.#sending.set(domain.uuid, { progress: "begun", client: -1 });
    const steps: readonly (() => void)[] = [
      () => Object.assign(domain, { state: paused.state, reason: paused.migration }),
      () => other.#finish(domain.name, { flags, cancelled: false }),
      () => this.#end(domain, flags),
    ];
    const next = (at: number): void => {
      const step = steps[at];
      if (step === undefined || domain.id < 0) return;
      try {
        step();
      } catch {
        return this.#goOn(domain);
      }
      clock.after(ms, () => next(at + 1));
    };
    clock.after(ms, () => next(0));
    return { cookieOut: cookie };
  }

  #finish(
    name: string,
    { flags, cancelled }: { readonly flags: number; readonly cancelled: boolean },
  ): { readonly name: string; readonly uuid: string; readonly id: number } {
    const domain = this.named(name);
    if (domain === undefined) {
      throw remoteFault(42, `Domain not found: no domain with matching name '${name}'`);
    }
    if (!this.#taking.has(domain.uuid)) throw invalid("domain is not being migrated in");
    if (cancelled) {
      this.#drop(domain.uuid);
      throw remoteFault(93, "migration successfully aborted");
    }
    this.#taking.delete(domain.uuid);
    const isPaused = (flags & flag.paused) !== 0;
    Object.assign(domain, {
      state: isPaused ? paused.state : running.state,
      reason: isPaused ? paused.user : running.migrated,
    });
    if ((flags & flag.persist) !== 0) {
      domain.config = `<domain><name>${domain.name}</name><uuid>${domain.uuid}</uuid></domain>`;
    }
    if ((flags & flag.offline) !== 0) Object.assign(domain, { id: -1, state: 5, reason: 0 });
    return domain;
  }

  #confirm(
    domain: FakeDomain,
    { flags, cancelled }: { readonly flags: number; readonly cancelled: boolean },
  ): undefined {
    if (!this.#sending.has(domain.uuid)) throw invalid("domain is not being migrated");
    if (cancelled) this.#goOn(domain);
    else this.#end(domain, flags);
  }

  #goOn(domain: FakeDomain): void {
    this.#sending.delete(domain.uuid);
    if (domain.state === paused.state && domain.reason === paused.migration) {
      Object.assign(domain, { state: running.state, reason: running.cancelled });
    }
  }

  #end(domain: FakeDomain, flags: number): void {
    this.#sending.delete(domain.uuid);
    if (domain.id >= 0) this.stop(domain);
    domain.reason = 4;
    if ((flags & flag.undefineSource) !== 0 && domain.config !== undefined) this.undefine(domain);
  }

  /** A guest that waits is dropped. */
  #drop(uuid: string): void {
    this.#taking.delete(uuid);
    const domain = this.domains.get(uuid);
    if (domain !== undefined && domain.id >= 0) this.stop(domain);
  }
}

function textOf(
  params: readonly { readonly field: string; readonly value: { readonly value: unknown } }[],
  name: string,
): string {
  return `${params.find(({ field }) => field === name)?.value.value ?? ""}`;
}
