/**
 * Charts as inline SVG. Colours are classes of the page, so that they follow its light and dark.
 *
 * @module
 */
import { html, type Markup } from "./markup.ts";

/** A bar of a bar chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What the whole length stands for. */
  readonly of: number;
  /** What stands behind it. */
  readonly text: string;
}

/** A slice of a donut chart. */
export interface Slice {
  readonly label: string;
  readonly value: number;
  readonly colour: "one" | "two" | "three" | "four" | "rest";
}

const width = 360;
const rowHeight = 38;

/** Bars, one under the other, each with its label and its text. */
export function barChart({ title, bars }: { readonly title: string; readonly bars: readonly Bar[] }): Markup {
  const height = Math.max(1, bars.length) * rowHeight;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${
    bars.length === 0
      ? html`<text class="faint" x="0" y="20">Nothing to show</text>`
      : bars.map((bar, index) => {
        const y = index * rowHeight;
        const share = bar.of > 0 ? Math.min(1, bar.value / bar.of) : 0;
        const colour = share > 0.9 ? "four" : share > 0.75 ? "three" : "one";
        return html`
          <text x="0" y="${y + 13}">${shortened(bar.label)}</text>
          <text class="faint" x="${width}" y="${y + 13}" text-anchor="end">${bar.text}</text>
          <rect class="empty" x="0" y="${y + 19}" width="${width}" height="8" rx="4" />
          <rect class="${colour}" x="0" y="${y + 19}" width="${round(share * width)}" height="8" rx="4" />
        `;
      })
  }
</svg>`;
}

/** A ring of slices with the total inside and the labels beside it. */
export function donutChart(
  { title, total, slices }: {
    readonly title: string;
    readonly total: string;
    readonly slices: readonly Slice[];
  },
): Markup {
  const sum = slices.reduce((all, { value }) => all + value, 0);
  let before = 0;
  const arcs = slices.map(({ value, colour }) => {
    const from = before / sum;
    before += value;
    return html`
      <path class="${colour}" d="${arc(from, before / sum)}" />
    `;
  });
  return html`<svg viewBox="0 0 ${width} 150" role="img" aria-label="${title}">
${
    sum === 0
      ? html`
        <path class="empty" d="${arc(0, 1)}" />
      `
      : arcs
  }
<text class="big" x="75" y="83" text-anchor="middle">${total}</text>
${
    slices.map(({ label, value, colour }, index) =>
      html`
        <rect class="${colour}" x="180" y="${20 + index * 24}" width="12" height="12" rx="3" />
        <text x="200" y="${31 + index * 24}">${label} <tspan class="faint">${value}</tspan></text>
      `
    )
  }</svg>`;
}

/** The path of a part of the ring, from and to in turns. */
function arc(from: number, to: number): string {
  const [outer, inner] = [65, 42];
  // A whole turn would begin where it ends, and so be nothing.
  const end = Math.min(to, from + 0.99999);
  const point = (turn: number, radius: number): string => {
    const angle = (turn - 0.25) * 2 * Math.PI;
    return `${round(75 + radius * Math.cos(angle))} ${round(75 + radius * Math.sin(angle))}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  return `M ${point(from, outer)} A ${outer} ${outer} 0 ${large} 1 ${point(end, outer)} ` +
    `L ${point(end, inner)} A ${inner} ${inner} 0 ${large} 0 ${point(from, inner)} Z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function shortened(label: string): string {
  const characters = [...label];
  return characters.length <= 28 ? label : `${characters.slice(0, 27).join("")}…`;
}
