/**
 * Finds the route that a request means.
 *
 * @module
 */
import { Refusal } from "./problem.ts";
import type { Route } from "./route.ts";

/** A route, and what the path says in the place of its names. */
export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Entry {
  readonly segments: readonly string[];
  readonly routes: Map<string, Route>;
}

/** Routes by their paths. */
export class Router {
  readonly #entries: Entry[] = [];

  /** @throws {TypeError} where two routes are the same. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split("/");
      const same = this.#entries.find((entry) => entry.segments.join("/") === route.path);
      if (same?.routes.has(route.method) === true) {
        throw new TypeError(`Route "${route.method} ${route.path}" is declared twice`);
      }
      if (same === undefined) this.#entries.push({ segments, routes: new Map([[route.method, route]]) });
      else same.routes.set(route.method, route);
    }
    // What is said in letters goes before what is only named: /v1/runs/events is no run.
    this.#entries.sort((a, b) => names(a.segments) - names(b.segments));
  }

  /**
   * The route for a method and a path.
   *
   * @throws {Refusal} 404 where there is none, 405 where there is one for other methods.
   */
  find(method: string, path: string): Found {
    const segments = path.split("/");
    for (const { segments: pattern, routes } of this.#entries) {
      const params = matched(pattern, segments);
      if (params === undefined) continue;
      const route = routes.get(method === "HEAD" ? "GET" : method);
      if (route !== undefined) return { route, params };
      const allow = [...routes.keys()].flatMap((each) => each === "GET" ? ["GET", "HEAD"] : [each]).join(
        ", ",
      );
      throw new Refusal(405, `Cannot ${method.slice(0, 16)} here`, {
        hint: `There is: ${allow}`,
        headers: { allow },
      });
    }
    throw new Refusal(404, "There is nothing at this path", { hint: "GET /openapi.json says what there is" });
  }
}

function names(segments: readonly string[]): number {
  return segments.filter((segment) => segment.startsWith("{")).length;
}

function matched(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith("{")) {
      const value = decoded(segment);
      if (value === undefined || value === "") return undefined;
      params[part.slice(1, -1)] = value;
    } else if (part !== segment) return undefined;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
