/**
 * Metrics, and how Prometheus reads them (text format 0.0.4).
 *
 * @module
 */

/** The type of the text. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Labels of one series. */
export type Labels = Readonly<Record<string, string>>;

/** What every metric says of itself. */
export interface MetricFacts {
  /** By Prometheus's conventions: snake_case, with the base unit, `_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** How many series there may be; further ones count as `other`. @default 1000 */
  readonly maxSeries?: number;
}

/** Something that can be exposed. */
export interface Metric {
  /** Its lines. */
  lines(): readonly string[];
}

/** What stands for labels of which there are too many. */
const other = "other";

/** Series by their labels, never more than a metric says. */
class Series<T> {
  readonly #facts: MetricFacts;
  readonly #make: () => T;
  readonly #series = new Map<string, { readonly labels: string; readonly value: T }>();

  constructor(facts: MetricFacts, make: () => T) {
    this.#facts = facts;
    this.#make = make;
  }

  get(values: readonly string[]): T {
    const key = values.join("\u0000");
    const known = this.#series.get(key);
    if (known !== undefined) return known.value;
    const { labels = [], maxSeries = 1000 } = this.#facts;
    if (this.#series.size >= maxSeries && values.some((value) => value !== other)) {
      return this.get(labels.map(() => other));
    }
    const made = {
      labels: labels.map((name, at) => `${name}="${escaped(values[at] ?? "")}"`).join(","),
      value: this.#make(),
    };
    this.#series.set(key, made);
    return made.value;
  }

  all(): Iterable<{ readonly labels: string; readonly value: T }> {
    return this.#series.values();
  }
}

/** A count that only grows. */
export class Counter implements Metric {
  readonly #facts: MetricFacts;
  readonly #series: Series<{ value: number }>;

  constructor(facts: MetricFacts) {
    this.#facts = facts;
    this.#series = new Series(facts, () => ({ value: 0 }));
    // Whoever reads is to see a counter before it first counts.
    if ((facts.labels ?? []).length === 0) this.#series.get([]);
  }

  /** The count with these labels, for whoever counts often. */
  series(labels: readonly string[]): { value: number } {
    return this.#series.get(labels);
  }

  /** Counts. */
  add(labels: readonly string[] = [], by = 1): void {
    this.#series.get(labels).value += by;
  }

  lines(): readonly string[] {
    const { name } = this.#facts;
    return [
      ...head(this.#facts, "counter"),
      ...Iterator.from(this.#series.all()).map(({ labels, value }) =>
        sample(name, { labels, value: value.value })
      ),
    ];
  }
}

/** A number that is looked at when somebody reads. */
export class Gauge implements Metric {
  readonly #facts: MetricFacts & { readonly type?: "gauge" | "counter" };
  readonly #look: () => Iterable<readonly [labels: readonly string[], value: number]>;

  /** @param look what there is now, by the values of the labels */
  constructor(
    facts: MetricFacts & { readonly type?: "gauge" | "counter" },
    look: () => Iterable<readonly [labels: readonly string[], value: number]>,
  ) {
    this.#facts = facts;
    this.#look = look;
  }

  lines(): readonly string[] {
    const { name, labels: names = [], type = "gauge" } = this.#facts;
    const lines = [...head(this.#facts, type)];
    for (const [values, value] of this.#look()) {
      const labels = names.map((each, at) => `${each}="${escaped(values[at] ?? "")}"`).join(",");
      lines.push(sample(name, { labels, value }));
    }
    return lines;
  }
}

/** How often something fell into which range, for some labels. */
export interface HistogramSeries {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** How often something fell into which range. */
export class Histogram implements Metric {
  readonly #facts: MetricFacts;
  readonly #bounds: readonly number[];
  readonly #series: Series<HistogramSeries>;

  /** @param facts with `bounds`, the upper ends of the ranges in rising order */
  constructor(facts: MetricFacts & { readonly bounds: readonly number[] }) {
    this.#facts = facts;
    this.#bounds = facts.bounds;
    this.#series = new Series(facts, () => ({ counts: facts.bounds.map(() => 0), sum: 0, count: 0 }));
    if ((facts.labels ?? []).length === 0) this.#series.get([]);
  }

  /** The series with these labels, for whoever measures often. */
  series(labels: readonly string[]): HistogramSeries {
    return this.#series.get(labels);
  }

  /** Takes a measurement. */
  observe(value: number, labels: readonly string[] = []): void {
    this.observeIn(this.#series.get(labels), value);
  }

  /** Takes a measurement into a series of this histogram. */
  observeIn(series: HistogramSeries, value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    if (at >= 0) series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += value;
    series.count++;
  }

  lines(): readonly string[] {
    const { name } = this.#facts;
    const lines = [...head(this.#facts, "histogram")];
    for (const { labels, value: { counts, sum, count } } of this.#series.all()) {
      const and = labels === "" ? "" : `${labels},`;
      let below = 0;
      for (const [at, bound] of this.#bounds.entries()) {
        below += counts[at] ?? 0;
        lines.push(sample(`${name}_bucket`, { labels: `${and}le="${bound}"`, value: below }));
      }
      lines.push(sample(`${name}_bucket`, { labels: `${and}le="+Inf"`, value: count }));
      lines.push(
        sample(`${name}_sum`, { labels, value: sum }),
        sample(`${name}_count`, { labels, value: count }),
      );
    }
    return lines;
  }
}

/** All of them as one text. */
export function expose(metrics: Iterable<Metric>): string {
  return `${[...metrics].flatMap((metric) => metric.lines()).join("\n")}\n`;
}

function head({ name, help }: MetricFacts, type: string): readonly string[] {
  return [
    `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} ${type}`,
  ];
}

function sample(
  name: string,
  { labels, value }: { readonly labels: string; readonly value: number },
): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
