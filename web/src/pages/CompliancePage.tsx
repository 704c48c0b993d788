/** Policies with their results over all assets. */

import { useEffect, useMemo, useState } from "react";

import { useFrameworks, usePolicies } from "../api/hooks";
import type { PolicyView } from "../api/records";
import { count, label, percent, plural } from "../lib/format";
import { policy } from "../lib/paths";
import { FrameworkGrid } from "../parts/Controls";
import { Go } from "../parts/Go";
import { SeverityLabel } from "../parts/Severity";
import { Empty, Failure, Skeleton } from "../parts/States";

const RANK = { critical: 0, high: 1, medium: 2, unknown: 3, low: 4, info: 5 };

export default function CompliancePage() {
  const list = usePolicies();
  const [wanted, setWanted] = useState("");
  const [only, setOnly] = useState<"all" | "failed" | "unknown">("all");
  const frameworks = useFrameworks();
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  // Sums and filters are over all policies, so all of their pages are read.
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const [severity, setSeverity] = useState("");
  const [resource, setResource] = useState("");
  const [framework, setFramework] = useState("");
  const policies = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const groups = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = policies.filter((one) => {
      const text = `${one.id} ${one.title} ${one.group} ${Object.values(one.controls).flat().join(" ")}`.toLowerCase();
      return (
        words.every((word) => text.includes(word)) &&
        (only === "all" || one[only] > 0) &&
        (severity === "" || one.severity === severity) &&
        (resource === "" || one.resource === resource) &&
        (framework === "" || framework in one.controls)
      );
    });
    const out = new Map<string, PolicyView[]>();
    for (const one of kept.sort((a, b) => b.failed - a.failed || RANK[a.severity] - RANK[b.severity])) out.set(one.group, [...(out.get(one.group) ?? []), one]);
    return [...out].sort(([, a], [, b]) => sum(b, "failed") - sum(a, "failed"));
  }, [policies, wanted, only, severity, resource, framework]);
  const resources = useMemo(() => [...new Set(policies.map((one) => one.resource))].sort(), [policies]);

  const passed = sum(policies, "passed");
  const failed = sum(policies, "failed");
  const unknown = sum(policies, "unknown");
  const judged = passed + failed + unknown;

  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>Compliance</h1>
          <p className="muted" role="status">{list.data ? `${plural(policies.length, "policy", "policies")}, ${plural(judged, "result")}` : ""}</p>
        </div>
      </header>
      {list.isPending ? <div className="card"><Skeleton lines={12} height={20} /></div> : !list.data ? <Failure error={list.error} retry={() => void list.refetch()} /> : policies.length === 0 ? (
        <Empty title="No policies are loaded"><p>Policies come with the product and from folders of your own.</p></Empty>
      ) : (
        <>
          <section className="card compliance-sum" aria-label="Results">
            {judged ? (
              <p className="big-number">{percent(passed / judged)} <span className="unit">of results pass</span></p>
            ) : (
              <p className="big-number"><span className="unit">Nothing was judged yet: results appear when an asset was seen</span></p>
            )}
            <div className="compliance-bar">
              <div className="outcome-bar tall" aria-hidden>
                <span className="outcome-part part-pass" style={{ flexGrow: passed }} />
                <span className="outcome-part part-fail" style={{ flexGrow: failed }} />
                <span className="outcome-part part-unknown" style={{ flexGrow: unknown }} />
              </div>
              <ul className="legend">
                <li><span className="legend-key part-pass" aria-hidden />Pass <span className="numeric">{count(passed)}</span></li>
                <li><span className="legend-key part-fail" aria-hidden />Fail <span className="numeric">{count(failed)}</span></li>
                <li><span className="legend-key part-unknown" aria-hidden />Unknown <span className="numeric">{count(unknown)}</span></li>
              </ul>
            </div>
          </section>
          {frameworks.data && frameworks.data.length > 0 ? (
            <section aria-label="Frameworks" className="frameworks">
              <h2>Frameworks <span className="muted">{count(frameworks.data.length)}</span></h2>
              <FrameworkGrid rows={frameworks.data} />
            </section>
          ) : null}
          <h2 className="page-sub">Policies <span className="muted">{count(policies.length)}</span></h2>
          <div className="list-tools page-tools">
            <input type="search" aria-label="Search policies" placeholder="Search title, group or control" value={wanted} onChange={(event) => setWanted(event.target.value)} />
            <div className="segments" role="group" aria-label="Results">
              {(["all", "failed", "unknown"] as const).map((value) => (
                <button key={value} type="button" aria-pressed={only === value} className={only === value ? "picked" : ""} onClick={() => setOnly(value)}>{value === "all" ? "All" : value === "failed" ? "Failing" : "Unknown"}</button>
              ))}
            </div>
            <select aria-label="Severity" value={severity} onChange={(event) => setSeverity(event.target.value)}>
              <option value="">Every severity</option>
              {["critical", "high", "medium", "low", "info"].map((value) => <option key={value} value={value}>{label(value)}</option>)}
            </select>
            <select aria-label="Resource type" value={resource} onChange={(event) => setResource(event.target.value)}>
              <option value="">Every resource type</option>
              {resources.map((value) => <option key={value} value={value}>{value}</option>)}
            </select>
            <select aria-label="Framework" value={framework} onChange={(event) => setFramework(event.target.value)}>
              <option value="">Every framework</option>
              {frameworks.data?.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
            </select>
          </div>
          {groups.length === 0 ? <Empty title="Nothing matches"><p>No policy matches what is written above.</p></Empty> : null}
          {groups.map(([group, rows]) => (
            <section key={group} className="card policy-group">
              <h2>{label(group || "other")} <span className="muted">{count(rows.length)}</span></h2>
              <div className="table-wrap">
              <table className="plain-table policy-table">
                <colgroup><col className="policy-severity" /><col /><col className="policy-controls" /><col className="policy-result" /></colgroup>
                <thead className="heads-for-readers"><tr>{["Severity", "Policy", "Controls", "Results"].map((name) => <th key={name} scope="col"><span className="visually-hidden">{name}</span></th>)}</tr></thead>
                <tbody>
                  {rows.map((row) => (
                    <tr key={row.id}>
                      <td className="policy-severity"><SeverityLabel severity={row.severity} /></td>
                      <td><Go to={policy(row.id)} className="link row-link">{row.title}</Go></td>
                      <td className="policy-controls muted"><ControlsLine controls={row.controls} /></td>
                      <td className="policy-result"><Results row={row} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
              </div>
            </section>
          ))}
        </>
      )}
    </div>
  );
}

function ControlsLine({ controls }: { controls: Record<string, string[]> }) {
  const lines = Object.entries(controls).map(([framework, ids]) => `${label(framework)} ${ids.join(", ")}`);
  if (lines.length < 2) return <>{lines[0] ?? ""}</>;
  return <span title={lines.join("\n")}>{lines[0]} and {lines.length - 1} more</span>;
}

function sum(rows: PolicyView[], name: "passed" | "failed" | "unknown"): number {
  return rows.reduce((all, row) => all + row[name], 0);
}

function Results({ row }: { row: PolicyView }) {
  const judged = row.passed + row.failed + row.unknown;
  if (judged === 0) return <span className="muted">{row.not_applicable > 0 ? "not applicable" : "not judged"}</span>;
  return (
    <span className="mini-outcome">
      <span className="outcome-bar" aria-hidden>
        <span className="outcome-part part-pass" style={{ flexGrow: row.passed }} />
        <span className="outcome-part part-fail" style={{ flexGrow: row.failed }} />
        <span className="outcome-part part-unknown" style={{ flexGrow: row.unknown }} />
      </span>
      <span className="result-words">
        {row.failed > 0 ? `${count(row.failed)} fail` : row.unknown > 0 ? `${count(row.unknown)} unknown` : "all pass"}
      </span>
    </span>
  );
}
