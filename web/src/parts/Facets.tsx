/** The values of a few fields with their counts, left of a list. Choosing one edits the query in sight. */

import { ChevronDown } from "lucide-react";
import { useState } from "react";

import { useFacets } from "../api/hooks";
import type { Facet } from "../api/records";
import { count, label, system } from "../lib/format";
import { chosen, toggle } from "../lib/querytext";
import { isSeverity } from "../lib/severity";
import { SeverityGlyph } from "./Severity";
import { Truncated } from "./Small";
import { Skeleton } from "./States";

const SHORT = 6;

export function Facets({ of, query, onQuery }: { of: "findings" | "assets"; query: string; onQuery: (query: string) => void }) {
  const { data, isPending } = useFacets(of, query);
  return (
    <div className="facets">
      {isPending ? <Skeleton lines={12} /> : null}
      {data?.map((facet) => (
        <FacetGroup key={facet.field} facet={facet} query={query} onQuery={onQuery} />
      ))}
    </div>
  );
}

function FacetGroup({ facet, query, onQuery }: { facet: Facet; query: string; onQuery: (query: string) => void }) {
  const [open, setOpen] = useState(true);
  const [whole, setWhole] = useState(false);
  const picked = chosen(query, facet.field);
  const absent = picked.filter((value) => !facet.values.some(([other]) => other === value));
  const values: [string, number][] = [...facet.values, ...absent.map((value): [string, number] => [value, 0])];
  if (values.length === 0) return null;
  const shown = whole ? values : values.filter(([value], at) => at < SHORT || picked.includes(value));
  const most = Math.max(1, ...values.map(([, number]) => number));
  return (
    <section className="facet">
      <h3>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {label(facet.field)}
          <ChevronDown size={14} aria-hidden />
        </button>
      </h3>
      {open ? (
        <ul>
          {shown.map(([value, number]) => (
            <li key={value}>
              <label className={picked.includes(value) ? "facet-value picked" : "facet-value"}>
                <input type="checkbox" checked={picked.includes(value)} onChange={() => onQuery(toggle(query, facet.field, value))} />
                {facet.field === "severity" && isSeverity(value) ? <SeverityGlyph severity={value} size={14} /> : null}
                <span className="facet-name">
                  <Truncated text={wording(facet.field, value)} />
                </span>
                <span className="facet-count">
                  {count(number)}
                  <span className="facet-bar" aria-hidden style={{ width: `${(number / most) * 100}%` }} />
                </span>
              </label>
            </li>
          ))}
        </ul>
      ) : null}
      {open && values.length > SHORT ? (
        <button type="button" className="link-button" onClick={() => setWhole(!whole)}>
          {whole ? "Fewer" : `All ${values.length}`}
        </button>
      ) : null}
    </section>
  );
}

function wording(field: string, value: string): string {
  if (field === "asset.os") return system(value);
  if (value === "true") return "Yes";
  if (value === "false") return "No";
  return ["severity", "state", "kind", "fix", "asset.kind", "asset.source"].includes(field) ? label(value) : value;
}
