/**
 * An object as the kernel holds it: its phase, its definitions, what is alive of it, and its generation.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type ObjectClass, objectClasses, objectKey, type ObjectRef, type Phase } from "../model/object.ts";

/** What an object is made with. */
export interface ManagedObjectInit<Facts> {
  readonly host: string;
  readonly driver: string;
  readonly objectClass: ObjectClass;
  readonly id: string;
  readonly name: string;
  readonly parent?: string;
  /** The definition, as XML text. */
  readonly config: string;
  readonly persistent?: boolean;
  readonly facts: Facts;
}

/**
 * One managed object. `live` is there only between `goLive` and `goDown`; `facts` is the driver's own
 * (a snapshot tree, an autostart flag).
 *
 * The generation grows whenever `live` comes or goes or somebody else changed the object, so that whoever slept
 * can see that the world moved.
 */
export class ManagedObject<Live = unknown, Facts = unknown> {
  readonly key: string;
  readonly host: string;
  readonly driver: string;
  readonly objectClass: ObjectClass;
  readonly id: string;
  readonly parent?: string;
  name: string;
  persistent: boolean;
  facts: Facts;
  #phase: Phase = "inactive";
  #config: string;
  #pending: string | undefined;
  #live: Live | undefined;
  #generation = 0;

  constructor(init: ManagedObjectInit<Facts>) {
    this.key = objectKey(init);
    this.host = init.host;
    this.driver = init.driver;
    this.objectClass = init.objectClass;
    this.id = init.id;
    if (init.parent !== undefined) this.parent = init.parent;
    this.name = init.name;
    this.persistent = init.persistent ?? true;
    this.facts = init.facts;
    this.#config = init.config;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The definition in force, as XML text. */
  get config(): string {
    return this.#config;
  }

  /** The definition that takes over when the object is inactive again. */
  get pending(): string | undefined {
    return this.#pending;
  }

  get live(): Live | undefined {
    return this.#live;
  }

  get generation(): number {
    return this.#generation;
  }

  /** How people call it: `domain "web-1"`. */
  get label(): string {
    return `${objectClasses[this.objectClass].label} "${this.name}"`;
  }

  /** A reference for a caller who knows the connection by `connection`. */
  ref(connection: string): ObjectRef {
    return {
      $ref: this.objectClass,
      connection,
      id: this.id,
      name: this.name,
      ...(this.parent === undefined ? {} : { parent: this.parent }),
      generation: this.#generation,
    };
  }

  /**
   * Takes a new definition: at once while nothing uses the present one, else as the pending one. A definition in
   * use is never replaced under the feet of whoever reads it.
   */
  define(config: string): "applied" | "pending" {
    if (this.#phase === "inactive") {
      this.#config = config;
      this.#pending = undefined;
      return "applied";
    }
    this.#pending = config;
    return "pending";
  }

  /** Changes the definition in force together with the live object, as a hot-plug does. */
  redefineLive(config: string): void {
    this.#pending ??= this.#config;
    this.#config = config;
  }

  /** Replaces the definition that is kept for the next start, leaving the one in force alone. */
  definePersistent(config: string): void {
    if (this.#phase === "inactive") this.#config = config;
    else this.#pending = config;
  }

  /** The definition that a next start would use. */
  get persistentConfig(): string {
    return this.#pending ?? this.#config;
  }

  /** Begins a start or a build; the definition is fixed until it ends. */
  begin(): void {
    this.#refuseUnless("inactive", "start");
    this.#phase = "starting";
  }

  /** Records what is alive; to be called before the start returns, so that a crash leaves no orphan. */
  goLive(live: Live): void {
    this.#live = live;
    this.#phase = "active";
    this.#generation++;
  }

  /** Replaces what is alive without an interruption (a driver that reconnects its monitor does). */
  refreshLive(live: Live): void {
    this.#live = live;
  }

  /** Begins an orderly stop. */
  stopping(): void {
    if (this.#phase === "active") this.#phase = "stopping";
  }

  /** Takes an orderly stop back: the object runs on. */
  staysActive(): void {
    if (this.#phase === "stopping") this.#phase = "active";
  }

  /**
   * The object is not alive any more, or its start failed: the pending definition takes over. May be called more
   * than once.
   */
  goDown(): void {
    if (this.#phase === "removed") return;
    if (this.#live !== undefined) this.#generation++;
    this.#live = undefined;
    this.#phase = "inactive";
    if (this.#pending !== undefined) {
      this.#config = this.#pending;
      this.#pending = undefined;
    }
  }

  /** Somebody else changed the object. */
  changedOutside(): void {
    this.#generation++;
  }

  /** The object is no more. Whoever holds it hears so at the next hop. */
  remove(): void {
    if (this.#phase === "removed") return;
    this.#live = undefined;
    this.#phase = "removed";
    this.#generation++;
  }

  /** Refuses what must not happen while the object starts or is built. libvirt: code 55. */
  refuseWhileStarting(doing: string): void {
    if (this.#phase !== "starting") return;
    throw new VirtError("wrong-state", `Cannot ${doing} ${this.label}: it is starting up`, {
      target: this.label,
      hint: "Wait until the start has ended, or destroy the object after it",
    });
  }

  #refuseUnless(phase: Phase, doing: string): void {
    if (this.#phase === phase) return;
    throw new VirtError("wrong-state", `Cannot ${doing} ${this.label}: it is ${this.#phase}`, {
      target: this.label,
    });
  }
}
