/** What people decided, and what was done by whom. */

import { Tabs } from "@base-ui/react/tabs";
import { useQueryClient } from "@tanstack/react-query";

import { useApi } from "../api/context";
import { useAudit, useDecisions } from "../api/hooks";
import type { AuditEntry, DecisionView } from "../api/records";
import { useAddress } from "../lib/address";
import { inline } from "../lib/facts";
import { count, label } from "../lib/format";
import { findings } from "../lib/paths";
import { term } from "../lib/querytext";
import { Ends } from "../parts/DecisionCard";
import { Go } from "../parts/Go";
import { useNotices } from "../parts/Notices";
import { CopyButton, Time, Truncated } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

export default function GovernancePage() {
  const { search, set } = useAddress();
  const tab = search.get("tab") ?? "decisions";
  return (
    <div className="page">
      <header className="page-head"><h1>Governance</h1></header>
      <Tabs.Root value={tab} onValueChange={(value) => set({ tab: value === "decisions" ? null : String(value) })}>
        <Tabs.List className="tabs" aria-label="Governance">
          <Tabs.Tab value="decisions" className="tab">Decisions</Tabs.Tab>
          <Tabs.Tab value="audit" className="tab">Audit log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="decisions" className="tab-panel"><Decisions /></Tabs.Panel>
        <Tabs.Panel value="audit" className="tab-panel"><Audit /></Tabs.Panel>
      </Tabs.Root>
    </div>
  );
}

function Decisions() {
  const list = useDecisions();
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  if (list.isPending) return <div className="card"><Skeleton lines={6} height={20} /></div>;
  if (!list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <Empty title="Nobody has decided anything yet" action={<Go to="/findings" className="button primary">To the findings</Go>}>
        <p>A decision says that a risk is accepted, a finding is wrong or does not affect us, or that its fix waits; with a reason, a name and an end. Select findings and press <kbd>e</kbd>.</p>
      </Empty>
    );
  }
  const withdraw = async (decision: DecisionView) => {
    try {
      await api.remove(`/decisions/${encodeURIComponent(decision.id)}`);
      notices.say({ text: "Decision taken back" });
    } catch (error) {
      notices.failed("The decision could not be taken back", error);
    }
    await queries.invalidateQueries({ predicate: ({ queryKey }) => ["decisions", "findings", "overview", "assets"].includes(String(queryKey[0])) });
  };
  return (
    <div className="card table-wrap" tabIndex={0} role="region" aria-label="Decisions">
      <table className="plain-table">
        <thead><tr><th scope="col">Decision</th><th scope="col">About</th><th scope="col">Reason</th><th scope="col">By</th><th scope="col">Made</th><th scope="col">Ends</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className={row.active ? "" : "ended"}>
              <td>{label(row.verdict)}</td>
              <td>
                {row.query ? (
                  <>
                    <Go to={findings(`(${row.query}) and state:any`)} className="link row-link" title={row.query}><code>{row.query}</code></Go>
                    {typeof row.covers === "number" ? <span className="muted"> covers {count(row.covers)} now</span> : null}
                  </>
                ) : (
                  <><Go to={findings(`state:any and ${term("rule", row.rule)}`)} className="link row-link"><Truncated text={row.rule} mono /></Go>{row.asset_id ? "" : " (everywhere)"}</>
                )}
              </td>
              <td className="wide-cell">{row.reason}</td>
              <td>{row.requested_by}{row.approved_by ? `, approved by ${row.approved_by}` : ""}</td>
              <td><Time at={row.created_at} /></td>
              <td>{row.active ? <Ends decision={row} /> : row.pending ? "waits for approval" : "ended"}</td>
              <td className="row-end">{row.active ? <button type="button" className="button small quiet" aria-label={`Take back the decision about ${row.query ?? row.rule}`} onClick={() => void withdraw(row)}>Take back</button> : null}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.hasNextPage ? <button type="button" className="button more" onClick={() => void list.fetchNextPage()}>Earlier</button> : null}
    </div>
  );
}

function Audit() {
  const list = useAudit();
  if (list.isPending) return <div className="card"><Skeleton lines={10} height={20} /></div>;
  if (!list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <Empty title="The log is empty"><p>Everything that changes something is written here, in a chain that shows if an entry was altered.</p></Empty>;
  return (
    <div className="card table-wrap" tabIndex={0} role="region" aria-label="Audit log">
      <table className="plain-table">
        <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Action</th><th scope="col">Subject</th><th scope="col">Detail</th><th scope="col">Digest</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <AuditRow key={row.digest + row.at} row={row} />
          ))}
        </tbody>
      </table>
      {list.hasNextPage ? <button type="button" className="button more" onClick={() => void list.fetchNextPage()}>Earlier</button> : null}
    </div>
  );
}

function AuditRow({ row }: { row: AuditEntry }) {
  return (
    <tr>
      <td><Time at={row.at} /></td>
      <td>{row.actor}</td>
      <td className="mono">{row.action}</td>
      <td><Truncated text={row.subject} /></td>
      <td className="wide-cell muted">{inline(row.detail)}</td>
      <td className="with-copy"><code title={row.digest}>{row.digest.replace("sha256:", "").slice(0, 10)}</code><CopyButton text={row.digest} label="Copy the digest" /></td>
    </tr>
  );
}
