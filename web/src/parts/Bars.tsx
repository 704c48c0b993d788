/** Small bar breakdowns made of plain elements: readable by everyone, printable, no chart library. */

import { decimal, label } from "../lib/format";
import { SEVERITIES, total } from "../lib/severity";
import type { RiskFactor, SeverityCounts } from "../api/records";
import { Go } from "./Go";
import { SeverityGlyph } from "./Severity";
import { count } from "../lib/format";

/** How a score came about: one bar for each factor, on one scale. */
export function Factors({ factors, label: title }: { factors: RiskFactor[]; label: string }) {
  const most = Math.max(1, ...factors.map(({ points }) => Math.abs(points)));
  return (
    <table className="factors" aria-label={title}>
      <tbody>
        {factors.map((factor) => (
          <tr key={factor.name}>
            <th scope="row">{label(factor.name)}</th>
            <td className="factor-bar">
              <span className={factor.points < 0 ? "factor-fill lowers" : "factor-fill"} style={{ width: `${(Math.abs(factor.points) / most) * 100}%` }} />
            </td>
            <td className="numeric">{decimal(factor.points)}</td>
            <td className="factor-text">{factor.text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One stacked bar by severity; each part leads to its list. */
export function SeverityBar({ counts, most, link }: { counts: SeverityCounts; most: number; link: (severity: string) => string }) {
  const sum = total(counts);
  return (
    <div className="severity-bar" style={{ width: `${Math.max(sum > 0 ? 4 : 0, (sum / Math.max(1, most)) * 100)}%` }}>
      {SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) => (
        <Go
          key={severity}
          to={link(severity)}
          className={`severity-part fill-${severity}`}
          style={{ flexGrow: counts[severity] }}
          aria-label={`${count(counts[severity])} ${severity}`}
          title={`${count(counts[severity])} ${severity}`}
        >
          <span className="visually-hidden">{severity}</span>
        </Go>
      ))}
    </div>
  );
}

export function SeverityNumbers({ counts, link }: { counts: SeverityCounts; link: (severity: string) => string }) {
  return (
    <ul className="severity-numbers">
      {SEVERITIES.filter((severity) => severity !== "info" || counts.info > 0).map((severity) => (
        <li key={severity}>
          <Go to={link(severity)}>
            <SeverityGlyph severity={severity} />
            <span className="severity-count">{count(counts[severity])}</span>
            <span className="capital muted">{severity}</span>
          </Go>
        </li>
      ))}
    </ul>
  );
}
