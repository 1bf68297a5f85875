/**
 * The inventory as one HTML page: no scripts, nothing from elsewhere, light and dark by the reader's own setting.
 *
 * @module
 */
import { barChart, donutChart } from "./chart.ts";
import { html, type Markup } from "./markup.ts";
import { type Inventory, sizeText } from "./report.ts";

const style = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --text: #1c2230; --faint: #667085; --line: #e4e7ec;
  --one: #2f6fde; --two: #12a594; --three: #e2a03f; --four: #d6455d; --rest: #98a2b3; --empty: #eceff3; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f131a; --card: #181e27; --text: #e6e9ef; --faint: #94a0b3; --line: #2a323e;
    --one: #6ea0ff; --two: #3fd0bd; --three: #f0bd6a; --four: #f27d91; --rest: #667085; --empty: #242c38; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
p { margin: .25rem 0 1.5rem; color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; margin-bottom: 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem;
  margin-bottom: 1rem; overflow-x: auto; }
.cards section { margin: 0; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg .faint { fill: var(--faint); } svg .big { font-size: 22px; font-weight: 600; }
.one { fill: var(--one); } .two { fill: var(--two); } .three { fill: var(--three); } .four { fill: var(--four); }
.rest { fill: var(--rest); } .empty { fill: var(--empty); }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; padding-bottom: .6rem; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-top: 1px solid var(--line); white-space: nowrap; }
th { color: var(--faint); font-weight: 500; font-size: .85rem; border-top: 0; } .number { text-align: right; }
.state::before { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%;
  margin-right: .45rem; background: var(--rest); }
.good::before { background: var(--two); } .odd::before { background: var(--three); } .bad::before { background: var(--four); }
@media print { :root { --ground: #fff; } section { break-inside: avoid; } }
`;

/** The inventory as a page of its own. */
export function inventoryPage(inventory: Inventory): string {
  const { at, host, domains, pools, networks } = inventory;
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>${host.hostname}: inventory</title>
        <style>${html.raw(style)}</style>
      </head>
      <body>
        <main>
    <h1>${host.hostname}</h1>
    <p>${host.uri} · ${host.driver} ${host.version} · ${at.slice(0, 16).replace("T", " ")} UTC</p>
    <div class="cards">
    ${charts(inventory)}
    </div>
    ${tableOf("Domains", ["Name", "State", "vCPUs", "Memory", "Snapshots", "Addresses"], {
      numbers: [2, 3, 4],
      rows: domains.map((domain) => [
        domain.name,
        state(domain.state, domain.reason),
        domain.vcpus,
        sizeText(domain.memoryKib * 1024),
        domain.snapshots,
        domain.addresses.join(", "),
      ]),
    })}
    ${tableOf("Storage pools", ["Name", "State", "Type", "Path", "Volumes", "Used", "Capacity"], {
      numbers: [4, 5, 6],
      rows: pools.map((pool) => [
        pool.name,
        state(pool.state, ""),
        pool.type,
        pool.path ?? "",
        pool.volumes,
        sizeText(pool.allocationBytes),
        sizeText(pool.capacityBytes),
      ]),
    })}
    ${tableOf("Networks", ["Name", "State", "Bridge", "Autostart"], {
      numbers: [],
      rows: networks.map(({ name, active, bridge, autostart }) => [
        name,
        state(active ? "active" : "inactive", ""),
        bridge ?? "",
        autostart ? "yes" : "no",
      ]),
    })}
        </main>
      </body>
    </html>
  `.text.trim();
}

function charts({ host, domains, pools }: Inventory): Markup {
  const running = domains.filter(({ state }) => state === "running");
  const given = running.reduce((sum, { memoryKib }) => sum + memoryKib, 0) * 1024;
  const states = new Map<string, number>();
  for (const { state } of domains) states.set(state, (states.get(state) ?? 0) + 1);
  const largest = [...running].sort((a, b) => b.memoryKib - a.memoryKib).slice(0, 6);
  return html`
    <section><h2>Domains by state</h2>${donutChart({
      title: "Domains by state",
      total: String(domains.length),
      slices: [...states].map(([label, count]) => ({
        label,
        value: count,
        colour: colours[label] ?? "rest",
      })),
    })}</section>
    <section><h2>Memory given to running domains</h2>${barChart({
      title: "Memory given to running domains",
      bars: [
        ...(host.memoryKib === undefined ? [] : [{
          label: `all, of ${sizeText(host.memoryKib * 1024)}`,
          value: given,
          of: host.memoryKib * 1024,
          text: sizeText(given),
        }]),
        ...largest.map(({ name, memoryKib }) => ({
          label: name,
          value: memoryKib * 1024,
          of: Math.max(given, (host.memoryKib ?? 0) * 1024),
          text: sizeText(memoryKib * 1024),
        })),
      ],
    })}</section>
    <section><h2>Storage pools</h2>${barChart({
      title: "Use of storage pools",
      bars: pools.slice(0, 8).map(({ name, allocationBytes, capacityBytes }) => ({
        label: name,
        value: allocationBytes,
        of: capacityBytes,
        text: `${sizeText(allocationBytes)} of ${sizeText(capacityBytes)}`,
      })),
    })}</section>
  `;
}

const colours: Readonly<Record<string, "two" | "three" | "four">> = {
  running: "two",
  paused: "three",
  pmsuspended: "three",
  crashed: "four",
};

const classes: Readonly<Record<string, string>> = {
  running: "good",
  active: "good",
  paused: "odd",
  pmsuspended: "odd",
  degraded: "odd",
  building: "odd",
  crashed: "bad",
  inaccessible: "bad",
};

function state(name: string, reason: string): Markup {
  return html`<span class="state ${classes[name] ?? ""}" title="${reason}">${name}</span>`;
}

function tableOf(
  caption: string,
  heads: readonly string[],
  { rows, numbers }: {
    readonly rows: readonly (readonly (string | number | Markup)[])[];
    readonly numbers: readonly number[];
  },
): Markup {
  const kind = (column: number): string => numbers.includes(column) ? "number" : "";
  return html`
    <section>
      <table>
        <caption>${caption} (${rows.length})</caption>
        <thead>
          <tr>${heads.map((head, column) => html`<th scope="col" class="${kind(column)}">${head}</th>`)}</tr>
        </thead>
        <tbody>${rows.map((row) =>
          html`
            <tr>${row.map((cell, column) => html`<td class="${kind(column)}">${cell}</td>`)}</tr>
          `
        )}</tbody>
      </table>
    </section>
  `;
}
