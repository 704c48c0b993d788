/** What a person decides about findings, why, and for how long. */

import { useState, type SyntheticEvent } from "react";

import { useDecide, useExcept } from "../api/decide";
import { useStanding } from "../api/hooks";
import type { DecisionRequest, DecisionVerdict, FindingSummary } from "../api/records";
import { plural } from "../lib/format";
import { endOfDayIn } from "../lib/time";
import { Dialog } from "./Dialog";

const VERDICTS: { value: DecisionVerdict; title: string; text: string }[] = [
  { value: "accepted", title: "Accept the risk", text: "It is real, and we live with it until the decision expires." },
  { value: "false-positive", title: "False positive", text: "The finding is wrong: the flaw or the misconfiguration is not there." },
  { value: "not-affected", title: "Not affected", text: "The flaw is there but cannot be reached or used here." },
  { value: "deferred", title: "Defer", text: "It will be fixed, later: hide it until then." },
];

const SPANS: [string, number][] = [
  ["30 days", 30],
  ["90 days", 90],
  ["1 year", 365],
  ["No end", 0],
];

export function DecisionDialog({ findings, onClose }: { findings: FindingSummary[] | null; onClose: (decided: boolean) => void }) {
  return (
    <Dialog open={findings !== null} onClose={() => onClose(false)} title={findings?.length === 1 ? `Decide on ${findings[0]?.rule ?? ""}` : `Decide on ${plural(findings?.length ?? 0, "finding")}`}>
      {findings ? <OnFindings findings={findings} onDone={() => onClose(true)} /> : null}
    </Dialog>
  );
}

/** A decision about everything that matches a query, now and later. */
export function ExceptionDialog({ query, onClose }: { query: string | null; onClose: () => void }) {
  return (
    <Dialog open={query !== null} onClose={onClose} title="Decide on everything that matches">
      {query !== null ? <OnQuery query={query} onDone={onClose} /> : null}
    </Dialog>
  );
}

type Decided = Omit<DecisionRequest, "findings" | "query">;

function OnFindings({ findings, onDone }: { findings: FindingSummary[]; onDone: () => void }) {
  const decide = useDecide();
  return (
    <Form
      action={findings.length === 1 ? "Decide" : `Decide on ${plural(findings.length, "finding")}`}
      onSubmit={(request) => {
        onDone();
        void decide(findings, request);
      }}
    />
  );
}

function OnQuery({ query, onDone }: { query: string; onDone: () => void }) {
  const except = useExcept();
  const { data } = useStanding(query);
  return (
    <>
      <p className="prose">
        {data ? `${plural(data.total, "finding")} ${data.total === 1 ? "matches" : "match"} now, those included that could not be judged.` : "Counting…"} What matches later is covered too, until the decision ends or is taken back.
      </p>
      <pre className="wrap exception-query" tabIndex={0}>{query}</pre>
      <Form action="Decide on all of it" onSubmit={(request) => void except(query, request).then((saved) => { if (saved) onDone(); })} />
    </>
  );
}

function Form({ action, onSubmit }: { action: string; onSubmit: (request: Decided) => void }) {
  const [verdict, setVerdict] = useState<DecisionVerdict>("accepted");
  const [reason, setReason] = useState("");
  const [days, setDays] = useState(90);
  const [whenFixable, setWhenFixable] = useState(false);
  const [missing, setMissing] = useState(false);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!reason.trim()) {
      setMissing(true);
      document.getElementById("decision-reason")?.focus();
      return;
    }
    onSubmit({
      verdict,
      reason: reason.trim(),
      expires_at: days ? endOfDayIn(days, Date.now()) : null,
      expires_when_fixable: whenFixable,
    });
  };

  return (
    <form className="form" onSubmit={submit} noValidate>
      <fieldset className="choices">
        <legend className="visually-hidden">Decision</legend>
        {VERDICTS.map(({ value, title, text }) => (
          <label key={value} className={value === verdict ? "choice picked" : "choice"}>
            <input type="radio" name="verdict" value={value} checked={value === verdict} onChange={() => setVerdict(value)} />
            <span>
              <strong>{title}</strong>
              <span>{text}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor="decision-reason">Reason</label>
        <textarea
          id="decision-reason"
          rows={3}
          value={reason}
          aria-invalid={missing && !reason.trim()}
          aria-describedby="decision-reason-note"
          placeholder="For the person who reviews this in a year"
          onChange={(event) => setReason(event.target.value)}
        />
        <p id="decision-reason-note" className={missing && !reason.trim() ? "field-error" : "field-note"}>
          {missing && !reason.trim() ? "Write down why; a decision without a reason cannot be reviewed." : "It is kept in the audit log with your name."}
        </p>
      </div>
      <fieldset className="field">
        <legend>Expires</legend>
        <div className="segments">
          {SPANS.map(([text, span]) => (
            <label key={text} className={span === days ? "picked" : ""}>
              <input type="radio" name="span" checked={span === days} onChange={() => setDays(span)} />
              {text}
            </label>
          ))}
        </div>
        <label className="check">
          <input type="checkbox" checked={whenFixable} onChange={(event) => setWhenFixable(event.target.checked)} />
          Also as soon as a fix appears
        </label>
      </fieldset>
      <div className="form-actions">
        <button type="submit" className="button primary">
          {action}
        </button>
      </div>
    </form>
  );
}
