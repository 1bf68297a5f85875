/**
 * Whether a daemon answers.
 *
 * @module
 */

/** Number of libvirt's main program and of its procedure AUTH_LIST, which may be called before anything else. */
const remoteProgram = 0x20008086;
const authList = 66;

/** A call without arguments: length, then program, version, procedure, type, serial and status. */
function authListCall(): Uint8Array {
  const view = new DataView(new ArrayBuffer(28));
  [28, remoteProgram, 1, authList, 0, 0, 0].forEach((word, index) => view.setUint32(4 * index, word));
  return new Uint8Array(view.buffer);
}

/** Whether the daemon behind a socket answers a call; it accepts connections before it does. */
export async function answers(path: string): Promise<boolean> {
  try {
    using connection = await Deno.connect({ transport: "unix", path });
    await connection.write(authListCall());
    return await connection.read(new Uint8Array(64)) !== null;
  } catch (error) {
    const expected = [
      Deno.errors.NotFound,
      Deno.errors.ConnectionRefused,
      Deno.errors.ConnectionReset,
      Deno.errors.BrokenPipe,
    ];
    if (expected.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}
