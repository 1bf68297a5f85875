/**
 * One after the other: whoever decides by what the journal says finds it unchanged until they have written.
 *
 * @module
 */

/** Takes turns. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does something when everything that came before has ended. */
  take<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
