/** How findings look in lists: on their own page and on an asset's. */

import type { FindingSummary } from "../api/records";
import { label, percent } from "../lib/format";
import { asset, finding } from "../lib/paths";
import type { Column } from "./DataTable";
import { Go } from "./Go";
import { SeverityGlyph, SeverityLabel } from "./Severity";
import { Kev, Score, StateLabel, Time, Truncated } from "./Small";

export function findingColumns(onAsset: boolean): Column<FindingSummary>[] {
  const columns: Column<FindingSummary>[] = [
    { id: "severity", title: "Severity", width: 104, sort: "severity", cell: (row) => <SeverityLabel severity={row.severity} /> },
    {
      id: "title",
      title: "Finding",
      width: 220,
      grow: true,
      sort: "title",
      cell: (row) => (
        <span className="cell-title">
          <Go to={finding(row.id)} className="link row-link" title={`${row.title}\n${row.locator}`}>
            {row.title}
          </Go>
          {row.kev ? <Kev short /> : null}
        </span>
      ),
    },
    { id: "rule", title: "Rule", width: 150, sort: "rule", drop: 7, cell: (row) => <Truncated text={row.rule} mono /> },
    { id: "asset", title: "Asset", width: 150, sort: "asset", drop: 8, cell: (row) => <Go to={asset(row.asset_id)} className="link plain-link" title={row.asset_name}><Truncated text={row.asset_name} /></Go> },
    { id: "locator", title: "Where", width: 190, sort: "locator", drop: 0, cell: (row) => <Truncated text={row.locator} mono /> },
    { id: "package", title: "Package", width: 150, sort: "package", drop: 2, extra: true, cell: (row) => <Truncated text={row.package} /> },
    { id: "installed", title: "Installed", width: 160, sort: "installed", drop: 2, extra: true, cell: (row) => <Truncated text={row.installed} mono /> },
    { id: "fix", title: "Fix", width: 150, sort: "fix", drop: 3, cell: (row) => <FixCell row={row} /> },
    { id: "score", title: "Score", width: 100, numeric: true, sort: "score", drop: 9, cell: (row) => <Score value={row.score} /> },
    { id: "epss", title: "EPSS", width: 76, numeric: true, sort: "epss", drop: 1, cell: (row) => (row.epss === null ? <span className="muted">–</span> : percent(row.epss)) },
    { id: "state", title: "State", width: 118, drop: 5, cell: (row) => <StateLabel state={row.state} /> },
    { id: "first_seen", title: "First seen", width: 112, sort: "first_seen", drop: 4, cell: (row) => <Time at={row.first_seen} /> },
    { id: "last_seen", title: "Last seen", width: 112, sort: "last_seen", drop: 1, extra: true, cell: (row) => <Time at={row.last_seen} /> },
    { id: "kind", title: "Kind", width: 120, sort: "kind", drop: 1, extra: true, cell: (row) => label(row.kind) },
    { id: "sources", title: "Sources", width: 120, drop: 1, extra: true, cell: (row) => <Truncated text={row.sources.join(", ")} /> },
  ];
  return onAsset ? columns.filter(({ id }) => id !== "asset") : columns;
}

function FixCell({ row }: { row: FindingSummary }) {
  if (row.fix.version) return <Truncated text={row.fix.version} mono />;
  if (row.fix.state === "fixed") return <span>Setting</span>;
  return <span className="muted">{label(row.fix.state)}</span>;
}

export function FindingCard({ row, onAsset }: { row: FindingSummary; onAsset?: boolean }) {
  return (
    <div className="row-card">
      <div className="row-card-top">
        <SeverityGlyph severity={row.severity} />
        <Go to={finding(row.id)} className="link row-link">
          <span className="visually-hidden">{row.severity}: </span>
          {row.title}
        </Go>
      </div>
      <div className="row-card-line">
        <span className="mono">{row.rule}</span>
        {row.kev ? <Kev /> : null}
      </div>
      <div className="row-card-line muted">
        {onAsset ? null : <Truncated text={row.asset_name} />}
        <StateLabel state={row.state} />
        <span className="row-card-end">{Math.round(row.score)}</span>
      </div>
    </div>
  );
}
