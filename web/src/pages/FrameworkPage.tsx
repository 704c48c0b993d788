/** One framework: its controls by family, each with its status, what that rests on, and the policies that judge it. */

import { ChevronRight, Download, Printer } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { useApi } from "../api/context";
import { useAsset, useFramework } from "../api/hooks";
import type { ControlStatus, ControlView, FrameworkDetail } from "../api/records";
import { useAddress } from "../lib/address";
import { download } from "../lib/csv";
import { count, plural } from "../lib/format";
import { asset as assetPath, findings, policy } from "../lib/paths";
import { StatusBar, STATUSES, StatusLabel, STATUS_WORDS } from "../parts/Controls";
import { Go } from "../parts/Go";
import { useNotices } from "../parts/Notices";
import { SeverityLabel } from "../parts/Severity";
import { Empty, Failure, Skeleton } from "../parts/States";

export default function FrameworkPage({ id }: { id: string }) {
  const { search, set } = useAddress();
  const asset = search.get("asset") ?? "";
  const { data, error, isPending, refetch } = useFramework(id, asset);
  useEffect(() => {
    if (data) document.title = `${data.title} · Bartizan`;
  }, [data]);
  if (isPending) return <div className="page"><Skeleton lines={14} height={20} /></div>;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;
  return (
    <article className="page detail framework-page">
      <nav className="crumbs" aria-label="Where this is">
        <Go to="/compliance" className="link">Compliance</Go>
        <span aria-hidden>/</span>
        <span>Frameworks</span>
      </nav>
      <header className="detail-head">
        <div>
          <h1>{data.title} <span className="muted">{data.version}</span></h1>
          <p className="standing">
            <span>{plural(data.total, "control")}, judged by {plural(data.policies, "policy", "policies")}</span>
            {asset ? <OneAsset id={asset} onAll={() => set({ asset: null })} /> : <span className="muted">over the whole estate</span>}
          </p>
        </div>
        <Exports data={data} asset={asset} />
      </header>
      <Controls data={data} asset={asset} />
    </article>
  );
}

function OneAsset({ id, onAll }: { id: string; onAll: () => void }) {
  const { data } = useAsset(id);
  return (
    <span>
      on <Go to={assetPath(id)} className="link strong-link">{data?.name ?? "one asset"}</Go>{" "}
      <button type="button" className="link-button no-print" onClick={onAll}>Show the whole estate</button>
    </span>
  );
}

function Exports({ data, asset }: { data: FrameworkDetail; asset: string }) {
  const api = useApi();
  const notices = useNotices();
  const fetched = async (accept: string, suffix: string) => {
    try {
      download(`${data.id}.${suffix}`, await api.text(`/frameworks/${encodeURIComponent(data.id)}`, asset ? { asset } : {}, accept), accept);
    } catch (error) {
      notices.failed("The framework could not be exported", error);
    }
  };
  return (
    <div className="list-tools no-print">
      <button type="button" className="button small" onClick={() => void fetched("text/csv", "csv")}><Download size={15} aria-hidden /> CSV</button>
      <button type="button" className="button small" onClick={() => void fetched("application/json", "json")}><Download size={15} aria-hidden /> JSON</button>
      <button type="button" className="button small" onClick={() => window.print()}><Printer size={15} aria-hidden /> Print</button>
    </div>
  );
}

function Controls({ data, asset }: { data: FrameworkDetail; asset: string }) {
  const { search, set } = useAddress();
  const only = search.get("status");
  const [wanted, setWanted] = useState("");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const depth = useMemo(() => depths(data.controls), [data.controls]);
  const families = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    const out = new Map<string, ControlView[]>();
    for (const control of data.controls) {
      if (only && control.status !== only) continue;
      const text = `${control.id} ${control.title} ${control.policies.join(" ")}`.toLowerCase();
      if (words.every((word) => text.includes(word))) out.set(control.family, [...(out.get(control.family) ?? []), control]);
    }
    return [...out];
  }, [data.controls, wanted, only]);
  const turn = (control: string) => setOpened((before) => {
    const next = new Set(before);
    if (!next.delete(control)) next.add(control);
    return next;
  });
  return (
    <>
      <section className="card framework-sum" aria-label="Controls by status">
        <StatusBar counts={data.counts} />
        <ul className="status-numbers">
          {STATUSES.map((status) => (
            <li key={status}>
              <button type="button" aria-pressed={only === status} onClick={() => set({ status: only === status ? null : status })}>
                <span className="status-count">{count(data.counts[status])}</span>
                <StatusLabel status={status} />
                <span className="muted small-text">{MEANING[status]}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <div className="list-tools page-tools">
        <input type="search" aria-label="Search controls" placeholder="Search number, title or policy" value={wanted} onChange={(event) => setWanted(event.target.value)} />
        {only ? <button type="button" className="button small" onClick={() => set({ status: null })}>Show all statuses</button> : null}
      </div>
      {families.length === 0 ? <Empty title="Nothing matches"><p>No control is {only ? STATUS_WORDS[only as ControlStatus].toLowerCase() : "named like that"}.</p></Empty> : null}
      {families.map(([family, controls]) => (
        <section key={family} className="card control-family">
          <h2>{family} <span className="muted family-count">{plural(controls.length, "control")}</span></h2>
          <ul className="controls">
            {controls.map((control) => (
              <li key={control.id} className="control" data-depth={Math.min(3, depth.get(control.id) ?? 0)}>
                <button type="button" className="control-head" aria-expanded={opened.has(control.id)} onClick={() => turn(control.id)}>
                  <ChevronRight size={15} aria-hidden />
                  <span className="control-id mono">{control.id}</span>
                  <span className="control-title">{control.title}</span>
                  <span className="control-tally muted">{control.policies.length > 0 ? tally(control) : ""}</span>
                  <StatusLabel status={control.status} />
                </button>
                {opened.has(control.id) ? <Evidence control={control} data={data} asset={asset} /> : null}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

const MEANING: Record<ControlStatus, string> = {
  pass: "every policy that applies passes",
  fail: "some policy fails on some asset",
  unknown: "nothing fails, not all is known",
  manual: "it takes a person",
  "not-covered": "no policy judges it yet",
};

function tally(control: ControlView): string {
  const told = [
    control.failed ? `${count(control.failed)} fail` : "",
    control.unknown ? `${count(control.unknown)} unknown` : "",
    control.passed ? `${count(control.passed)} pass` : "",
  ].filter(Boolean);
  if (told.length > 0) return told.join(", ");
  return control.not_applicable ? "not applicable" : "nothing judged";
}

function depths(controls: ControlView[]): Map<string, number> {
  const parents = new Map(controls.map(({ id, parent }) => [id, parent]));
  const out = new Map<string, number>();
  for (const { id } of controls) {
    let depth = 0;
    for (let above = parents.get(id); above; above = parents.get(above)) depth += 1;
    out.set(id, depth);
  }
  return out;
}

function Evidence({ control, data, asset }: { control: ControlView; data: FrameworkDetail; asset: string }) {
  return (
    <div className="control-evidence">
      <p>
        {control.reason}{" "}
        {control.query ? <Go to={findings(control.query)} className="link strong-link">Show the {plural(control.failed + control.unknown, "finding")}</Go> : null}
      </p>
      {control.policies.length > 0 ? (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={`Policies of ${control.id}`}>
          <table className="plain-table">
            <thead><tr><th scope="col">Severity</th><th scope="col">Policy</th><th scope="col">Judges</th><th scope="col" className="numeric">Fail</th><th scope="col" className="numeric">Unknown</th><th scope="col" className="numeric">Pass</th><th scope="col" className="numeric">Not applicable</th></tr></thead>
            <tbody>
              {control.policies.map((name) => {
                const row = data.judged_by[name];
                if (!row) return null;
                const against = `kind:policy and rule:${name}${asset ? ` and asset.id:${asset}` : ""}`;
                return (
                  <tr key={name}>
                    <td><SeverityLabel severity={row.severity} /></td>
                    <td><Go to={policy(name)} className="link row-link">{row.title}</Go></td>
                    <td className="mono">{row.resource}</td>
                    <td className="numeric">{row.failed > 0 ? <Go to={findings(`${against} and state:open`)} className="link">{count(row.failed)}</Go> : "0"}</td>
                    <td className="numeric">{row.unknown > 0 ? <Go to={findings(`${against} and state:unknown`)} className="link">{count(row.unknown)}</Go> : "0"}</td>
                    <td className="numeric">{count(row.passed)}</td>
                    <td className="numeric">{count(row.not_applicable)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      ) : null}
    </div>
  );
}
