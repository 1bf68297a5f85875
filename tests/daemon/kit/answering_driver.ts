/**
 * The test driver with further operations, which answer what they are told to and keep what they are asked.
 *
 * @module
 */
import { createTestDriver } from "../../../drivers/test/mod.ts";
import type { OutputOf } from "../../../model/operation.ts";
import type { OperationName, Operations } from "../../../model/operations/mod.ts";
import type { Driver, DriverConnection, DriverMap } from "../../../runtime/driver.ts";

/** What each operation answers. */
export type Answers = { readonly [N in OperationName]?: OutputOf<Operations[N]> };

/** What an operation was asked. */
export interface Asked {
  readonly operation: string;
  readonly input: unknown;
}

/** A driver, and what its further operations were asked so far. */
export interface AnsweringDriver {
  readonly driver: Driver;
  readonly asked: Asked[];
}

/** Makes one. */
export function answeringDriver(answers: Answers): AnsweringDriver {
  const asked: Asked[] = [];
  const { name, schemes, connect } = createTestDriver();
  const further = Object.fromEntries(
    Object.entries(answers).map(([operation, answer]) => [operation, {
      run: (_job: unknown, input: unknown): Promise<unknown> => {
        asked.push({ operation, input });
        return Promise.resolve(answer);
      },
    }]),
  );
  const driver: Driver = {
    name,
    schemes,
    async connect(uri, environment): Promise<DriverConnection> {
      const connection = await connect(uri, environment);
      const implementations: DriverMap = { ...connection.implementations, ...further };
      Reflect.set(connection, "implementations", implementations);
      return connection;
    },
  };
  return { driver, asked };
}
