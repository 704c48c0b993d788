/** Findings that stand in a place of an image or a source tree: a plain table that can be read, printed and filtered. */

import { useState, type ReactNode } from "react";

import type { PlacedFinding } from "../api/records";
import { count } from "../lib/format";
import { finding } from "../lib/paths";
import { Go } from "./Go";
import { SeverityLabel } from "./Severity";
import { Kev, StateLabel } from "./Small";

const SHOWN = 100;

export function PlacedFindings({ rows, label, place, detail }: { rows: PlacedFinding[]; label: string; place: { title: string; cell: (row: PlacedFinding) => ReactNode }; detail: { title: string; cell: (row: PlacedFinding) => ReactNode } }) {
  const [most, setMost] = useState(SHOWN);
  return (
    <>
      <div className="table-wrap" tabIndex={0} role="region" aria-label={label}>
        <table className="plain-table placed-table">
          <thead>
            <tr><th scope="col">{place.title}</th><th scope="col">Severity</th><th scope="col">Finding</th><th scope="col">{detail.title}</th><th scope="col">State</th></tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row) => (
              <tr key={row.id}>
                <td className="placed-place">{place.cell(row)}</td>
                <td><SeverityLabel severity={row.severity} /></td>
                <td className="wide-cell">
                  <Go to={finding(row.id)} className="link row-link">{row.title}</Go> {row.kev ? <Kev short /> : null}
                  {row.kind === "vulnerability" ? <span className="muted small-text mono"> {row.rule}</span> : null}
                </td>
                <td className="wide-cell">{detail.cell(row)}</td>
                <td><StateLabel state={row.state} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most ? <button type="button" className="link-button no-print" onClick={() => setMost(most + 5 * SHOWN)}>Show more of {count(rows.length)}</button> : null}
    </>
  );
}
