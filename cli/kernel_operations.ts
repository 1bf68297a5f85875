/**
 * What a kernel can do on every connection, whatever its driver.
 *
 * @module
 */
import { automationOperations } from "../automation/mod.ts";
import { bytesOf, sizeText } from "../model/desired/mod.ts";
import { VirtError } from "../model/error.ts";
import type { DriverMap } from "../runtime/driver.ts";
import type { Io } from "./io.ts";

/**
 * What automation offers, with images kept in the state directory; how much of them `DROVER_IMAGE_CACHE` says.
 *
 * @throws {VirtError} `invalid-argument` where that is no size.
 */
export function kernelOperations(io: Pick<Io, "env">, stateDirectory: string): DriverMap {
  const maxBytes = imageBytes(io);
  return automationOperations({
    images: { directory: `${stateDirectory}/images`, ...(maxBytes === undefined ? {} : { maxBytes }) },
  });
}

function imageBytes(io: Pick<Io, "env">): number | undefined {
  const text = io.env("DROVER_IMAGE_CACHE");
  if (text === undefined || text === "") return undefined;
  const size = sizeText.safeParse(text);
  if (size.success) return bytesOf(size.data);
  throw new VirtError("invalid-argument", `Cannot keep "${text}" of images: DROVER_IMAGE_CACHE is no size`, {
    hint: "Write for instance DROVER_IMAGE_CACHE=32GiB",
  });
}
