/**
 * What neither Deno nor Node offer and Linux's C library does: locks on parts of files, extended attributes, who is at the
 * other end of a socket, datagrams to a socket of this machine. All foreign functions of the project are here.
 *
 * Calls are made at once, in this thread: none of them waits for somebody else.
 *
 * @module
 */
import { constants } from "node:os";
import { VirtError } from "../../model/error.ts";

/** What the system answered: the call, and why it did not go. */
export class SystemCallError extends Error {
  override readonly name: string = "SystemCallError";
  /** Such as `ENOENT`. */
  readonly code: string;

  /** Makes one of a number that the C library left behind. */
  constructor(call: string, errno: number) {
    const code = nameOf(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** The process at the other end of a socket. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A range of bytes of a file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** The C library. Everything throws {@linkcode SystemCallError} unless it says otherwise. */
export interface Libc {
  /** Opens a file for reading and writing, without becoming anybody's terminal or waiting for the other end of a pipe. */
  open(path: string): number;
  /** Closes an open file. Never throws: it is closed whatever the system says. */
  close(fd: number): void;
  /**
   * Locks a range of an open file for writing, against everybody who locks it in any other way or opened it elsewhere:
   * other processes, and this one.
   *
   * @returns whether the lock was free
   */
  tryLock(fd: number, range: ByteRange): boolean;
  /** Gives a lock back. */
  unlock(fd: number, range: ByteRange): void;
  /** The value of an extended attribute; `undefined` where there is none of that name. */
  getAttribute(path: string, name: string): Uint8Array | undefined;
  /** Sets an extended attribute. */
  setAttribute(path: string, name: string, value: Uint8Array): void;
  /** Removes an extended attribute, which need not be there. */
  removeAttribute(path: string, name: string): void;
  /** The process that has connected to a socket of this machine; `undefined` where the system does not know. */
  peerOf(fd: number): PeerCredentials | undefined;
  /** Has an open file close in every program that this process starts. */
  closeOnExec(fd: number): void;
  /** Sends one datagram to a socket of this machine. A path that begins with `@` names one without a file. */
  sendDatagram(path: string, data: Uint8Array): void;
  /** The system's clock that nobody sets (CLOCK_MONOTONIC), in microseconds. */
  monotonicMicroseconds(): bigint;
}

const declarations = {
  __errno_location: { parameters: [], result: "pointer" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  fcntlNumber: { name: "fcntl", parameters: ["i32", "i32", "i32"], result: "i32" },
  getxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
  setxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  removexattr: { parameters: ["buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/*
 * Numbers are Linux's, the same on x86-64 and on aarch64 (asm-generic/fcntl.h, asm-generic/socket.h). `open` and `fcntl` take
 * a variable number of arguments in C; both processors' Linux conventions pass those like any others.
 */
const openFlags = 0o2 | 0o400 | 0o4000 | 0o2000000; // O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC
const setLock = 37; // F_OFD_SETLK: the lock is the open file's, not the process's
const setFlags = 2; // F_SETFD
const closesOnExec = 1; // FD_CLOEXEC
const writeLock = 1; // F_WRLCK
const noLock = 2; // F_UNLCK
const solSocket = 1;
const soPeerCred = 17;
const afUnix = 1;
const datagram = 2 | 0o2000000; // SOCK_DGRAM | SOCK_CLOEXEC
const monotonic = 1; // CLOCK_MONOTONIC
const sendFlags = 0x4000 | 0x40; // MSG_NOSIGNAL | MSG_DONTWAIT

/** The longest value of an attribute. Source: linux/limits.h, XATTR_SIZE_MAX. */
const longestValue = 65_536;

/** The longest address of a socket of this machine. Source: unix(7), sun_path. */
const longestSocketPath = 108;

let opened: Libc | undefined;

/**
 * The C library of this system.
 *
 * @throws {VirtError} `unsupported` elsewhere than on Linux on x86-64 and aarch64, `permission-denied` where foreign functions
 * are not permitted to this process.
 *
 * @example
 * ```ts
 * import { openLibc } from "./libc.ts";
 * function sizeOfCapability(path: string): number | undefined {
 *   return openLibc().getAttribute(path, "security.capability")?.length;
 * }
 * ```
 */
export function openLibc(): Libc {
  opened ??= new SystemLibc(load());
  return opened;
}

function load(): Symbols {
  const { os, arch } = Deno.build;
  if (os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    throw new VirtError(
      "unsupported",
      `Cannot call the C library on ${os} (${arch}): its form is not known there`,
      {
        hint: "Use Linux on x86-64 or aarch64",
      },
    );
  }
  try {
    return Deno.dlopen("libc.so.6", declarations).symbols;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      throw new VirtError("permission-denied", "Cannot call the C library: this process may not", {
        hint: "Run it with --allow-ffi",
        cause,
      });
    }
    throw new VirtError("unsupported", "Cannot call the C library: it is not there", {
      hint: "Use a system with the GNU C library",
      cause,
    });
  }
}

type Symbols = Deno.StaticForeignLibraryInterface<typeof declarations>;

class SystemLibc implements Libc {
  readonly #symbols: Symbols;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  open(path: string): number {
    const fd = this.#symbols.open(text(path), openFlags);
    return fd >= 0 ? fd : this.#fail("open");
  }

  close(fd: number): void {
    this.#symbols.close(fd);
  }

  tryLock(fd: number, range: ByteRange): boolean {
    if (this.#symbols.fcntl(fd, setLock, lockRequest(writeLock, range)) === 0) return true;
    const errno = this.#errno();
    if (errno === constants.errno.EAGAIN || errno === constants.errno.EACCES) return false;
    throw new SystemCallError("fcntl", errno);
  }

  unlock(fd: number, range: ByteRange): void {
    if (this.#symbols.fcntl(fd, setLock, lockRequest(noLock, range)) !== 0) this.#fail("fcntl");
  }

  getAttribute(path: string, name: string): Uint8Array | undefined {
    const value = new Uint8Array(longestValue);
    const length = Number(this.#symbols.getxattr(text(path), text(name), value, BigInt(value.length)));
    if (length >= 0) return value.slice(0, length);
    const errno = this.#errno();
    if (errno === constants.errno.ENODATA) return undefined;
    throw new SystemCallError("getxattr", errno);
  }

  setAttribute(path: string, name: string, value: Uint8Array): void {
    const own = new Uint8Array(value);
    if (this.#symbols.setxattr(text(path), text(name), own, BigInt(own.length), 0) !== 0) {
      this.#fail("setxattr");
    }
  }

  removeAttribute(path: string, name: string): void {
    if (this.#symbols.removexattr(text(path), text(name)) === 0) return;
    const errno = this.#errno();
    if (errno !== constants.errno.ENODATA) throw new SystemCallError("removexattr", errno);
  }

  peerOf(fd: number): PeerCredentials | undefined {
    const found = new Int32Array(3);
    const length = new Uint32Array([found.byteLength]);
    if (this.#symbols.getsockopt(fd, solSocket, soPeerCred, found, length) !== 0) return undefined;
    const [pid = 0, uid = 0, gid = 0] = found;
    return { pid, uid: uid >>> 0, gid: gid >>> 0 };
  }

  closeOnExec(fd: number): void {
    // One that is closed already no program gets.
    this.#symbols.fcntlNumber(fd, setFlags, closesOnExec);
  }

  sendDatagram(path: string, data: Uint8Array): void {
    const address = socketAddress(path);
    const fd = this.#symbols.socket(afUnix, datagram, 0);
    if (fd < 0) this.#fail("socket");
    try {
      const own = new Uint8Array(data);
      const sent = this.#symbols.sendto(fd, own, BigInt(own.length), sendFlags, address, address.length);
      if (Number(sent) !== own.length) this.#fail("sendto");
    } finally {
      this.#symbols.close(fd);
    }
  }

  monotonicMicroseconds(): bigint {
    const now = new BigInt64Array(2); // struct timespec: seconds, nanoseconds
    if (this.#symbols.clock_gettime(monotonic, now) !== 0) this.#fail("clock_gettime");
    const [seconds = 0n, nanoseconds = 0n] = now;
    return seconds * 1_000_000n + nanoseconds / 1000n;
  }

  #fail(call: string): never {
    throw new SystemCallError(call, this.#errno());
  }

  /** What the last call left behind; it is this thread's. */
  #errno(): number {
    const where = this.#symbols.__errno_location();
    return where === null ? 0 : new Deno.UnsafePointerView(where).getInt32();
  }
}

/** Text as C has it. What has a zero inside would mean another file than it says. */
function text(value: string): Uint8Array<ArrayBuffer> {
  if (value.includes("\0")) {
    throw new VirtError("invalid-argument", `Cannot use ${JSON.stringify(value)}: it has a zero inside`);
  }
  return new TextEncoder().encode(`${value}\0`);
}

/** `struct flock` on 64-bit Linux: type and whence (SEEK_SET), start at 8, length at 16, no process at 24. */
function lockRequest(type: number, { offset, length }: ByteRange): Uint8Array<ArrayBuffer> {
  const request = new DataView(new ArrayBuffer(32));
  request.setInt16(0, type, true);
  request.setBigInt64(8, BigInt(offset), true);
  request.setBigInt64(16, BigInt(length), true);
  return new Uint8Array(request.buffer);
}

/** `struct sockaddr_un`. */
function socketAddress(path: string): Uint8Array<ArrayBuffer> {
  const isAbstract = path.startsWith("@");
  const name = new TextEncoder().encode(isAbstract ? `\0${path.slice(1)}` : path);
  // The name of one without a file ends where the address does; that of a file ends with a zero.
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  if (path === "" || address.length > 2 + longestSocketPath) {
    throw new VirtError("invalid-argument", `Cannot send to "${path}": it is no address of a socket`);
  }
  new DataView(address.buffer).setUint16(0, afUnix, true);
  address.set(name, 2);
  return address;
}

function nameOf(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno);
  return found?.[0] ?? `error ${errno}`;
}
