/** One asset: who it is, its risk with the reasons, its findings, facts, policies, neighbours and history. */

import { Tabs } from "@base-ui/react/tabs";
import { TriangleAlert } from "lucide-react";
import { useEffect, type ReactNode } from "react";

import { useAsset, useAssetFindings, useAssetPolicies, useFrameworks, useSection, useTimeline } from "../api/hooks";
import type { AssetDetail, TimelineEvent } from "../api/records";
import { useAddress } from "../lib/address";
import { count, label, plural } from "../lib/format";
import { asset, code, finding, findings, image, OPEN, policy } from "../lib/paths";
import { both, term } from "../lib/querytext";
import { asSeverity, total } from "../lib/severity";
import { day } from "../lib/time";
import { Factors, SeverityNumbers } from "../parts/Bars";
import { Because } from "../parts/Because";
import { FrameworkGrid } from "../parts/Controls";
import { Facts } from "../parts/Facts";
import { FindingList } from "../parts/FindingList";
import { findingColumns } from "../parts/findingColumns";
import { FindingPanel } from "../parts/FindingPanel";
import { Go } from "../parts/Go";
import { ColumnChooser, Export, SidePanel, useColumns } from "../parts/ListPage";
import { Relations } from "../parts/Relations";
import { SeverityGlyph, SeverityLabel } from "../parts/Severity";
import { CopyButton, Outcome, Tag, Time, Truncated } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

const COLUMNS = findingColumns(true);

export default function AssetPage({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useAsset(id);
  const { search, set } = useAddress();
  const tab = search.get("tab") ?? "overview";
  useEffect(() => {
    if (data) document.title = `${data.name} · Bartizan`;
  }, [data]);
  if (isPending) return <div className="page"><Skeleton lines={12} height={20} /></div>;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;
  const open = total(data.open);
  return (
    <article className={`page detail asset-page tab-${tab}`}>
      <nav className="crumbs" aria-label="Where this is">
        <Go to="/assets" className="link">Assets</Go>
        <span aria-hidden>/</span>
        <span className="mono"><Truncated text={data.key} /></span>
        <CopyButton text={data.key} label="Copy the key" />
      </nav>
      <header className="detail-head">
        <div>
          <h1>{data.name}</h1>
          <p className="standing">
            <span className="capital">{data.kind}</span>
            {data.os ? <span>{data.os}</span> : null}
            {data.kind === "image" ? <Go to={image(data.id)} className="link strong-link">By layer</Go> : null}
            {data.kind === "repository" ? <Go to={code(data.id)} className="link strong-link">By file</Go> : null}
            <span className="muted">seen <Time at={data.last_seen} /></span>
            <span className="tags">{data.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</span>
          </p>
        </div>
        <p className="risk-badge">
          <span className="big-number">{Math.round(data.risk)}</span>
          <span className="unit">risk of 100</span>
        </p>
      </header>
      <Tabs.Root value={tab} onValueChange={(value) => set({ tab: value === "overview" ? null : String(value), panel: null, section: null, sort: null, result: null })}>
        <Tabs.List className="tabs" aria-label="About this asset">
          <Tab value="overview">Overview</Tab>
          <Tab value="findings" number={open}>Findings</Tab>
          <Tab value="facts" number={data.sections.length}>Facts</Tab>
          <Tab value="policies" number={data.policy_pass + data.policy_fail + data.policy_unknown}>Policies</Tab>
          <Tab value="timeline">Timeline</Tab>
        </Tabs.List>
        <Tabs.Panel value="overview" className="tab-panel"><OverviewTab data={data} /></Tabs.Panel>
        <Tabs.Panel value="findings" className="tab-panel fills"><FindingsTab data={data} /></Tabs.Panel>
        <Tabs.Panel value="facts" className="tab-panel"><FactsTab data={data} section={search.get("section")} onSection={(name) => set({ section: name })} /></Tabs.Panel>
        <Tabs.Panel value="policies" className="tab-panel"><PoliciesTab id={id} /></Tabs.Panel>
        <Tabs.Panel value="timeline" className="tab-panel"><TimelineTab id={id} /></Tabs.Panel>
      </Tabs.Root>
    </article>
  );
}

function Tab({ value, number, children }: { value: string; number?: number; children: ReactNode }) {
  return (
    <Tabs.Tab value={value} className="tab">
      {children}
      {number === undefined ? null : <span className="tab-count">{count(number)}</span>}
    </Tabs.Tab>
  );
}

function OverviewTab({ data }: { data: AssetDetail }) {
  const mine = both(OPEN, term("asset", data.name));
  const judged = data.policy_pass + data.policy_fail + data.policy_unknown;
  return (
    <div className="detail-columns">
      <div className="detail-main">
        <section className="card">
          <h2>Risk</h2>
          {data.risk_factors.length > 0 ? <Factors factors={data.risk_factors} label="How the risk came about" /> : <p className="muted">Nothing is open, so there is no risk to explain.</p>}
        </section>
        <section className="card">
          <h2>Open findings by severity</h2>
          <SeverityNumbers counts={data.open} link={(severity) => findings(both(mine, term("severity", severity)))} />
        </section>
        <section className="card">
          <h2>Relations</h2>
          <Relations name={data.name} relations={data.relations} />
        </section>
      </div>
      <aside className="detail-side" aria-label="Identity">
        <section className="card">
          <h2>Identity</h2>
          <dl className="evidence narrow">
            <div><dt>Key</dt><dd className="with-copy"><code>{data.key}</code><CopyButton text={data.key} label="Copy the key" /></dd></div>
            <div><dt>First seen</dt><dd><Time at={data.first_seen} /></dd></div>
            <div><dt>Last seen</dt><dd><Time at={data.last_seen} /></dd></div>
            <div><dt>Sources</dt><dd>{data.sources.join(", ") || "none"}</dd></div>
          </dl>
        </section>
        <section className="card">
          <h2>Policies</h2>
          {judged === 0 ? <p className="muted">No policy was judged.</p> : (
            <>
              <div className="outcome-bar" aria-hidden>
                <span className="outcome-part part-pass" style={{ flexGrow: data.policy_pass }} />
                <span className="outcome-part part-fail" style={{ flexGrow: data.policy_fail }} />
                <span className="outcome-part part-unknown" style={{ flexGrow: data.policy_unknown }} />
              </div>
              <p>
                <Go to={`${asset(data.id, "policies")}&result=pass`} className="link strong-link">{count(data.policy_pass)} pass</Go>,{" "}
                <Go to={`${asset(data.id, "policies")}&result=fail`} className="link strong-link">{count(data.policy_fail)} fail</Go>,{" "}
                <Go to={`${asset(data.id, "policies")}&result=unknown`} className="link strong-link">{count(data.policy_unknown)} unknown</Go>
              </p>
            </>
          )}
        </section>
        {data.unknowns > 0 ? (
          <section className="card hatched-edge">
            <h2>Not known</h2>
            <p>
              <Go to={findings(both("state:unknown", term("asset", data.name)))} className="link strong-link">{plural(data.unknowns, "thing")}</Go> could not be judged on this asset.
            </p>
          </section>
        ) : null}
      </aside>
    </div>
  );
}

function FindingsTab({ data }: { data: AssetDetail }) {
  const { search, set } = useAddress();
  const sort = search.get("sort") ?? "-score";
  const opened = search.get("panel");
  const all = search.get("all") === "1";
  const query = all ? "state:any" : OPEN;
  const list = useAssetFindings(data.id, query, sort);
  const { shown, setChosen } = useColumns("asset-findings", COLUMNS);
  return (
    <div className={`list-page in-tab ${opened ? "has-panel" : ""}`}>
      <div className="list-head">
        <div className="segments" role="group" aria-label="State">
          <button type="button" aria-pressed={!all} className={all ? "" : "picked"} onClick={() => set({ all: null })}>Open</button>
          <button type="button" aria-pressed={all} className={all ? "picked" : ""} onClick={() => set({ all: "1" })}>All</button>
        </div>
        <div className="list-tools">
          <Go to={findings(both(query, term("asset", data.name)))} className="button small">As a query</Go>
          <ColumnChooser columns={COLUMNS} shown={shown} onChoose={setChosen} />
          <Export path={`/assets/${encodeURIComponent(data.id)}/findings`} query={query} sort={sort} name={`findings-${data.name}`} />
        </div>
      </div>
      <div className="list-body">
        <div className="list-main">
          <FindingList list={list} columns={shown} sort={sort} onSort={(next) => set({ sort: next })} opened={opened} onOpen={(id) => set({ panel: id })} onAsset
            empty={<Empty title="Nothing is open here"><p>No finding is open on this asset. What could not be judged is listed under All.</p></Empty>} />
        </div>
        {opened ? <SidePanel label="Finding" onClose={() => set({ panel: null })}><FindingPanel key={opened} id={opened} /></SidePanel> : null}
      </div>
    </div>
  );
}

function FactsTab({ data, section, onSection }: { data: AssetDetail; section: string | null; onSection: (name: string) => void }) {
  const sections = [...data.sections].sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name));
  const name = section ?? sections[0]?.name;
  if (!name) return <Empty title="No facts yet"><p>The sensor has not sent anything about this asset.</p></Empty>;
  return (
    <div className="facts-layout">
      <nav className="facts-nav" aria-label="Sections">
        <ul>
          {sections.map((one) => (
            <li key={one.name}>
              <button type="button" className={one.name === name ? "here" : ""} aria-current={one.name === name ? "true" : undefined} onClick={() => onSection(one.name)}>
                <span>{label(one.name)}</span>
                {one.problems > 0 ? <TriangleAlert size={14} aria-label={plural(one.problems, "problem")} /> : null}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <div className="facts-body card"><SectionTab key={name} id={data.id} name={name} /></div>
    </div>
  );
}

/** In the order in which one gets to know a host; packages last, as there are many kinds of them. */
const ORDER = ["os", "kernel", "users", "groups", "sudo", "sshd", "sockets", "units", "firewall", "mounts", "files", "cron", "pam", "time", "logging", "audit", "disk", "modules", "cloud"];

function place(section: string): number {
  const at = ORDER.indexOf(section);
  if (at >= 0) return at;
  return section.startsWith("packages_") ? ORDER.length + 2 : section.startsWith("packages") || section.startsWith("updates") ? ORDER.length + 1 : ORDER.length;
}

function SectionTab({ id, name }: { id: string; name: string }) {
  const { data, error, isPending, refetch } = useSection(id, name);
  if (isPending) return <Skeleton lines={10} height={18} />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  return <Facts section={data} />;
}

function PoliciesTab({ id }: { id: string }) {
  const { search, set } = useAddress();
  const { data, error, isPending, refetch } = useAssetPolicies(id);
  if (isPending) return <Skeleton lines={10} height={18} />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.length === 0) return <Empty title="No policy was judged"><p>Policies are judged when the asset's facts arrive.</p></Empty>;
  const order = { fail: 0, unknown: 1, pass: 2, "not-applicable": 3 };
  const result = search.get("result");
  const rows = data.filter((row) => !result || row.result === result).sort((a, b) => order[a.result] - order[b.result]);
  return (
    <div className="policies-tab">
    <AssetFrameworks id={id} />
    <div className="segments" role="group" aria-label="Result">
      {["", "fail", "unknown", "pass", "not-applicable"].map((one) => (
        <button key={one} type="button" aria-pressed={one === (result ?? "")} className={one === (result ?? "") ? "picked" : ""} onClick={() => set({ result: one || null })}>
          {one ? label(one) : "All"} {count(one ? data.filter((row) => row.result === one).length : data.length)}
        </button>
      ))}
    </div>
    <div className="card table-wrap" tabIndex={0} role="region" aria-label="Policies">
      <table className="plain-table">
        <thead>
          <tr><th scope="col">Result</th><th scope="col">Policy</th><th scope="col">Severity</th><th scope="col">Group</th><th scope="col">Reason</th></tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.finding ?? row.policy}>
              <td>{row.finding ? <Go to={finding(row.finding)} className="link plain-link"><Outcome result={row.result} /></Go> : <Outcome result={row.result} />}</td>
              <td><Go to={policy(row.policy)} className="link row-link">{row.title}</Go></td>
              <td><SeverityLabel severity={row.severity} /></td>
              <td>{label(row.group)}</td>
              <td>{row.reason ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    </div>
  );
}

/** The frameworks that say something about this asset. */
function AssetFrameworks({ id }: { id: string }) {
  const { data } = useFrameworks(id);
  const rows = (data ?? []).filter(({ counts }) => counts.pass + counts.fail > 0);
  return rows.length > 0 ? <FrameworkGrid rows={rows} asset={id} /> : null;
}

function TimelineTab({ id }: { id: string }) {
  const list = useTimeline(id);
  if (list.isPending) return <Skeleton lines={10} height={18} />;
  if (!list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  const days = new Map<string, TimelineEvent[]>();
  for (const event of list.data.pages.flatMap((page) => page.items)) {
    const name = day(event.at);
    days.set(name, [...(days.get(name) ?? []), event]);
  }
  return (
    <div className="card days">
      {[...days].map(([name, events]) => (
        <section key={name}>
          <h2>{name}</h2>
          <ol className="timeline">
            {events.map((event, at) => (
              <li key={at} className={`event event-${event.kind}`}>
                <span className="event-dot" aria-hidden />
                <div>
                  <p>
                    {event.severity ? <SeverityGlyph severity={asSeverity(event.severity)} size={15} /> : null}{" "}
                    <span className="visually-hidden">{label(event.kind)}: </span>
                    {event.finding ? <Go to={finding(event.finding)} className="link row-link">{event.title}</Go> : event.section ? <Go to={`${asset(id, "facts")}&section=${encodeURIComponent(event.section)}`} className="link row-link">{event.title}</Go> : <strong>{event.title}</strong>}
                  </p>
                  <p className="muted small-text">{event.detail ? `${event.detail}, ` : ""}<Time at={event.at} /></p>
                  <Because cause={event.cause} text={event.because} />
                </div>
              </li>
            ))}
          </ol>
        </section>
      ))}
      {list.hasNextPage ? <button type="button" className="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>Earlier</button> : null}
    </div>
  );
}
