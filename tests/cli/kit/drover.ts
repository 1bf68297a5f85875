/**
 * Runs a command line within the test.
 *
 * @module
 */
import { main } from "../../../cli/main.ts";
import { type FakeAnswers, FakeControl } from "./fake_control.ts";
import { FakeIo, type FakeIoOptions } from "./fake_io.ts";

/** What a command did. */
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  readonly control: FakeControl;
  readonly io: FakeIo;
}

/** What a command runs with. */
export interface DroverOptions extends FakeIoOptions {
  readonly answers?: FakeAnswers;
}

/** Runs `drover` with a fake kernel. */
export async function drover(args: readonly string[], options: DroverOptions = {}): Promise<Ran> {
  const io = new FakeIo(options);
  const control = new FakeControl(options.answers ?? {});
  const exit = await main(args, { io, openControl: () => Promise.resolve(control) });
  return { exit, out: io.stdout.text, err: io.stderr.text, control, io };
}
