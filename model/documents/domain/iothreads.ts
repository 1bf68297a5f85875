/**
 * Threads that do a domain's input and output. Facts: libvirt formatdomain, "IOThreads Allocation".
 *
 * @module
 */
import { attribute, element, elements, integer, shape, type ValueOf } from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";

const poolSize = integer({ max: 2 ** 31 - 1 });

const pool = {
  threadPoolMin: attribute("thread_pool_min", poolSize).optional(),
  threadPoolMax: attribute("thread_pool_max", poolSize).optional(),
};

interface Pool {
  readonly threadPoolMin?: number;
  readonly threadPoolMax?: number;
}

function checkPool({ threadPoolMin, threadPoolMax }: Pool, { refuse }: Reading): void {
  if (threadPoolMin !== undefined && threadPoolMax !== undefined && threadPoolMin > threadPoolMax) {
    refuse("threadPoolMin", "The pool's least number of threads is more than its greatest", {
      expected: `at most ${threadPoolMax}`,
    });
  }
}

const idsShape = shape({
  iothreads: elements(
    "iothread",
    shape({
      id: attribute(integer({ min: 1, max: 2 ** 32 - 1 })),
      ...pool,
      poll: element({
        max: attribute(integer()).optional(),
        grow: attribute(integer()).optional(),
        shrink: attribute(integer()).optional(),
      }).optional(),
    }).check(checkPool),
  ),
}).check((ids, { refuse }) => {
  const seen = new Set<number>();
  ids.iothreads.forEach(({ id }, index) => {
    if (seen.has(id)) refuse(`iothreads.${index}.id`, `There are two threads with the number ${id}`);
    seen.add(id);
  });
});

/** The numbers and settings of threads. */
export interface IoThreadIds extends ValueOf<typeof idsShape> {}

/** `<iothreadids>`. */
export const ioThreadIds: Shape<IoThreadIds> = idsShape;

const defaultShape = shape(pool).check(checkPool);

/** The settings of the main loop. */
export interface DefaultIoThread extends ValueOf<typeof defaultShape> {}

/** `<defaultiothread>`. */
export const defaultIoThread: Shape<DefaultIoThread> = defaultShape;

const mappingShape = shape({
  iothreads: elements("iothread", {
    id: attribute(integer({ min: 1, max: 2 ** 32 - 1 })),
    queues: elements("queue", { id: attribute(integer({ max: 2 ** 32 - 1 })) }),
  }).atLeast(1),
});

/** Which threads serve a device, and which of its queues. */
export interface IoThreadMapping extends ValueOf<typeof mappingShape> {}

/** `<iothreads>` of a device's driver. */
export const ioThreadMapping: Shape<IoThreadMapping> = mappingShape;
