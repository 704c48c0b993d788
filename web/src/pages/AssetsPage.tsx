/** The assets room. */

import { useCallback, useMemo, useState } from "react";
import { useLocation } from "wouter";

import { useAssets } from "../api/hooks";
import type { AssetSummary } from "../api/records";
import { refusalOf, useQueryBox } from "../app/asked";
import { useAddress } from "../lib/address";
import { count, label, system } from "../lib/format";
import { useKeys } from "../lib/keyboard";
import { asset } from "../lib/paths";
import { total } from "../lib/severity";
import { AssetPanel } from "../parts/AssetPanel";
import { DataTable, type Column } from "../parts/DataTable";
import { Facets } from "../parts/Facets";
import { Go } from "../parts/Go";
import { ColumnChooser, Export, ListPage, SidePanel, useColumns } from "../parts/ListPage";
import { SeverityTally } from "../parts/Severity";
import { Score, Tag, Time, Truncated } from "../parts/Small";
import { Empty, Failure, Refused, Skeleton } from "../parts/States";

const COLUMNS: Column<AssetSummary>[] = [
  { id: "name", title: "Asset", width: 170, grow: true, sort: "name", cell: (row) => <Go to={asset(row.id)} className="link row-link" title={row.name}>{row.name}</Go> },
  { id: "risk", title: "Risk", width: 98, numeric: true, sort: "risk", drop: 9, cell: (row) => <Score value={row.risk} /> },
  { id: "open", title: "Open findings", width: 200, sort: "open", drop: 8, cell: (row) => <SeverityTally counts={row.open} /> },
  { id: "policies", title: "Policies", width: 132, drop: 4, cell: (row) => <Policies row={row} /> },
  { id: "os", title: "Operating system", width: 180, sort: "os", drop: 5, cell: (row) => <Truncated text={system(row.os)} /> },
  { id: "tags", title: "Tags", width: 220, drop: 3, cell: (row) => <Tags row={row} /> },
  { id: "last_seen", title: "Last seen", width: 112, sort: "last_seen", drop: 6, cell: (row) => <Time at={row.last_seen} /> },
  { id: "kind", title: "Kind", width: 110, sort: "kind", drop: 1, extra: true, cell: (row) => label(row.kind) },
  { id: "sources", title: "Sources", width: 120, drop: 1, extra: true, cell: (row) => row.sources.join(", ") },
  { id: "key", title: "Key", width: 190, drop: 1, extra: true, cell: (row) => <Truncated text={row.key} mono /> },
];

function Policies({ row }: { row: AssetSummary }) {
  const judged = row.policy_pass + row.policy_fail + row.policy_unknown;
  if (judged === 0) return <span className="muted">none</span>;
  return (
    <span className="mini-outcome" title={`${row.policy_pass} pass, ${row.policy_fail} fail, ${row.policy_unknown} unknown`}>
      <span className="outcome-bar" aria-hidden>
        <span className="outcome-part part-pass" style={{ flexGrow: row.policy_pass }} />
        <span className="outcome-part part-fail" style={{ flexGrow: row.policy_fail }} />
        <span className="outcome-part part-unknown" style={{ flexGrow: row.policy_unknown }} />
      </span>
      <span className="numeric">
        {row.policy_pass}/{judged}
      </span>
    </span>
  );
}

function Tags({ row }: { row: AssetSummary }) {
  return (
    <span className="tags one-line" title={row.tags.join(", ")}>
      {row.tags.slice(0, 2).map((tag) => (
        <Tag key={tag}>{tag}</Tag>
      ))}
      {row.tags.length > 2 ? <span className="muted">+{row.tags.length - 2}</span> : null}
    </span>
  );
}

export default function AssetsPage() {
  const { search, set } = useAddress();
  const [, navigate] = useLocation();
  const query = search.get("query") ?? "";
  const sort = search.get("sort") ?? "-risk";
  const opened = search.get("panel");
  const [cursor, setCursor] = useState<string | null>(null);
  const { shown, setChosen } = useColumns("assets", COLUMNS);
  const list = useAssets(query, sort);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const ask = useCallback((next: string) => set({ query: next || null, panel: null }, { push: true }), [set]);
  useQueryBox("assets", query, ask, list.error);

  const active = opened ?? cursor;
  const at = rows.findIndex((row) => row.id === active);
  const move = (step: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
    if (!next) return;
    setCursor(next.id);
    if (opened) set({ panel: next.id });
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    o: () => { if (active) navigate(asset(active)); },
    Enter: () => { if (active) set({ panel: active }); },
    Escape: () => { if (opened) set({ panel: null }); else setCursor(null); },
  });
  const { fetchNextPage } = list;
  const next = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  const first = list.data?.pages[0];
  const refusal = refusalOf(list.error);
  return (
    <ListPage
      title="Assets"
      summary={first && !list.error ? `${count(first.total, first.total_at_least)} ${first.total === 1 ? "asset" : "assets"}` : list.error ? "" : "Counting…"}
      tools={
        <>
          <ColumnChooser columns={COLUMNS} shown={shown} onChoose={setChosen} />
          <Export path="/assets" query={query} sort={sort} name="assets" />
        </>
      }
      facets={<Facets of="assets" query={query} onQuery={ask} />}
      panel={
        opened ? (
          <SidePanel label="Asset" onClose={() => set({ panel: null })}>
            <AssetPanel key={opened} id={opened} />
          </SidePanel>
        ) : undefined
      }
    >
      {list.isPending ? (
        <div className="list-wait"><Skeleton lines={12} height={22} /></div>
      ) : refusal ? (
        <Refused />
      ) : !list.data ? (
        <Failure error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        query ? (
          <Empty title="Nothing matches" action={<button type="button" className="button" onClick={() => ask("")}>Show all assets</button>}>
            <p>No asset matches this query.</p>
          </Empty>
        ) : (
          <Empty title="No assets yet" command="bartizan up" action={<Go to="/fleet" className="button primary">Enrol a host</Go>}>
            <p>An asset is anything that is assessed: a host, an image, a cloud resource. Begin with this host, or enrol another one under Fleet.</p>
          </Empty>
        )
      ) : (
        <DataTable
          label="Assets"
          rows={rows}
          total={first?.total ?? rows.length}
          columns={shown}
          rowKey={(row) => row.id}
          rowName={(row) => row.name}
          card={(row) => <AssetCard row={row} />}
          sort={sort}
          onSort={(value) => set({ sort: value })}
          active={active}
          onActivate={(row) => {
            setCursor(row.id);
            set({ panel: row.id });
          }}
          more={{ next, busy: list.isFetchingNextPage, has: list.hasNextPage }}
          dimmed={list.isPlaceholderData}
        />
      )}
    </ListPage>
  );
}

function AssetCard({ row }: { row: AssetSummary }) {
  return (
    <div className="row-card">
      <div className="row-card-top">
        <Go to={asset(row.id)} className="link row-link">{row.name}</Go>
        <span className="row-card-end">{Math.round(row.risk)}</span>
      </div>
      <div className="row-card-line">{total(row.open) > 0 ? <SeverityTally counts={row.open} /> : <span className="muted">nothing open</span>}</div>
      <div className="row-card-line muted">
        <Truncated text={system(row.os)} />
        <span className="row-card-end"><Time at={row.last_seen} /></span>
      </div>
    </div>
  );
}
