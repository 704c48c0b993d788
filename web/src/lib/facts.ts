/** Facts of a section as something that a table can show: which shape they have, and which columns come first. */

import type { Json } from "../api/records";

export type JsonObject = { [key: string]: Json };

export type Shape =
  | { kind: "rows"; rows: JsonObject[]; columns: string[]; same: [string, Json][] }
  | { kind: "list"; items: Json[] }
  | { kind: "map"; value: JsonObject }
  | { kind: "value"; value: Json };

/** What people look for first; the rest follow in the order in which they come. */
const FIRST = ["name", "version", "path", "target", "protocol", "address", "port", "process", "unit", "user", "uid", "gid", "state", "type", "shell", "home", "mode", "owner"];

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isScalar(value: Json | undefined): boolean {
  return value === null || value === undefined || typeof value !== "object";
}

export function shape(facts: Json): Shape {
  if (Array.isArray(facts)) {
    if (facts.length > 0 && facts.every(isObject)) return rowsShape(facts);
    return { kind: "list", items: facts };
  }
  if (isObject(facts)) {
    const values = Object.values(facts);
    // `{"/etc/passwd": {mode, owner}, ...}` reads better as a table whose first column is the key.
    if (values.length > 2 && values.every(isObject) && alike(values)) {
      const rows = Object.entries(facts).map(([key, value]) => ({ name: key, ...(value as JsonObject) }));
      return rowsShape(rows);
    }
    return { kind: "map", value: facts };
  }
  return { kind: "value", value: facts };
}

/** What is the same in every row is said once, above the table, and needs no column. */
function rowsShape(rows: JsonObject[]): Shape {
  const columns = columnsOf(rows);
  const [first] = rows;
  const same = rows.length < 4 || !first ? [] : columns.filter((name) => isScalar(first[name]) && rows.every((row) => row[name] === first[name]));
  return { kind: "rows", rows, columns: columns.filter((name) => !same.includes(name)), same: same.map((name) => [name, first?.[name] ?? null]) };
}

function alike(values: JsonObject[]): boolean {
  const [first] = values;
  const names = Object.keys(first ?? {});
  return names.length > 0 && values.every((value) => names.filter((name) => name in value).length >= names.length / 2);
}

/** Columns in reading order; those that say nothing in any row (null, empty) are left out. */
function columnsOf(rows: JsonObject[]): string[] {
  const seen = new Set<string>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)) seen.add(name);
    }
  }
  const place = (name: string) => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  return [...seen].map((name, at) => ({ name, at })).sort((a, b) => place(a.name) - place(b.name) || a.at - b.at).map(({ name }) => name);
}

/** One line for a nested value: `state: locked · algorithm: yescrypt`. */
export function inline(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((item) => inline(item)).join(", ");
  if (isObject(value)) {
    return Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== "")
      .map(([name, inner]) => `${name}: ${inline(inner)}`)
      .join(" · ");
  }
  return String(value);
}
