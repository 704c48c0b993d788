/** One policy: what it asks and why, how to mend it, and what each asset answered. */

import { useEffect } from "react";

import { usePolicy } from "../api/hooks";
import { inline } from "../lib/facts";
import { count, label, plural } from "../lib/format";
import { asset, finding } from "../lib/paths";
import { Controls } from "../parts/finding";
import { PolicyParameters } from "../parts/PolicyParameters";
import { Go } from "../parts/Go";
import { SeverityLabel } from "../parts/Severity";
import { Command, CopyButton, Outcome, Truncated } from "../parts/Small";
import { Failure, Skeleton } from "../parts/States";

export default function PolicyPage({ id }: { id: string }) {
  const { data, error, isPending, refetch } = usePolicy(id);
  useEffect(() => {
    if (data) document.title = `${data.title} · Bartizan`;
  }, [data]);
  if (isPending) return <div className="page"><Skeleton lines={12} height={20} /></div>;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;
  return (
    <article className="page detail">
      <nav className="crumbs" aria-label="Where this is">
        <Go to="/compliance" className="link">Compliance</Go>
        <span aria-hidden>/</span>
        <span className="mono">{data.id}</span>
        <CopyButton text={data.id} label="Copy the policy's id" />
      </nav>
      <header className="detail-head">
        <div>
          <h1>{data.title}</h1>
          <p className="standing">
            <SeverityLabel severity={data.severity} />
            <span>{label(data.group)}</span>
            <span>{count(data.passed)} pass, {count(data.failed)} fail, {count(data.unknown)} unknown{data.not_applicable ? `, ${count(data.not_applicable)} not applicable` : ""}</span>
          </p>
        </div>
      </header>
      <div className="detail-columns">
        <div className="detail-main">
          {data.why ? <section className="card lead"><h2>Why it matters</h2><p className="prose">{data.why}</p></section> : null}
          <section className="card">
            <h2>Fix</h2>
            {data.fix ? <p className="prose">{data.fix}</p> : null}
            {data.command ? <Command text={data.command} /> : null}
            {data.template ? <><h3 className="card-sub">In a template</h3><Command text={data.template} /></> : null}
          </section>
          <section className="card">
            <h2>Results by asset</h2>
            {data.results.length === 0 ? <p className="muted">No asset was judged yet.</p> : (
              <div className="table-wrap" tabIndex={0} role="region" aria-label="Results by asset">
                <table className="plain-table">
                  <thead><tr><th scope="col">Result</th><th scope="col">Asset</th><th scope="col">Values or reason</th></tr></thead>
                  <tbody>
                    {data.results.map((row) => (
                      <tr key={row.finding ?? row.asset_id + row.result}>
                        <td>{row.finding ? <Go to={finding(row.finding)} className="link plain-link"><Outcome result={row.result} /></Go> : <Outcome result={row.result} />}</td>
                        <td><Go to={asset(row.asset_id)} className="link row-link" title={row.asset_name}><Truncated text={row.asset_name} /></Go></td>
                        <td>{row.reason ? row.reason : <code className="wrap">{inline(row.values)}</code>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </section>
        </div>
        <aside className="detail-side" aria-label="About this policy">
          <section className="card">
            <h2>Check</h2>
            <Code text={data.check} />
            {data.applies ? <><h3 className="card-sub">Applies where</h3><Code text={data.applies} /></> : null}
          </section>
          {data.parameters.length > 0 ? <PolicyParameters policy={data.id} parameters={data.parameters} /> : null}
          <section className="card">
            <h2>Judges</h2>
            <dl className="evidence narrow">
              <div><dt>Resource</dt><dd><code>{data.resource}</code></dd></div>
              {data.judges && data.judges.length > 0 ? <div><dt>Found in</dt><dd>{data.judges.map(label).join(", ")}</dd></div> : null}
              {data.source ? <div><dt>Written in</dt><dd><code>{data.source}</code></dd></div> : null}
              {data.cases ? <div><dt>Tested by</dt><dd>{plural(data.cases, "example")}</dd></div> : null}
            </dl>
            {data.inputs && data.inputs.length > 0 ? (
              <>
                <h3 className="card-sub">What it reads</h3>
                <ul className="inputs">
                  {data.inputs.map((one) => <li key={one.path}><code>{one.path}</code> <span className="muted">{one.type}</span>{one.about ? <span className="input-about">{one.about}</span> : null}</li>)}
                </ul>
              </>
            ) : null}
          </section>
          {Object.keys(data.controls).length > 0 ? <div className="card stacked"><Controls controls={data.controls} /></div> : null}
        </aside>
      </div>
    </article>
  );
}

function Code({ text }: { text: string }) {
  return (
    <div className="command">
      <pre className="wrap" tabIndex={0}>{text}</pre>
      <CopyButton text={text} label="Copy the expression" />
    </div>
  );
}
