/** Severity, told three times: by colour, by shape and by letter. Unknown is hatched and never looks like an answer. */

import { useId } from "react";

import type { Severity, SeverityCounts } from "../api/records";
import { count } from "../lib/format";
import { LETTERS, SEVERITIES } from "../lib/severity";
import { Go } from "./Go";

const SHAPES: Record<Exclude<Severity, "unknown">, string> = {
  critical: "M5.300 1h7.400L17 5.300v7.400L12.700 17H5.300L1 12.700V5.300z",
  high: "M9 .4 17.600 9 9 17.600.400 9z",
  medium: "M4 1.500h10a2.500 2.500 0 0 1 2.500 2.500v10a2.500 2.500 0 0 1-2.500 2.500H4a2.500 2.500 0 0 1-2.500-2.500V4A2.500 2.500 0 0 1 4 1.500z",
  low: "M9 1a8 8 0 1 1 0 16A8 8 0 0 1 9 1z",
  info: "M9 1a8 8 0 1 1 0 16A8 8 0 0 1 9 1z",
};

export function SeverityGlyph({ severity, size = 18 }: { severity: Severity; size?: number }) {
  const hatch = useId();
  return (
    <svg className={`glyph severity-${severity}`} width={size} height={size} viewBox="0 0 18 18" aria-hidden focusable="false">
      {severity === "unknown" ? (
        <>
          <defs>
            <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="1.500" height="4" className="glyph-hatch" />
            </pattern>
          </defs>
          <rect x="1.500" y="1.500" width="15" height="15" rx="3" fill={`url(#${hatch})`} className="glyph-outline" />
          <rect x="5" y="4" width="8" height="10" rx="2" className="glyph-back" />
        </>
      ) : (
        <path d={SHAPES[severity]} className="glyph-shape" />
      )}
      <text x="9" y="12.700" textAnchor="middle" className="glyph-letter">
        {LETTERS[severity]}
      </text>
    </svg>
  );
}

export function SeverityLabel({ severity }: { severity: Severity }) {
  return (
    <span className="severity-label">
      <SeverityGlyph severity={severity} />
      <span className="capital">{severity}</span>
    </span>
  );
}

/** Counts by severity in one line: what a list's cell has room for. */
export function SeverityTally({ counts, link }: { counts: SeverityCounts; link?: (severity: Severity) => string }) {
  const shown = SEVERITIES.filter((severity) => counts[severity] > 0);
  if (shown.length === 0) return <span className="muted">none</span>;
  return (
    <span className="tally">
      {shown.map((severity) => {
        const inner = (
          <>
            <SeverityGlyph severity={severity} size={14} />
            <span className="visually-hidden">{severity} </span>
            {count(counts[severity])}
          </>
        );
        return link ? (
          <Go key={severity} to={link(severity)} className="tally-part">
            {inner}
          </Go>
        ) : (
          <span key={severity} className="tally-part">
            {inner}
          </span>
        );
      })}
    </span>
  );
}
