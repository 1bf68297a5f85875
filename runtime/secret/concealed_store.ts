/**
 * The journal of one run, into which no value of its secrets is written.
 *
 * What a recipe asked for, and what it was told, is written as it was: it never had a value, and a resume needs each
 * letter of it. Whatever comes from elsewhere is looked through.
 *
 * @module
 */
import type { ErrorData } from "../../model/error.ts";
import type { RunEvent, RunView } from "../control/methods.ts";
import type { Store } from "../journal/store.ts";
import type { RunFeed } from "../run/feed.ts";
import type { Concealer } from "./concealer.ts";

/** The writes that are looked through. */
function concealedWrites(
  store: Store,
  concealer: Concealer,
): Pick<Store, "addLog" | "addAudit" | "changeRun" | "changeStep" | "changeLease"> {
  return {
    addLog: ({ message, fields, ...log }) =>
      store.addLog({
        ...log,
        message: concealer.text(message),
        ...(fields === undefined ? {} : { fields: concealer.data(fields) }),
      }),
    addAudit: ({ detail, ...audit }) =>
      store.addAudit({ ...audit, ...(detail === undefined ? {} : { detail: concealer.text(detail) }) }),
    changeRun: (id, patch) => {
      const { result } = patch;
      store.changeRun(id, {
        ...withoutValues(patch, concealer),
        ...(result === undefined ? {} : { result: concealer.data(result) }),
      });
    },
    changeStep: (run, number, patch) => store.changeStep(run, number, withoutValues(patch, concealer)),
    changeLease: (id, patch) => store.changeLease(id, withoutValues(patch, concealer)),
  };
}

/** What changes, without values in its error. */
function withoutValues<T extends { readonly error?: ErrorData | undefined }>(
  patch: T,
  concealer: Concealer,
): T {
  return patch.error === undefined ? patch : { ...patch, error: concealer.error(patch.error) };
}

/** The store, with what a run writes into it looked through. */
export function concealedStore(store: Store, concealer: Concealer): Store {
  const writes = concealedWrites(store, concealer);
  return new Proxy(store, {
    get(target, key): unknown {
      if (Object.hasOwn(writes, key)) return Reflect.get(writes, key);
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

/** Tells those who watch a run what happens, without values. */
export function concealedFeed(
  feed: Pick<RunFeed, "publish">,
  concealer: Concealer,
): Pick<RunFeed, "publish"> {
  return { publish: (event) => feed.publish(concealedEvent(event, concealer)) };
}

function concealedEvent(event: RunEvent, concealer: Concealer): RunEvent {
  switch (event.type) {
    case "run":
      return { ...event, run: concealedView(event.run, concealer) };
    case "operation": {
      const { detail, error } = event;
      return {
        ...event,
        ...(detail === undefined ? {} : { detail: concealer.text(detail) }),
        ...(error === undefined ? {} : { error: concealer.error(error) }),
      };
    }
    case "log": {
      const { message, fields } = event;
      return {
        ...event,
        message: concealer.text(message),
        ...(fields === undefined ? {} : { fields: concealer.data(fields) }),
      };
    }
    case "step":
      return event.message === undefined ? event : { ...event, message: concealer.text(event.message) };
    case "progress":
      return event.text === undefined ? event : { ...event, text: concealer.text(event.text) };
  }
}

/** A run as it is shown, without values. */
export function concealedView(run: RunView, concealer: Concealer): RunView {
  const { result, error } = run;
  return {
    ...run,
    ...(result === undefined ? {} : { result: concealer.data(result) }),
    ...(error === undefined ? {} : { error: concealer.error(error) }),
  };
}
