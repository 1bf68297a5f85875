/**
 * First come first served, and whoever gives up leaves at once, from anywhere in the queue.
 *
 * @module
 */

/** A place in a queue. */
export interface Place<T> {
  readonly item: T;
}

class Node<T> implements Place<T> {
  readonly item: T;
  before: Node<T> | undefined;
  behind: Node<T> | undefined;
  waits = true;

  constructor(item: T) {
    this.item = item;
  }
}

/**
 * A queue in which nothing takes longer because it is long.
 *
 * @example
 * ```ts
 * import { Queue } from "./queue.ts";
 * const queue = new Queue<string>();
 * const place = queue.push("a");
 * queue.push("b");
 * queue.leave(place); // true
 * queue.shift(); // "b"
 * ```
 */
export class Queue<T> {
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Who is next. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Adds somebody at the end. */
  push(item: T): Place<T> {
    const node = new Node(item);
    node.before = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.behind = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  /** Takes out who is next. */
  shift(): T | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.leave(node);
    return node.item;
  }

  /** Gives up a place of this queue. @returns whether anybody waited there still */
  leave(place: Place<T>): boolean {
    if (!(place instanceof Node) || !place.waits) return false;
    const { before, behind } = place;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    place.waits = false;
    place.before = place.behind = undefined;
    this.#size--;
    return true;
  }

  /** Takes everybody out. */
  clear(): T[] {
    const items: T[] = [];
    for (let node = this.#first; node !== undefined;) {
      const { behind } = node;
      node.waits = false;
      node.before = node.behind = undefined;
      items.push(node.item);
      node = behind;
    }
    this.#first = this.#last = undefined;
    this.#size = 0;
    return items;
  }
}
