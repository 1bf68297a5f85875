/**
 * Whatever comes in, a reader ends with a value or with an error of its own.
 */
import { assertOnlyProtocolErrors } from "./hostile.ts";
import {
  bool,
  bytes,
  chars,
  enumeration,
  fixedList,
  int,
  list,
  optional,
  string,
  struct,
  uhyper,
  union,
  uuid,
} from "../../../protocol/xdr/mod.ts";

Deno.test("random and damaged messages are read or refused, never worse", () => {
  const value = union(int, { 1: int, 4: uhyper, 7: string(4194304) });
  assertOnlyProtocolErrors(
    list(
      struct({
        name: string(100),
        uuid,
        kind: enumeration({ none: 0, one: 1 }),
        parameters: list(struct({ field: string(80), value }), 262144),
        data: optional(bytes(8388608)),
        label: chars(4097),
        flags: fixedList(bool, 2),
      }),
      16384,
    ),
    { runs: 2000 },
  );
});
