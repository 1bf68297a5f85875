/**
 * Domains: I/O threads.
 *
 * @module
 */
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import { type Affect, change, type Edit, scopesOf } from "./affect.ts";
import { badValue, type DomainJob } from "./domain.ts";
import { allCpus, checkedCpus, definitionOf, editing } from "./domain_resource.ts";
import type { In, Out } from "./operation_types.ts";
import { domainByState } from "./reconcile.ts";
import { XmlEditor } from "../xml_edit.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf, type XmlElement } from "../xml_span.ts";

/** The ids of a definition's I/O threads. */
function iothreadIds(xml: string): readonly number[] {
  const root = readXml(xml);
  const count = Number(textOf(root, "iothreads") ?? 0);
  const named = childrenOf(childOf(root, "iothreadids"), "iothread").map(({ attributes }) =>
    Number(attributes.get("id"))
  );
  const ids = new Set(named);
  for (let id = 1; ids.size < count; id++) ids.add(id);
  return [...ids].sort((a, b) => a - b);
}

function withIothreads(xml: string, ids: readonly number[]): XmlEditor {
  const editor = new XmlEditor(xml);
  const gone = childrenOf(childOf(editor.root, "iothreadids"), "iothread").filter(({ attributes }) =>
    !ids.includes(Number(attributes.get("id")))
  );
  // What pins a thread that is gone would be wrong.
  const isPinOfGone = ({ attributes }: XmlElement): boolean =>
    !ids.includes(Number(attributes.get("iothread")));
  const pinOfGone = (): XmlElement | undefined =>
    childrenOf(childOf(editor.root, "cputune"), "iothreadpin").find(isPinOfGone);
  for (let pin = pinOfGone(); pin !== undefined; pin = pinOfGone()) editor.remove(pin);
  const tuning = childOf(editor.root, "cputune");
  if (tuning?.children.length === 0) editor.remove(tuning);
  if (ids.length === 0) {
    return editor.remove(childOf(editor.root, "iothreadids")).remove(childOf(editor.root, "iothreads"));
  }
  for (const { attributes } of gone) {
    editor.remove(
      childrenOf(childOf(editor.root, "iothreadids"), "iothread").find((each) =>
        each.attributes.get("id") === attributes.get("id")
      ),
    );
  }
  editor.put(["iothreads"], { text: `${ids.length}` });
  for (const id of ids) editor.put(["iothreadids", "iothread"], { key: { id: `${id}` } });
  return editor;
}

function iothreads(job: DomainJob, { config }: In<"domain.iothreads">): Out<"domain.iothreads"> {
  const xml = definitionOf(job.object, config);
  const root = readXml(xml);
  const pins = childrenOf(childOf(root, "cputune"), "iothreadpin");
  const known = childrenOf(childOf(root, "iothreadids"), "iothread");
  return iothreadIds(xml).map((iothread) => {
    const poll = childOf(
      known.find(({ attributes }) => attributes.get("id") === `${iothread}`) ?? root,
      "poll",
    );
    const number = (name: string): number | undefined => {
      const text = poll?.attributes.get(name);
      return text === undefined ? undefined : Number(text);
    };
    const [pollMaxNs, pollGrow, pollShrink] = [number("max"), number("grow"), number("shrink")];
    return {
      iothread,
      cpus: attributeOf(
        pins.find(({ attributes }) => attributes.get("iothread") === `${iothread}`),
        "cpuset",
      ) ??
        allCpus(job),
      ...(pollMaxNs === undefined ? {} : { pollMaxNs }),
      ...(pollGrow === undefined ? {} : { pollGrow }),
      ...(pollShrink === undefined ? {} : { pollShrink }),
    };
  });
}

/** Adding and removing are not to be done twice; whether they were done shows in the definitions. */
function iothreadChange(
  name: "domain.addIothread" | "domain.removeIothread",
): Implementation<typeof name> {
  const adds = name === "domain.addIothread";
  return {
    run: async (job: DomainJob, { iothread, ...affect }) => {
      const doing = adds ? "add an I/O thread to" : "remove an I/O thread from";
      const edit: Edit = (xml) => {
        const ids = iothreadIds(xml);
        if (ids.includes(iothread) === adds) {
          throw badValue(
            job.object,
            `Cannot ${doing} ${job.object.label}: it ${adds ? "has" : "has no"} I/O thread ${iothread}`,
          );
        }
        return withIothreads(xml, adds ? [...ids, iothread] : ids.filter((id) => id !== iothread)).text;
      };
      await change(job, { affect, doing, edit });
      return {};
    },
    reconcile: domainByState<typeof name>({
      done: ({ object }, { iothread, ...affect }) => {
        const scopes = scopesOf(object, affect, "look at");
        const has = (xml: string): boolean => iothreadIds(xml).includes(iothread);
        return (!scopes.live || has(object.config) === adds) &&
          (!scopes.config || has(object.persistentConfig) === adds);
      },
      value: () => ({}),
    }),
  };
}

function needIothread(job: DomainJob, xml: string, iothread: number): void {
  if (!iothreadIds(xml).includes(iothread)) {
    throw badValue(
      job.object,
      `Cannot change I/O thread ${iothread} of ${job.object.label}: it has none of that number`,
    );
  }
}

function setIothread(job: DomainJob, input: In<"domain.setIothread">): { affect: Affect; edit: Edit } {
  const { iothread, pollMaxNs, pollGrow, pollShrink } = input;
  const set = Object.entries({ max: pollMaxNs, grow: pollGrow, shrink: pollShrink }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, `${value}`] as const]
  );
  return {
    affect: { live: true },
    edit: (xml) => {
      needIothread(job, xml, iothread);
      const editor = new XmlEditor(xml).put(["iothreadids", "iothread"], { key: { id: `${iothread}` } });
      return editor.putIn(
        () =>
          childrenOf(childOf(editor.root, "iothreadids"), "iothread").find(({ attributes }) =>
            attributes.get("id") === `${iothread}`
          ),
        { name: "poll", attributes: Object.fromEntries(set) },
      ).text;
    },
  };
}

function pinIothread(job: DomainJob, input: In<"domain.pinIothread">): { affect: Affect; edit: Edit } {
  const { iothread, cpus, ...affect } = input;
  const cpuset = checkedCpus(job, cpus);
  return {
    affect,
    edit: (xml) => {
      needIothread(job, xml, iothread);
      return new XmlEditor(xml).put(["cputune", "iothreadpin"], {
        key: { iothread: `${iothread}` },
        attributes: { cpuset },
      }).text;
    },
  };
}

export const domainIothreads = {
  "domain.iothreads": { run: (job, input) => Promise.try(iothreads, job, input) },
  "domain.addIothread": iothreadChange("domain.addIothread"),
  "domain.removeIothread": iothreadChange("domain.removeIothread"),
  "domain.setIothread": editing<"domain.setIothread">(
    { doing: "change an I/O thread of", prepare: setIothread },
    {},
  ),
  "domain.pinIothread": editing<"domain.pinIothread">(
    { doing: "pin an I/O thread of", prepare: pinIothread },
    {},
  ),
} satisfies DriverMap;
