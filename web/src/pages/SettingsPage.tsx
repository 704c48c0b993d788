/** Knowledge, API tokens, jobs and appearance. */

import { Tabs } from "@base-ui/react/tabs";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { useApi, useSession } from "../api/context";
import { useFeeds, useJobs, useTokens } from "../api/hooks";
import type { JobView, TokenView } from "../api/records";
import { useAddress } from "../lib/address";
import { count } from "../lib/format";
import { chooseTheme, useTheme, type ThemeChoice } from "../lib/theme";
import { endOfDayIn } from "../lib/time";
import { Dialog } from "../parts/Dialog";
import { JobLine } from "../parts/JobLine";
import { useNotices } from "../parts/Notices";
import { Registries } from "../parts/Registries";
import { Command, Time } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";
import { Revoke } from "./FleetPage";

export default function SettingsPage() {
  const { search, set } = useAddress();
  const tab = search.get("tab") ?? "knowledge";
  const admin = useSession().data?.role === "admin";
  return (
    <div className="page">
      <header className="page-head"><h1>Settings</h1></header>
      <Tabs.Root value={tab} onValueChange={(value) => set({ tab: value === "knowledge" ? null : String(value) })}>
        <Tabs.List className="tabs" aria-label="Settings">
          <Tabs.Tab value="knowledge" className="tab">Knowledge</Tabs.Tab>
          {admin ? <Tabs.Tab value="registries" className="tab">Registries</Tabs.Tab> : null}
          <Tabs.Tab value="tokens" className="tab">API tokens</Tabs.Tab>
          <Tabs.Tab value="jobs" className="tab">Jobs</Tabs.Tab>
          <Tabs.Tab value="appearance" className="tab">Appearance</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="knowledge" className="tab-panel"><Knowledge /></Tabs.Panel>
        {admin ? <Tabs.Panel value="registries" className="tab-panel"><Registries /></Tabs.Panel> : null}
        <Tabs.Panel value="tokens" className="tab-panel"><Tokens /></Tabs.Panel>
        <Tabs.Panel value="jobs" className="tab-panel"><Jobs /></Tabs.Panel>
        <Tabs.Panel value="appearance" className="tab-panel"><Appearance /></Tabs.Panel>
      </Tabs.Root>
    </div>
  );
}

function Knowledge() {
  const { data, error, isPending, refetch } = useFeeds();
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  const sync = useMutation({
    mutationFn: () => api.post<JobView>("/feeds/sync"),
    onSuccess: () => notices.say({ text: "Feeds are being fetched", detail: "Progress is shown in the top bar." }),
    onError: (reason) => notices.failed("The feeds cannot be fetched", reason),
    onSettled: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  if (isPending) return <div className="card"><Skeleton lines={6} height={20} /></div>;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.id === null) {
    return (
      <Empty title="No advisories are known" command="bartizan feeds import DIR">
        <p>Without advisories, packages cannot be judged and are reported as unknown. Import a folder, or fetch them from their official sources.</p>
        <button type="button" className="button primary" disabled={sync.isPending} onClick={() => sync.mutate()}>Fetch now</button>
      </Empty>
    );
  }
  return (
    <section className="card">
      <header className="card-head">
        <div>
          <h2>Feeds</h2>
          <p className={`lamp-line lamp-${data.lamp}`}><span className="lamp-dot" aria-hidden /> {data.reason}</p>
        </div>
        <button type="button" className="button" disabled={sync.isPending} onClick={() => sync.mutate()}><RefreshCw size={15} aria-hidden /> Fetch now</button>
      </header>
      <div className="table-wrap" tabIndex={0} role="region" aria-label="Feeds">
        <table className="plain-table">
          <thead><tr><th scope="col">Source</th><th scope="col" className="numeric">Records</th><th scope="col">Newest record</th></tr></thead>
          <tbody>{data.feeds.map((feed) => <tr key={feed.source}><td>{feed.source}</td><td className="numeric">{count(feed.records)}</td><td><Time at={feed.newest} missing="unknown" /></td></tr>)}</tbody>
        </table>
      </div>
      <p className="muted small-text">Imported <Time at={data.imported_at} />. Identity <code>{data.id}</code></p>
      <h3 className="card-sub">From a folder, without a network</h3>
      <Command text="bartizan feeds import DIR" />
    </section>
  );
}

function Tokens() {
  const tokens = useTokens();
  const [making, setMaking] = useState(false);
  const rows = tokens.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card">
      <header className="card-head">
        <div><h2>API tokens</h2><p className="muted">Everything that these pages do, a script can do with a token.</p></div>
        <button type="button" className="button primary" onClick={() => setMaking(true)}>Make a token</button>
      </header>
      {tokens.isPending ? <Skeleton lines={3} height={20} /> : !tokens.data ? <Failure error={tokens.error} retry={() => void tokens.refetch()} /> : rows.length === 0 ? (
        <Empty title="No tokens yet" command={`curl -H "Authorization: Bearer TOKEN" ${window.location.origin}/api/v1/findings`}><p>Make one for a pipeline or a script, with only the scopes that it needs.</p></Empty>
      ) : (
        <div className="table-wrap" tabIndex={0} role="region" aria-label="API tokens">
          <table className="plain-table">
            <thead><tr><th scope="col">Name</th><th scope="col">Scopes</th><th scope="col">Made</th><th scope="col">Expires</th><th scope="col">Last used</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id}>
                  <td>{row.name}</td><td className="mono">{row.scopes.join(", ")}</td><td><Time at={row.created_at} /></td><td><Time at={row.expires_at} missing="no end" /></td><td><Time at={row.last_used} /></td>
                  <td className="row-end"><Revoke path={`/tokens/${encodeURIComponent(row.id)}`} name={row.name} what="token" keys={["tokens"]} remove /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Dialog open={making} onClose={() => setMaking(false)} title="Make an API token">{making ? <MakeToken onDone={() => setMaking(false)} /> : null}</Dialog>
    </section>
  );
}

/** What a token may do, as people think of it; the server's scopes stand behind. */
const ACCESS: { title: string; text: string; scopes: string[] }[] = [
  { title: "Read", text: "Findings, assets, policies and feeds.", scopes: ["read"] },
  { title: "Triage", text: "Also decide on findings and run jobs.", scopes: ["read", "triage", "jobs"] },
  { title: "Send", text: "Nothing but facts of a pipeline: images, templates, hosts that it scanned.", scopes: ["ingest"] },
  { title: "Administer", text: "Also feeds, sensors, activation keys, metrics and the audit log.", scopes: ["read", "triage", "jobs", "ingest", "feeds", "sensors", "metrics", "audit"] },
];

function MakeToken({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [level, setLevel] = useState(0);
  const [days, setDays] = useState(90);
  const make = useMutation({
    mutationFn: () => api.post<TokenView>("/tokens", { name: name.trim(), scopes: ACCESS[level]?.scopes ?? ["read"], expires_at: days ? endOfDayIn(days, Date.now()) : null }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  if (make.data?.token) {
    return (
      <div className="form">
        <p>Keep it now: it is not shown again.</p>
        <Command text={make.data.token} />
        <div className="form-actions"><button type="button" className="button primary" onClick={onDone}>Done</button></div>
      </div>
    );
  }
  return (
    <form className="form" onSubmit={(event: SyntheticEvent) => { event.preventDefault(); make.mutate(); }}>
      {make.error ? <p className="sign-in-error" role="alert"><strong>The token was not made</strong><span>{make.error.message}</span></p> : null}
      <div className="field">
        <label htmlFor="token-name">Name</label>
        <input id="token-name" required maxLength={120} placeholder="pipeline, backup script, …" value={name} onChange={(event) => setName(event.target.value)} />
      </div>
      <fieldset className="choices">
        <legend>May</legend>
        {ACCESS.map(({ title, text }, at) => (
          <label key={title} className={at === level ? "choice picked" : "choice"}>
            <input type="radio" name="access" checked={at === level} onChange={() => setLevel(at)} />
            <span><strong>{title}</strong><span>{text}</span></span>
          </label>
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor="token-days">Expires</label>
        <select id="token-days" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          <option value={30}>in 30 days</option><option value={90}>in 90 days</option><option value={365}>in 1 year</option><option value={0}>never</option>
        </select>
      </div>
      <div className="form-actions"><button type="submit" className="button primary" disabled={make.isPending || !name.trim()}>Make the token</button></div>
    </form>
  );
}

function Jobs() {
  const list = useJobs();
  if (list.isPending) return <div className="card"><Skeleton lines={6} height={20} /></div>;
  if (!list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  const jobs = list.data.pages.flatMap((page) => page.items);
  if (jobs.length === 0) return <Empty title="Nothing has run yet"><p>Importing feeds and assessing assets are jobs; they appear here with their progress.</p></Empty>;
  return (
    <section className="card">
      <h2 className="visually-hidden">Jobs</h2>
      <ul className="jobs roomy">{jobs.map((job) => <JobLine key={job.id} job={job} />)}</ul>
    </section>
  );
}

function Appearance() {
  const { choice } = useTheme();
  const options: [ThemeChoice, string, string][] = [
    ["system", "As the system", "Follows what this device is set to."],
    ["light", "Light", "For daylight and paper."],
    ["dark", "Dark", "For the night watch."],
  ];
  return (
    <section className="card">
      <h2>Theme</h2>
      <fieldset className="choices row">
        <legend className="visually-hidden">Theme</legend>
        {options.map(([value, title, text]) => (
          <label key={value} className={choice === value ? "choice picked" : "choice"}>
            <input type="radio" name="theme" checked={choice === value} onChange={() => chooseTheme(value)} />
            <span><strong>{title}</strong><span>{text}</span></span>
          </label>
        ))}
      </fieldset>
      <p className="muted small-text">Kept on this device. Motion follows the system's wish for less of it.</p>
    </section>
  );
}
