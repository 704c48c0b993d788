import type { DecisionView } from "../api/records";
import { label } from "../lib/format";
import { Time } from "./Small";

export function DecisionCard({ decision, onWithdraw }: { decision: DecisionView; onWithdraw: () => void }) {
  return (
    <li className={decision.active ? "decision" : "decision ended"}>
      <p className="decision-head">
        <strong>{label(decision.verdict)}</strong>
        <span className="muted">{decision.active ? <Ends decision={decision} /> : decision.pending ? "waits for approval" : "ended"}</span>
      </p>
      {decision.query ? <p className="small-text">For everything that matches <code>{decision.query}</code></p> : null}
      <p className="prose">{decision.reason}</p>
      <p className="muted small-text">
        {decision.requested_by}, <Time at={decision.created_at} />
        {decision.approved_by ? `; approved by ${decision.approved_by}` : ""}
      </p>
      {decision.active ? (
        <button type="button" className="button small" onClick={onWithdraw}>
          Take back
        </button>
      ) : null}
    </li>
  );
}

export function Ends({ decision }: { decision: DecisionView }) {
  return (
    <>
      {decision.expires_at ? <>expires <Time at={decision.expires_at} /></> : "no end"}
      {decision.expires_when_fixable ? ", or when a fix appears" : ""}
    </>
  );
}
