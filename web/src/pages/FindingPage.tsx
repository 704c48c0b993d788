/** One finding, told as a story: what it is, why it matters, what to do, on what grounds, where else, what happened. */

import { Gavel } from "lucide-react";
import { useEffect, useState } from "react";

import { useApi } from "../api/context";
import { useFinding } from "../api/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useKeys } from "../lib/keyboard";
import { label } from "../lib/format";
import { asset, findings, OPEN } from "../lib/paths";
import { DecisionDialog } from "../parts/DecisionDialog";
import { DecisionCard } from "../parts/DecisionCard";
import { Controls, Elsewhere, Evidence, FixBlock, History, References, ScoreBreakdown, Standing } from "../parts/finding";
import { Go } from "../parts/Go";
import { useNotices } from "../parts/Notices";
import { CopyButton, Time, Truncated } from "../parts/Small";
import { Failure, Skeleton } from "../parts/States";

export default function FindingPage({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useFinding(id);
  const [deciding, setDeciding] = useState(false);
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  useKeys({ e: () => setDeciding(true) }, data !== undefined && !deciding);
  useEffect(() => {
    if (data) document.title = `${data.rule} on ${data.asset_name} · Bartizan`;
  }, [data]);
  if (isPending) return <div className="page"><Skeleton lines={12} height={20} /></div>;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;

  const withdraw = async (decision: string) => {
    try {
      await api.remove(`/decisions/${encodeURIComponent(decision)}`);
      notices.say({ text: "Decision taken back" });
    } catch (reason) {
      notices.failed("The decision could not be taken back", reason);
    }
    await queries.invalidateQueries({ predicate: ({ queryKey }) => ["findings", "decisions", "overview"].includes(String(queryKey[0])) });
  };

  return (
    <article className="page detail">
      <nav className="crumbs" aria-label="Where this is">
        <Go to={findings(OPEN)} className="link">Findings</Go>
        <span aria-hidden>/</span>
        <span className="mono">{data.rule}</span>
        <CopyButton text={data.rule} label="Copy the rule" />
      </nav>
      <header className="detail-head">
        <div>
          <h1>{data.title}</h1>
          <Standing finding={data} />
        </div>
        <button type="button" className="button primary no-print" onClick={() => setDeciding(true)}>
          <Gavel size={16} aria-hidden /> Decide
        </button>
      </header>
      <div className="detail-columns">
        <div className="detail-main">
          {data.why ? (
            <section className="card lead">
              <h2>Why it matters</h2>
              <p className="prose">{data.why}</p>
            </section>
          ) : null}
          <section className="card">
            <h2>Fix</h2>
            <FixBlock finding={data} />
          </section>
          <div className="card stacked"><ScoreBreakdown finding={data} /></div>
          <div className="card stacked"><Evidence finding={data} /></div>
          <section className="card">
            <h2>History</h2>
            <History finding={data} />
          </section>
        </div>
        <aside className="detail-side" aria-label="About this finding">
          <section className="card">
            <h2>Where</h2>
            <dl className="evidence narrow">
              <div>
                <dt>Asset</dt>
                <dd><Go to={asset(data.asset_id)} className="link" title={data.asset_name}><Truncated text={data.asset_name} /></Go></dd>
              </div>
              {data.locator ? (
                <div>
                  <dt>Locator</dt>
                  <dd className="with-copy"><code title={data.locator}>{data.locator}</code><CopyButton text={data.locator} label="Copy the locator" /></dd>
                </div>
              ) : null}
              <div>
                <dt>Kind</dt>
                <dd>{label(data.kind)}</dd>
              </div>
              <div>
                <dt>First seen</dt>
                <dd><Time at={data.first_seen} /></dd>
              </div>
              <div>
                <dt>Last seen</dt>
                <dd><Time at={data.last_seen} /></dd>
              </div>
              {data.fixed_at ? (
                <div>
                  <dt>Fixed</dt>
                  <dd><Time at={data.fixed_at} /></dd>
                </div>
              ) : null}
              {data.reopened ? (
                <div>
                  <dt>Reopened</dt>
                  <dd>{data.reopened} times</dd>
                </div>
              ) : null}
              <div>
                <dt>Sources</dt>
                <dd>{data.sources.join(", ") || "none"}</dd>
              </div>
            </dl>
          </section>
          <div className="card stacked">
            <Elsewhere finding={data} />
            <Controls controls={data.controls} />
            <References addresses={data.references} />
          </div>
          <section className="card">
            <h2>Decisions</h2>
            {data.decisions.length === 0 ? (
              <p className="muted">
                None. Press <kbd>e</kbd> to accept the risk, to call it a false positive or not affecting, or to defer it.
              </p>
            ) : (
              <ul className="decision-list">
                {data.decisions.map((decision) => (
                  <DecisionCard key={decision.id} decision={decision} onWithdraw={() => void withdraw(decision.id)} />
                ))}
              </ul>
            )}
          </section>
        </aside>
      </div>
      <DecisionDialog findings={deciding ? [data] : null} onClose={() => setDeciding(false)} />
    </article>
  );
}
