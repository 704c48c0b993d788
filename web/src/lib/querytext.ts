/**
 * Editing the text of a query without understanding all of it: the server owns the language, the pages only add, remove
 * and recognise `field:value` terms that stand at the top level and are joined by `and`.
 *
 *     toggle("state:open", "tag", "lab")            -> state:open and tag:lab
 *     toggle("state:open and tag:lab", "tag", "lab") -> state:open
 */

const PLAIN = /^[\w.@/+~-]+$/;

export function quote(value: string): string {
  return PLAIN.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;
}

export function term(field: string, value: string): string {
  return `${field}:${quote(value)}`;
}

/** The parts of a query between its top-level `and`s; a query with a top-level `or` is one part. */
export function parts(query: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < query.length; at += 1) {
    const letter = query[at];
    if (quoted) {
      if (letter === "\\") at += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "(") depth += 1;
    else if (letter === ")") depth -= 1;
    else if (depth === 0 && letter === " ") {
      const rest = query.slice(at);
      if (/^\s+or\s/i.test(rest)) return [query.trim()];
      const and = /^\s+and\s+/i.exec(rest);
      if (and) {
        out.push(query.slice(start, at).trim());
        at += and[0].length - 1;
        start = at + 1;
      }
    }
  }
  out.push(query.slice(start).trim());
  return out.filter((part) => part !== "");
}

const TERM = /^([a-z_.]+)\s*:\s*("(?:[^"\\]|\\.)*"|[^\s()"]+)$/i;

function read(part: string): { field: string; value: string } | null {
  const match = TERM.exec(part);
  if (!match) return null;
  const [, field = "", raw = ""] = match;
  return { field, value: raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw };
}

/** Values that the query asks of a field, in either form: `tag:a`, or `(tag:a or tag:b)`. */
export function chosen(query: string, field: string): string[] {
  for (const part of parts(query)) {
    const values = alternatives(part, field);
    if (values) return values;
  }
  return [];
}

function alternatives(part: string, field: string): string[] | null {
  const inner = part.startsWith("(") && part.endsWith(")") ? part.slice(1, -1) : part;
  const terms = inner.split(/\s+or\s+/i).map((piece) => read(piece.trim()));
  if (terms.some((found) => found?.field !== field)) return null;
  return terms.flatMap((found) => (found ? [found.value] : []));
}

/** Choose or un-choose one value of a field; several values of one field become alternatives. */
export function toggle(query: string, field: string, value: string): string {
  const kept: string[] = [];
  let values: string[] = [];
  let place = -1;
  for (const part of parts(query)) {
    const found = place < 0 ? alternatives(part, field) : null;
    if (found) {
      values = found;
      place = kept.length;
    } else kept.push(part);
  }
  const next = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
  if (next.length > 0) {
    const [first = ""] = next;
    const text = next.length === 1 ? term(field, first) : `(${next.map((one) => term(field, one)).join(" or ")})`;
    kept.splice(place < 0 ? kept.length : place, 0, text);
  }
  return join(kept);
}

function join(pieces: string[]): string {
  const [first = ""] = pieces;
  if (pieces.length === 1) return first;
  return pieces.map((piece) => (/\sor\s/i.test(piece) && !piece.startsWith("(") ? `(${piece})` : piece)).join(" and ");
}

/** A query narrowed by another one; what both say is said once. */
export function both(left: string, right: string): string {
  if (!left.trim()) return right.trim();
  if (!right.trim()) return left.trim();
  return join([...new Set([...parts(left), ...parts(right)])]);
}
