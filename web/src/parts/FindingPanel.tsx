/** A finding in the side panel: enough to decide, and the way to its full page. */

import { Gavel, Maximize2 } from "lucide-react";
import { useState } from "react";

import { useFinding } from "../api/hooks";
import { asset, finding } from "../lib/paths";
import { DecisionDialog } from "./DecisionDialog";
import { Controls, Elsewhere, Evidence, FixBlock, References, ScoreBreakdown, Standing } from "./finding";
import { Go } from "./Go";
import { CopyButton, Truncated } from "./Small";
import { Failure, Skeleton } from "./States";

export function FindingPanel({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useFinding(id);
  const [deciding, setDeciding] = useState(false);
  if (isPending) return <div className="panel-body"><Skeleton lines={10} height={18} /></div>;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <div className="panel-body">
      <header className="panel-head">
        <p className="panel-kicker">
          <span className="mono">{data.rule}</span>
          <CopyButton text={data.rule} label="Copy the rule" />
        </p>
        <h2>
          <Go to={finding(data.id)} className="link plain-link">
            {data.title}
          </Go>
        </h2>
        <Standing finding={data} />
        <p className="small-text">
          on{" "}
          <Go to={asset(data.asset_id)} className="link" title={data.asset_name}>
            <Truncated text={data.asset_name} />
          </Go>
        </p>
        <div className="panel-actions">
          <button type="button" className="button primary small" onClick={() => setDeciding(true)}>
            <Gavel size={15} aria-hidden /> Decide
          </button>
          <Go to={finding(data.id)} className="button small">
            <Maximize2 size={14} aria-hidden /> Full page
          </Go>
        </div>
      </header>
      {data.why ? (
        <section>
          <h3>Why it matters</h3>
          <p>{data.why}</p>
        </section>
      ) : null}
      <section>
        <h3>Fix</h3>
        <FixBlock finding={data} />
      </section>
      <ScoreBreakdown finding={data} />
      <Evidence finding={data} />
      <Elsewhere finding={data} />
      <Controls controls={data.controls} />
      <References addresses={data.references} />
      <DecisionDialog findings={deciding ? [data] : null} onClose={() => setDeciding(false)} />
    </div>
  );
}
