/** One source tree: what its templates declare, and what stands against it by file and line. */

import { useEffect, useState } from "react";

import { useCode } from "../api/hooks";
import type { CodeView } from "../api/records";
import { useAddress } from "../lib/address";
import { count, label, plural } from "../lib/format";
import { asset } from "../lib/paths";
import { SEVERITIES } from "../lib/severity";
import { Go } from "../parts/Go";
import { PlacedFindings } from "../parts/PlacedFindings";
import { SeverityTally } from "../parts/Severity";
import { CopyButton } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

const LANGUAGES: Record<string, string> = { terraform: "Terraform", cloudformation: "CloudFormation", kubernetes: "Kubernetes", arm: "ARM and Bicep", docker: "Dockerfile and Compose" };

export default function CodePage({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useCode(id);
  useEffect(() => {
    if (data) document.title = `${data.name} · Bartizan`;
  }, [data]);
  if (isPending) return <div className="page"><Skeleton lines={14} height={20} /></div>;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;
  const resources = Object.values(data.languages).reduce((sum, number) => sum + number, 0);
  return (
    <article className="page detail">
      <nav className="crumbs" aria-label="Where this is">
        <Go to="/code" className="link">Code</Go>
        <span aria-hidden>/</span>
        <span className="mono">{data.key}</span>
        <CopyButton text={data.key} label="Copy the key" />
      </nav>
      <header className="detail-head">
        <div>
          <h1>{data.name}</h1>
          <p className="standing">
            <span>{plural(resources, "resource")} in {Object.keys(data.languages).map((name) => LANGUAGES[name] ?? label(name)).join(", ")}</span>
            <Go to={asset(data.id)} className="link strong-link">All facts</Go>
          </p>
        </div>
      </header>
      <div className="detail-columns">
        <div className="detail-main"><Files data={data} /></div>
        <aside className="detail-side" aria-label="What is declared">
          <section className="card">
            <h2>What is declared</h2>
            <dl className="evidence">{data.types.map(([type, number]) => <div key={type} className="type-count"><dt className="mono">{type}</dt><dd className="numeric">{count(number)}</dd></div>)}</dl>
          </section>
          {data.unmodelled.length > 0 ? (
            <section className="card hatched-edge">
              <h2>Not judged</h2>
              <p className="muted small-text">No policy speaks of these types, so nothing is known of them.</p>
              <dl className="evidence">{data.unmodelled.map(([type, number]) => <div key={type} className="type-count"><dt className="mono">{type}</dt><dd className="numeric">{count(number)}</dd></div>)}</dl>
            </section>
          ) : null}
        </aside>
      </div>
    </article>
  );
}

function Files({ data }: { data: CodeView }) {
  const { search, set } = useAddress();
  const severity = search.get("severity");
  const [wanted, setWanted] = useState("");
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const files = data.files
    .map((file) => ({
      ...file,
      findings: file.findings.filter((one) => (!severity || one.severity === severity) && words.every((word) => `${file.path} ${one.title} ${one.locator} ${one.module} ${one.rule}`.toLowerCase().includes(word))),
    }))
    .filter((file) => file.findings.length > 0);
  if (data.files.length === 0) return <div className="card"><Empty title="Nothing was found"><p>No policy fails on what these templates declare.</p></Empty></div>;
  return (
    <>
      <div className="list-tools page-tools">
        <input type="search" aria-label="Search findings" placeholder="Search file, resource, module or finding" value={wanted} onChange={(event) => setWanted(event.target.value)} />
        <select aria-label="Severity" value={severity ?? ""} onChange={(event) => set({ severity: event.target.value || null })}>
          <option value="">Every severity</option>
          {SEVERITIES.map((name) => <option key={name} value={name}>{label(name)}</option>)}
        </select>
      </div>
      {files.length === 0 ? <Empty title="Nothing matches"><p>No finding matches what is chosen above.</p></Empty> : null}
      {files.map((file) => (
        <section key={file.path} className="card code-file">
          <div className="card-head">
            <h2 className="mono">{file.path || "The source tree as such"}</h2>
            <SeverityTally counts={file.open} />
          </div>
          <PlacedFindings
            rows={file.findings}
            label={file.path || "The source tree as such"}
            place={{ title: "Line", cell: (row) => (row.line ? <code title={row.end_line > row.line ? `to line ${row.end_line}` : undefined}>{row.line}</code> : <span className="muted">–</span>) }}
            detail={{ title: "Resource", cell: (row) => <><code>{address(row.locator)}</code>{row.module ? <span className="muted small-text"> in <code>{row.module}</code></span> : null}</> }}
          />
        </section>
      ))}
      {data.more > 0 ? <p className="muted">And {plural(data.more, "less urgent finding")}, under All facts.</p> : null}
    </>
  );
}

/** `/net#aws_s3_bucket.logs` names folder and address; the folder is told by the file already. */
function address(locator: string): string {
  return locator.slice(locator.indexOf("#") + 1);
}
