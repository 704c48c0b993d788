/** The findings room. What it shows is what its address says: query, sort order, grouping, open panel. */

import { Gavel } from "lucide-react";
import { useCallback, useEffect, useState } from "react";

import { useFindings, useGroups } from "../api/hooks";
import type { GroupBy } from "../api/records";
import { useQueryBox } from "../app/asked";
import { useAddress } from "../lib/address";
import { count, decimal } from "../lib/format";
import { findings, OPEN } from "../lib/paths";
import { both, parts } from "../lib/querytext";
import { ExceptionDialog } from "../parts/DecisionDialog";
import { Facets } from "../parts/Facets";
import { FindingList } from "../parts/FindingList";
import { findingColumns } from "../parts/findingColumns";
import { FindingPanel } from "../parts/FindingPanel";
import { Go } from "../parts/Go";
import { ColumnChooser, Export, ListPage, SidePanel, useColumns } from "../parts/ListPage";
import { SeverityGlyph } from "../parts/Severity";
import { FixText, Kev, Truncated } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

const COLUMNS = findingColumns(false);
const VIEWS = [
  { value: "", text: "Each" },
  { value: "rule", text: "By rule" },
  { value: "package", text: "By package" },
  { value: "asset", text: "By asset" },
] as const;
/** Groupings that only findings in images have. */
const IMAGE_VIEWS = [
  { value: "layer", text: "By layer" },
  { value: "base", text: "By base image" },
  { value: "part", text: "By part of the image" },
  { value: "origin", text: "By kind of package" },
] as const;
const HEADINGS: Record<GroupBy, string> = { rule: "Rule", package: "Package", asset: "Asset", layer: "Layer", base: "Base image", part: "Part", origin: "Package of" };
type View = "" | GroupBy;

export default function FindingsPage() {
  const { search, set } = useAddress();
  const query = search.get("query") ?? OPEN;
  const sort = search.get("sort") ?? "-score";
  const opened = search.get("panel");
  const view: View = [...VIEWS, ...IMAGE_VIEWS].find(({ value }) => value === search.get("view"))?.value ?? "";
  const [excepting, setExcepting] = useState<string | null>(null);
  const { shown, setChosen } = useColumns("findings", COLUMNS);
  const list = useFindings(query, sort);

  // Somebody who comes without a query sees what is open, and sees that this is what was asked.
  useEffect(() => {
    if (!search.has("query")) set({ query: OPEN });
  }, [search, set]);

  const ask = useCallback((next: string) => set({ query: next, panel: null }, { push: true }), [set]);
  useQueryBox("findings", query, ask, list.error);
  const open = useCallback((id: string | null) => set({ panel: id }), [set]);

  const first = list.data?.pages[0];
  return (
    <ListPage
      title="Findings"
      summary={first && !list.error ? `${count(first.total, first.total_at_least)} ${first.total === 1 ? "finding" : "findings"}` : list.error ? "" : "Counting…"}
      tools={
        <>
          <div className="segments" role="group" aria-label="Grouping">
            {VIEWS.map(({ value, text }) => (
              <button key={value} type="button" aria-pressed={value === view} className={value === view ? "picked" : ""} onClick={() => set({ view: value || null, panel: null })}>
                {text}
              </button>
            ))}
          </div>
          <select aria-label="Grouping of findings in images" value={IMAGE_VIEWS.some(({ value }) => value === view) ? view : ""} onChange={(event) => set({ view: event.target.value || null, panel: null })}>
            <option value="">In images…</option>
            {IMAGE_VIEWS.map(({ value, text }) => <option key={value} value={value}>{text}</option>)}
          </select>
          {withoutStates(query) && first && first.total > 0 && !list.error ? (
            <button type="button" className="button small" title="One decision for everything that matches this query, now and later" onClick={() => setExcepting(withoutStates(query))}>
              <Gavel size={15} aria-hidden />
              <span>Decide on all</span>
            </button>
          ) : null}
          {view === "" ? <ColumnChooser columns={COLUMNS} shown={shown} onChoose={setChosen} /> : null}
          <Export path="/findings" query={query} sort={sort} name="findings" />
        </>
      }
      facets={<Facets of="findings" query={query} onQuery={ask} />}
      panel={
        opened && view === "" ? (
          <SidePanel label="Finding" onClose={() => open(null)}>
            <FindingPanel key={opened} id={opened} />
          </SidePanel>
        ) : undefined
      }
    >
      {view === "" ? (
        <FindingList list={list} columns={shown} sort={sort} onSort={(next) => set({ sort: next })} opened={opened} onOpen={open} empty={<NoFindings query={query} onClear={() => ask("")} />} />
      ) : (
        <Groups by={view} query={query} onClear={() => ask("")} />
      )}
      <ExceptionDialog query={excepting} onClose={() => setExcepting(null)} />
    </ListPage>
  );
}

/** A decision is about what stands open, so it does not say so. */
function withoutStates(query: string): string {
  return parts(query).filter((part) => !/^state:(open|unknown|any|\[[^\]]*open[^\]]*\])$/i.test(part)).join(" and ");
}

function NoFindings({ query, onClear }: { query: string; onClear: () => void }) {
  if (query === OPEN) {
    return (
      <Empty title="Nothing stands open" command="bartizan scan host" action={<button type="button" className="button" onClick={onClear}>Show all findings</button>}>
        <p>Either nothing was judged yet, or everything is fixed or decided on. Scan this host, or enrol one under Fleet; what could not be judged is under <Go to={findings("state:unknown")} className="link mono">state:unknown</Go>.</p>
      </Empty>
    );
  }
  if (query) {
    return (
      <Empty title="Nothing matches" action={<button type="button" className="button" onClick={onClear}>Show all findings</button>}>
        <p>No finding matches this query. A typical one:</p>
        <p>
          <Go to={findings("state:open and severity>=high")} className="link mono">
            state:open and severity&gt;=high
          </Go>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No findings yet" command="bartizan scan host">
      <p>A finding is what an assessor concluded about an asset: a vulnerable package, a setting that differs from a policy, or something that could not be judged. Scan this host, or enrol one under Fleet.</p>
    </Empty>
  );
}

function Groups({ by, query, onClear }: { by: GroupBy; query: string; onClear: () => void }) {
  const { data, error, isPending, refetch } = useGroups(by, query);
  if (isPending) return <div className="list-wait"><Skeleton lines={12} height={22} /></div>;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.items.length === 0 && IMAGE_VIEWS.some(({ value }) => value === by)) {
    return (
      <Empty title="No finding of an image is among them" command="bartizan scan image IMAGE --upload">
        <p>Findings in images are told apart by the layer that brought them, by base image, and by whose package it is. Scan an image, or watch a registry under Images.</p>
      </Empty>
    );
  }
  if (data.items.length === 0) return <NoFindings query={query} onClear={onClear} />;
  const most = Math.max(1, ...data.items.map((group) => group.total));
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={`Findings by ${by}`}>
      <table className="data-table group-table">
        <thead>
          <tr>
            <th scope="col">{HEADINGS[by]}</th>
            <th scope="col" className="numeric">Findings</th>
            <th scope="col" className="numeric narrow-hide">Assets</th>
            <th scope="col">Score</th>
            <th scope="col" className="narrow-hide">Fix</th>
          </tr>
        </thead>
        <tbody>
          {data.items.map((group) => (
            <tr key={group.key}>
              <td>
                <span className="cell-title">
                  <SeverityGlyph severity={group.severity} />
                  <Go to={findings(both(query, group.query))} className="link row-link" title={group.title}>
                    <span className="visually-hidden">{group.severity}: </span>
                    {by === "part" || by === "origin" ? group.title : by === "layer" ? <Truncated text={group.key} mono /> : group.key}
                  </Go>
                  {(by === "rule" || by === "layer") && group.title !== group.key ? <span className="muted cell-rest">{group.title}</span> : null}
                  {group.kev > 0 ? <Kev short /> : null}
                </span>
              </td>
              <td className="numeric">{count(group.findings)}</td>
              <td className="numeric narrow-hide">{count(group.assets)}</td>
              <td>
                <span className="cell-bar">
                  <span className="score-track" aria-hidden>
                    <span className="score-fill" style={{ width: `${(group.total / most) * 100}%` }} />
                  </span>
                  <span className="numeric">{decimal(Math.round(group.total))}</span>
                </span>
              </td>
              <td className="narrow-hide">{group.fix ? <FixText text={group.fix} /> : <span className="muted">none</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
