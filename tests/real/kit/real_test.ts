/**
 * Tests on real hypervisors: one private host for the tests of a file, and a stated reason where they cannot run.
 *
 * @module
 */
import { RealHost, type RealHostOptions } from "./host.ts";
import { unavailable } from "./requirements.ts";

/** What a file of tests is given. */
export interface RealTests {
  /** Declares a test; where the machine lacks something it is skipped and says what. */
  test(name: string, run: (host: RealHost, t: Deno.TestContext) => Promise<void>): void;
  /** The file's host; only while tests run. */
  readonly host: RealHost;
}

/** What a file's tests need. */
export interface RealTestsOptions extends RealHostOptions {
  /** Programs that must be there, with the packages that they come in. */
  readonly needs?: Readonly<Record<string, string>>;
  /** What else the machine lacks for them. @default nothing */
  readonly missing?: string;
  /**
   * Whether a crash of libvirtd is no failure of a test. A link that breaks while calls are under way crashes libvirt 9.0 now
   * and then: two of its threads give back the client's event callbacks at once (`remoteClientFreePrivateCallbacks`, which takes
   * a lock in 11.3).
   * @default false
   */
  readonly mayCrash?: boolean;
}

/**
 * One host for all tests of a file, started before the first and ended after the last, however they end. Each test finds
 * its daemon running.
 */
export function realTests(
  { needs, missing, mayCrash = false, ...options }: RealTestsOptions = {},
): RealTests {
  const reason = missing ?? unavailable(needs);
  let host: RealHost | undefined;
  const running = (): RealHost => {
    if (host === undefined) throw new Error("The private host runs only while the tests of its file do");
    return host;
  };
  if (reason === undefined) {
    Deno.test.beforeAll(async () => {
      host = await RealHost.start(options);
    });
    Deno.test.afterAll(async () => {
      await host?.stop();
    });
  }
  return {
    test(name, run): void {
      Deno.test({
        name: reason === undefined ? name : `${name} (skipped: ${reason})`,
        ignore: reason !== undefined,
        fn: async (t) => {
          const host = running();
          if (!host.running) await host.restart();
          const crashes = host.crashes.length;
          await run(host, t).finally(() => {
            const ends = host.crashes.slice(crashes);
            if (ends.length > 0 && !mayCrash) {
              throw new Error(`libvirtd has ended by itself, with ${ends.join(", ")}`);
            }
          });
        },
      });
    },
    get host(): RealHost {
      return running();
    },
  };
}
