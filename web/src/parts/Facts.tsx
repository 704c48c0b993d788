/** Facts of a section as readable tables; the raw JSON is one press away. */

import { useMemo, useState } from "react";

import type { Json, SectionFacts } from "../api/records";
import { inline, isObject, isScalar, shape, type JsonObject } from "../lib/facts";
import { count, label, plural } from "../lib/format";
import { CopyButton, Time } from "./Small";

const FIRST_ROWS = 200;

export function Facts({ section }: { section: SectionFacts }) {
  const [raw, setRaw] = useState(false);
  const text = useMemo(() => JSON.stringify(section.facts, null, 2), [section.facts]);
  return (
    <div className="facts">
      <header className="facts-head">
        <div>
          <h2>{label(section.name)}</h2>
          <p className="muted small-text">
            as it is since <Time at={section.since} />; <span className="mono" title={section.digest}>{section.digest.slice(0, 19)}</span>
          </p>
        </div>
        <div className="list-tools">
          <div className="segments" role="group" aria-label="Form">
            <button type="button" aria-pressed={!raw} className={raw ? "" : "picked"} onClick={() => setRaw(false)}>Table</button>
            <button type="button" aria-pressed={raw} className={raw ? "picked" : ""} onClick={() => setRaw(true)}>JSON</button>
          </div>
          <CopyButton text={text} label="Copy the JSON" />
        </div>
      </header>
      {section.problems.length > 0 ? (
        <div className="problems">
          <p><strong>{plural(section.problems.length, "part")} could not be read</strong>, so what depends on it is unknown:</p>
          <ul>
            {section.problems.map((problem) => (
              <li key={problem.path + problem.reason}><code>{problem.path}</code> {problem.reason}</li>
            ))}
          </ul>
        </div>
      ) : null}
      {raw ? <pre className="raw" tabIndex={0} role="region" aria-label="Facts as JSON">{text}</pre> : section.facts === null ? <p className="muted">No facts were collected for this section.</p> : <Value value={section.facts} name={label(section.name)} depth={0} />}
    </div>
  );
}

function Value({ value, name, depth }: { value: Json; name: string; depth: number }) {
  const found = shape(value);
  switch (found.kind) {
    case "rows":
      return <Rows rows={found.rows} columns={found.columns} same={found.same} name={name} />;
    case "list":
      return found.items.length === 0 ? <p className="muted">empty</p> : <List items={found.items} />;
    case "map":
      return <Pairs value={found.value} depth={depth} />;
    case "value":
      return <p><Cell value={found.value} /></p>;
  }
}

function List({ items }: { items: Json[] }) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? items : items.slice(0, FIRST_ROWS);
  return (
    <>
      <ul className="fact-list">
        {shown.map((item, at) => (
          <li key={at}><Cell value={item} /></li>
        ))}
      </ul>
      {shown.length < items.length ? <button type="button" className="link-button" onClick={() => setWhole(true)}>All {count(items.length)}</button> : null}
    </>
  );
}

function Pairs({ value, depth }: { value: JsonObject; depth: number }) {
  const entries = Object.entries(value);
  const plain = entries.filter(([, inner]) => isScalar(inner) || (Array.isArray(inner) && inner.every(isScalar) && inner.length < 12));
  const nested = entries.filter((entry) => !plain.includes(entry));
  return (
    <>
      {plain.length > 0 ? (
        <dl className="fact-pairs">
          {plain.map(([name, inner]) => (
            <div key={name}>
              <dt>{/[/.]/.test(name) ? <code>{name}</code> : label(name)}</dt>
              <dd><Cell value={inner} /></dd>
            </div>
          ))}
        </dl>
      ) : null}
      {nested.map(([name, inner]) => (
        <section key={name} className="fact-section">
          {depth < 2 ? <h3>{label(name)}</h3> : <h4>{label(name)}</h4>}
          <Value value={inner} name={label(name)} depth={depth + 1} />
        </section>
      ))}
    </>
  );
}

function Rows({ rows, columns, same, name }: { rows: JsonObject[]; columns: string[]; same: [string, Json][]; name: string }) {
  const [wanted, setWanted] = useState("");
  const [whole, setWhole] = useState(false);
  const [by, setBy] = useState<{ column: string; down: boolean } | null>(null);
  const matching = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = words.length === 0 ? rows : rows.filter((row) => { const text = inline(row).toLowerCase(); return words.every((word) => text.includes(word)); });
    if (!by) return kept;
    const order = new Intl.Collator("en", { numeric: true });
    return [...kept].sort((a, b) => order.compare(inline(a[by.column]), inline(b[by.column])) * (by.down ? -1 : 1));
  }, [rows, wanted, by]);
  const shown = whole ? matching : matching.slice(0, FIRST_ROWS);
  return (
    <>
      {same.length > 0 ? (
        <p className="fact-same">
          <span className="muted">Every row: </span>
          {same.map(([column, value]) => (
            <span key={column} className="pair">
              <span className="muted">{label(column).toLowerCase()}</span> <code>{inline(value)}</code>
            </span>
          ))}
        </p>
      ) : null}
      {rows.length > 8 ? (
        <div className="fact-search">
          <input type="search" aria-label={`Search in ${name}`} placeholder={`Search ${plural(rows.length, "row")}`} value={wanted} onChange={(event) => setWanted(event.target.value)} />
          {wanted ? <span className="muted small-text" role="status">{plural(matching.length, "match", "matches")}</span> : null}
        </div>
      ) : null}
      <div className="table-wrap" tabIndex={0} role="region" aria-label={name}>
        <table className="plain-table fact-table">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col" aria-sort={by?.column === column ? (by.down ? "descending" : "ascending") : undefined}>
                  <button type="button" className="sort" onClick={() => setBy({ column, down: by?.column === column && !by.down })}>
                    {label(column)}{by?.column === column ? (by.down ? " ↓" : " ↑") : ""}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, at) => (
              <tr key={at}>
                {columns.map((column) => (
                  <td key={column}><Cell value={row[column] ?? null} /></td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < matching.length ? <button type="button" className="link-button" onClick={() => setWhole(true)}>Show all {count(matching.length)} rows</button> : null}
    </>
  );
}

function Cell({ value }: { value: Json }) {
  if (value === null || value === "") return <span className="muted">–</span>;
  if (typeof value === "boolean") return <span className={value ? "fact-yes" : "fact-no"}>{value ? "yes" : "no"}</span>;
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="muted">–</span>;
    if (value.every(isScalar)) return <span className="fact-items">{value.map((item, at) => <code key={at}>{inline(item)}</code>)}</span>;
  }
  if (isObject(value)) {
    return (
      <span className="pairs">
        {Object.entries(value).filter(([, inner]) => inline(inner) !== "").map(([name, inner]) => (
          <span key={name} className="pair"><span className="muted">{name}</span> {inline(inner)}</span>
        ))}
      </span>
    );
  }
  return <span className={typeof value === "number" ? "numeric" : undefined}>{inline(value)}</span>;
}
