/**
 * Filters that make texts: indented, formatted, escaped, sizes for people.
 *
 * @module
 */
import { type Filter, listOf, longest } from "./filter.ts";
import { isTrue, Missing, textOf } from "./values.ts";

const units = ["", "K", "M", "G", "T", "P", "E", "Z", "Y"];

const escaped: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

const escape: Filter = (subject) => textOf(subject).replace(/[&<>"']/g, (each) => escaped[each] ?? each);

const indent: Filter = (subject, { args, named }) => {
  const given = args[0] ?? named["width"] ?? 4;
  const width = typeof given === "string" ? given : " ".repeat(Math.min(Number(given), 1000));
  const [first, blank] = [args[1] ?? named["first"] ?? false, args[2] ?? named["blank"] ?? false];
  return textOf(subject).split("\n").map((line, index) =>
    (index === 0 && !isTrue(first)) || (index > 0 && line === "" && !isTrue(blank)) ? line : `${width}${line}`
  ).join("\n");
};

/** `"%s-%02d" | format("web", 3)`. */
const format: Filter = (subject, { args }) => {
  const left = [...args];
  return textOf(subject).replace(
    /%(?:%|([-0]?)(\d{0,3})(?:\.(\d{1,2}))?([sdifx]))/g,
    (whole: string, flag: string, width: string, digits: string | undefined, kind: string) => {
      if (whole === "%%") return "%";
      if (left.length === 0) throw new Error("there are not enough values for the format");
      const value = left.shift();
      const text = kind === "s"
        ? textOf(value)
        : kind === "f"
        ? Number(value).toFixed(Number(digits ?? 6))
        : Math.trunc(Number(value)).toString(kind === "x" ? 16 : 10);
      return flag === "-"
        ? text.padEnd(Number(width))
        : text.padStart(Number(width), flag === "0" ? "0" : " ");
    },
  );
};

const humanReadable: Filter = (subject, { args, named }) => {
  const isBits = isTrue(args[0] ?? named["isbits"] ?? false);
  const size = Number(subject);
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, size)) / 10)));
  const unit = units[step] ?? "";
  const word = isBits ? `${unit}b` : unit === "" ? "Bytes" : `${unit}B`;
  return `${(size / 1024 ** step).toFixed(2)} ${word}`;
};

const humanToBytes: Filter = (subject, { args, named }) => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(textOf(subject));
  const unit = (match?.[2] || textOf(args[0] ?? named["default_unit"] ?? "")).charAt(0).toUpperCase();
  const step = unit === "B" ? 0 : units.indexOf(unit);
  if (match?.[1] === undefined || step < 0) throw new Error(`"${textOf(subject)}" is no size`);
  return Math.round(Number(match[1]) * 1024 ** step);
};

const center: Filter = (subject, { args }) => {
  const [text, width] = [textOf(subject), Math.min(Number(args[0] ?? 80), longest)];
  const before = Math.floor(Math.max(0, width - text.length) / 2);
  return text.padStart(text.length + before).padEnd(width);
};

const mandatory: Filter = (subject, { args, named }) => {
  if (!(subject instanceof Missing)) return subject;
  throw new Error(textOf(args[0] ?? named["msg"] ?? `mandatory variable is missing: ${subject.what}`));
};

/** Filters that make texts. */
export const textFilters: Readonly<Record<string, Filter>> = {
  center,
  e: escape,
  escape,
  format,
  human_readable: humanReadable,
  human_to_bytes: humanToBytes,
  indent,
  mandatory,
  path_join: (subject) =>
    listOf(subject).map(textOf).reduce((path, part) =>
      part.startsWith("/") ? part : path === "" || path.endsWith("/") ? `${path}${part}` : `${path}/${part}`
    ),
  pow: (subject, { args }) => Number(subject) ** Number(args[0] ?? 2),
  splitext: (subject) => {
    const match = /^(.*[^/.][^/]*?)(\.[^./]*)$/s.exec(textOf(subject));
    return match === null ? [textOf(subject), ""] : [match[1] ?? "", match[2] ?? ""];
  },
  // Jinja's own, for texts within markup.
  tojson: (subject) =>
    JSON.stringify(subject).replace(/[<>&']/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`),
  wordcount: (subject) => textOf(subject).split(/\s+/).filter((word) => word !== "").length,
};
