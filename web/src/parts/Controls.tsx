/** The standing of a framework's controls: five statuses, told by colour, pattern and word; what is unknown looks like no answer. */

import { CircleCheck, CircleDashed, CircleSlash, CircleX, Hand } from "lucide-react";
import type { ReactNode } from "react";

import type { ControlStatus, FrameworkSummary } from "../api/records";
import { count, percent } from "../lib/format";
import { framework } from "../lib/paths";
import { Go } from "./Go";

export const STATUSES: readonly ControlStatus[] = ["fail", "unknown", "pass", "manual", "not-covered"];

export const STATUS_WORDS: Record<ControlStatus, string> = { pass: "Proven", fail: "Broken", unknown: "Unknown", manual: "Manual", "not-covered": "Not covered" };

const ICONS: Record<ControlStatus, ReactNode> = {
  pass: <CircleCheck size={14} aria-hidden />,
  fail: <CircleX size={14} aria-hidden />,
  unknown: <CircleDashed size={14} aria-hidden />,
  manual: <Hand size={14} aria-hidden />,
  "not-covered": <CircleSlash size={14} aria-hidden />,
};

export function StatusLabel({ status }: { status: ControlStatus }) {
  return (
    <span className={`state control-${status}`}>
      {ICONS[status]}
      {STATUS_WORDS[status]}
    </span>
  );
}

export function StatusBar({ counts }: { counts: Record<ControlStatus, number> }) {
  return (
    <span className="outcome-bar status-bar" aria-hidden>
      {STATUSES.filter((status) => counts[status] > 0).map((status) => (
        <span key={status} className={`outcome-part part-${status}`} style={{ flexGrow: counts[status] }} />
      ))}
    </span>
  );
}

/** One small picture for each framework, all to the same measure. */
export function FrameworkGrid({ rows, asset = "" }: { rows: FrameworkSummary[]; asset?: string }) {
  return (
    <ul className="framework-grid">
      {rows.map((row) => {
        const automated = row.counts.pass + row.counts.fail + row.counts.unknown;
        return (
          <li key={row.id}>
            <Go to={framework(row.id, asset)} className="framework-card">
              <span className="framework-name">
                <strong>{row.title}</strong> <span className="muted">{row.version}</span>
              </span>
              <span className="framework-share">
                <span className="framework-number">{automated ? percent(row.counts.pass / automated) : "–"}</span>{" "}
                <span className="muted">of {count(automated)} judged controls proven</span>
              </span>
              <StatusBar counts={row.counts} />
              <span className="framework-words">
                {STATUSES.map((status) => (
                  <span key={status} className={row.counts[status] === 0 ? "muted" : ""}>
                    <span className={`legend-key part-${status}`} aria-hidden />
                    {count(row.counts[status])} {STATUS_WORDS[status].toLowerCase()}
                  </span>
                ))}
              </span>
            </Go>
          </li>
        );
      })}
    </ul>
  );
}
