/** The first page: four sentences in numbers, then the pictures behind them. Every number leads to its list. */

import { ArrowDownRight, ArrowRight, ArrowUpRight } from "lucide-react";
import { useCallback, type ReactNode } from "react";
import { useLocation } from "wouter";

import { useOverview } from "../api/hooks";
import type { Overview, TrendPoint } from "../api/records";
import { count, decimal, label, percent, plural, system } from "../lib/format";
import { assets, exploited, findings, OPEN, openWith } from "../lib/paths";
import { both, term } from "../lib/querytext";
import { SEVERITIES, total } from "../lib/severity";
import { shortDay } from "../lib/time";
import { SeverityBar, SeverityNumbers } from "../parts/Bars";
import { ChartCard, TrendChart } from "../parts/Chart";
import { Go } from "../parts/Go";
import { SeverityGlyph } from "../parts/Severity";
import { FixText, Kev, Time } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

export default function OverviewPage() {
  const { data, error, isPending, refetch } = useOverview();
  if (isPending) return <Waiting />;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;
  if (data.assets === 0) {
    return (
      <div className="page">
        <h1 className="visually-hidden">Overview</h1>
        <Empty title="Nothing is watched yet" command="bartizan up" action={<Go to="/fleet" className="button primary">Enrol a host</Go>}>
          <p>Bartizan shows what it knows of your assets: what they run, what is wrong with it, and what to do first. Begin with this host, or enrol another one with an activation key.</p>
        </Empty>
      </div>
    );
  }
  return <Board data={data} />;
}

function Waiting() {
  return (
    <div className="page" role="status" aria-label="Loading">
      <div className="sentences">
        {[0, 1, 2, 3].map((at) => (
          <div key={at} className="sentence">
            <Skeleton lines={3} height={16} />
          </div>
        ))}
      </div>
      <div className="board">
        <div className="card"><Skeleton lines={6} height={26} /></div>
        <div className="card"><Skeleton lines={6} height={26} /></div>
      </div>
    </div>
  );
}

function Board({ data }: { data: Overview }) {
  const [, navigate] = useLocation();
  const open = total(data.open);
  const byKind = Object.entries(data.by_kind).filter(([, counts]) => total(counts) > 0);
  const mostKind = Math.max(1, ...byKind.map(([, counts]) => total(counts)));
  const toDay = useCallback(() => navigate(findings(OPEN)), [navigate]);
  // Assets that fell silent are listed below; they are no findings, and a number leads to a list of its own length.
  const unjudged = data.unseen.filter(({ query }) => !query.startsWith("asset."));
  const unseen = unjudged.reduce((sum, one) => sum + one.count, 0);
  const judged = ["pass", "fail", "unknown"].reduce((sum, name) => sum + (data.policies[name] ?? 0), 0);

  return (
    <div className="page">
      <h1 className="visually-hidden">Overview</h1>
      <section className="sentences" aria-label="In four sentences">
        <Sentence title="At risk now" to={findings(OPEN)} number={count(open)} unit={open === 1 ? "open finding" : "open findings"}>
          on {plural(data.assets, "asset")}; risk {decimal(data.risk)} of 100.{" "}
          {data.kev_open > 0 ? (
            <Go to={findings(exploited)} className="link strong-link">
              {count(data.kev_open)} exploited in the wild
            </Go>
          ) : (
            "None is known to be exploited."
          )}
        </Sentence>
        <Sentence
          title="Since yesterday"
          to="/governance?tab=audit"
          plain
          number={
            <>
              <span className="worse"><ArrowUpRight size={20} aria-hidden />{count(data.opened_since_yesterday)}</span>{" "}
              <span className="better"><ArrowDownRight size={20} aria-hidden />{count(data.fixed_since_yesterday)}</span>
            </>
          }
          unit=""
        >
          {plural(data.opened_since_yesterday, "finding")} opened and {count(data.fixed_since_yesterday)} fixed.
        </Sentence>
        <Sentence title="Fix first" to="#fix-first" plain number={percent(data.fix_first_share)} unit="of the score">
          {data.fix_first.length > 0 ? `goes away with ${plural(data.fix_first.length, "fix", "fixes")}, listed below.` : "Nothing waits for a fix."}
        </Sentence>
        <Sentence title="What we cannot see" to={findings(unjudged.map(({ query }) => `(${query})`).join(" or ") || "state:unknown")} plain={unseen === 0} number={count(unseen)} unit={unseen === 1 ? "thing unknown" : "things unknown"} hatched={unseen > 0}>
          {unseen > 0 ? "Not judged, so not counted as safe." : "Everything that was asked for could be judged."}
        </Sentence>
      </section>

      <div className="board">
        <div className="board-main">
        <ChartCard
          title={trendTitle(data.trend)}
          note="Findings by day, stacked by severity; below: opened up, fixed down"
          empty={data.trend.length < 2 ? <p className="chart-empty muted">A trend needs two days. Come back tomorrow.</p> : undefined}
          table={<TrendTable points={data.trend} />}
        >
          <TrendChart points={data.trend} onDay={toDay} />
        </ChartCard>
        <section className="card" id="fix-first">
          <header className="card-head">
            <div>
              <h2>What to fix first</h2>
              <p className="muted">
                {data.fix_first.length > 0 ? `These ${count(data.fix_first.length)} remove ${percent(data.fix_first_share)} of the open score` : "Nothing open has a fix today"}
              </p>
            </div>
            <Go to={`${findings(OPEN)}&view=package`} className="link">
              All fixes <ArrowRight size={14} aria-hidden />
            </Go>
          </header>
          <FixFirst data={data} />
        </section>
        <section className="card">
          <header className="card-head">
            <h2>Policies</h2>
            <Go to="/compliance" className="link">Compliance</Go>
          </header>
          {judged === 0 ? <p className="muted">No policy was judged yet.</p> : <PolicyBar policies={data.policies} />}
        </section>
        </div>
        <div className="board-side">
        <section className="card">
          <header className="card-head">
            <h2>Open findings by severity</h2>
          </header>
          <SeverityNumbers counts={data.open} link={(severity) => findings(openWith("severity", severity))} />
          <div className="kinds">
            {byKind.map(([kind, counts]) => (
              <div key={kind} className="kind">
                <div className="kind-head">
                  <Go to={findings(openWith("kind", kind))} className="link plain-link">{label(kind)}</Go>
                  <span className="numeric">{count(total(counts))}</span>
                </div>
                <SeverityBar counts={counts} most={mostKind} link={(severity) => findings(both(openWith("kind", kind), term("severity", severity)))} />
              </div>
            ))}
          </div>
        </section>
        <section className="card">
          <header className="card-head">
            <h2>What we cannot see</h2>
          </header>
          {data.unseen.length === 0 ? <p className="muted">Nothing: every section was read and every policy was judged.</p> : null}
          <ul className="unseen">
            {data.unseen.map((one) => (
              <li key={one.text}>
                <Go to={findings(one.query)}>
                  <SeverityGlyph severity="unknown" />
                  <span>{one.text}</span>
                  <span className="numeric">{count(one.count)}</span>
                </Go>
              </li>
            ))}
          </ul>
          <h3 className="card-sub">Knowledge</h3>
          <p className={`lamp-line lamp-${data.knowledge.lamp}`}>
            <span className="lamp-dot" aria-hidden /> {data.knowledge.reason}
          </p>
          <p className="muted small-text">
            Imported <Time at={data.knowledge.imported_at} />. <Go to="/settings?tab=knowledge" className="link">Feeds</Go>
          </p>
        </section>
        <section className="card">
          <header className="card-head">
            <h2>Assets by operating system</h2>
            <Go to="/assets" className="link">Assets</Go>
          </header>
          <ul className="rank-list">
            {data.assets_by_os.map(([os, number]) => (
              <li key={os}>
                <Go to={assets(os ? term("asset.os", os) : "")}>
                  <span className="rank-name">{os ? system(os) : "not told"}</span>
                  <span className="numeric">{count(number)}</span>
                  <span className="rank-bar" aria-hidden style={{ width: `${(number / Math.max(1, data.assets)) * 100}%` }} />
                </Go>
              </li>
            ))}
          </ul>
        </section>
        <section className="card">
          <header className="card-head">
            <h2>Fleet</h2>
            <Go to="/fleet" className="link">Sensors</Go>
          </header>
          <dl className="facts-two">
            <div>
              <dt>Online</dt>
              <dd>{count(data.sensors_online)}</dd>
            </div>
            <div className={data.sensors_silent > 0 ? "attention" : ""}>
              <dt>Silent</dt>
              <dd>{count(data.sensors_silent)}</dd>
            </div>
          </dl>
          <p className="muted small-text">{data.sensors_silent > 0 ? "A silent sensor's assets are shown as they were when it last spoke." : "All sensors have spoken within their interval."}</p>
        </section>
        </div>
      </div>
    </div>
  );
}

function Sentence({ title, to, number, unit, hatched, plain, children }: { title: string; to: string; number: ReactNode; unit: string; hatched?: boolean; plain?: boolean; children: ReactNode }) {
  const figure = (
    <>
      <span className="figure">{number}</span> {unit ? <span className="unit">{unit}</span> : null}
    </>
  );
  return (
    <div className={`sentence ${hatched ? "hatched-edge" : ""}`}>
      <h2>{title}</h2>
      <p className="sentence-figure">{plain ? figure : <Go to={to}>{figure}</Go>}</p>
      <p className="sentence-text">{children}</p>
    </div>
  );
}

function FixFirst({ data }: { data: Overview }) {
  if (data.fix_first.length === 0) return <p className="muted">When an upgrade or a setting would close findings, the most useful ones stand here.</p>;
  const most = Math.max(1, ...data.fix_first.map((group) => group.total));
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label="What to fix first">
      <table className="plain-table fix-table">
        <thead>
          <tr>
            <th scope="col">Fix</th>
            <th scope="col" className="numeric">Findings</th>
            <th scope="col" className="numeric">Assets</th>
            <th scope="col">Score removed</th>
          </tr>
        </thead>
        <tbody>
          {data.fix_first.map((group) => (
            <tr key={group.key}>
              <td>
                <span className="fix-name">
                  <SeverityGlyph severity={group.severity} />
                  <Go to={findings(both(OPEN, group.query))} className="link strong-link">
                    <span className="visually-hidden">{group.severity}: </span>
                    {group.title}
                  </Go>
                  {group.kev > 0 ? <Kev /> : null}
                </span>
                {group.fix ? <FixText text={group.fix} /> : null}
              </td>
              <td className="numeric">{count(group.findings)}</td>
              <td className="numeric">{count(group.assets)}</td>
              <td className="cell-bar">
                <span className="score-track" aria-hidden>
                  <span className="score-fill" style={{ width: `${(group.total / most) * 100}%` }} />
                </span>
                <span className="numeric">{decimal(Math.round(group.total))}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PolicyBar({ policies }: { policies: Record<string, number> }) {
  const parts = [
    { name: "pass", text: "Pass" },
    { name: "fail", text: "Fail" },
    { name: "unknown", text: "Unknown" },
    { name: "not-applicable", text: "Not applicable" },
  ];
  const judged = (policies.pass ?? 0) + (policies.fail ?? 0) + (policies.unknown ?? 0);
  return (
    <>
      <p className="big-number">
        {percent(judged ? (policies.pass ?? 0) / judged : 0)} <span className="unit">of {plural(judged, "result")} pass</span>
      </p>
      <div className="outcome-bar" aria-hidden>
        {parts.slice(0, 3).map(({ name }) => ((policies[name] ?? 0) > 0 ? <span key={name} className={`outcome-part part-${name}`} style={{ flexGrow: policies[name] ?? 0 }} /> : null))}
      </div>
      <ul className="legend">
        {parts.map(({ name, text }) => (
          <li key={name}>
            <span className={`legend-key part-${name}`} aria-hidden />
            {text} <span className="numeric">{count(policies[name] ?? 0)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function trendTitle(points: TrendPoint[]): string {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || points.length < 2) return "Open findings over time";
  const change = total(last.open) - total(first.open);
  const span = `in ${plural(points.length - 1, "day")}`;
  if (change === 0) return `As many findings are open as ${points.length - 1} days ago`;
  return `${plural(Math.abs(change), "open finding")} ${change < 0 ? "fewer" : "more"} ${span}`;
}

function TrendTable({ points }: { points: TrendPoint[] }) {
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">Day</th>
          {SEVERITIES.map((severity) => (
            <th key={severity} scope="col" className="numeric capital">{severity}</th>
          ))}
          <th scope="col" className="numeric">Opened</th>
          <th scope="col" className="numeric">Fixed</th>
        </tr>
      </thead>
      <tbody>
        {[...points].reverse().map((point) => (
          <tr key={point.day}>
            <td>{shortDay(point.day)}</td>
            {SEVERITIES.map((severity) => (
              <td key={severity} className="numeric">{count(point.open[severity])}</td>
            ))}
            <td className="numeric">{count(point.opened)}</td>
            <td className="numeric">{count(point.fixed)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

