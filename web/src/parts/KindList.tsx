/** The list of a room for one kind of asset: images, source trees. */

import { useCallback, useMemo, type ReactNode } from "react";

import { useAssets } from "../api/hooks";
import type { AssetSummary } from "../api/records";
import { useAddress } from "../lib/address";
import { count } from "../lib/format";
import { total } from "../lib/severity";
import { DataTable, type Column } from "./DataTable";
import { Go } from "./Go";
import { Export, ListPage } from "./ListPage";
import { SeverityTally } from "./Severity";
import { Score, Time } from "./Small";
import { Failure, Skeleton } from "./States";

interface Props {
  title: string;
  kind: string;
  words: [string, string];
  to: (id: string) => string;
  /** What tells one of them from another, beside its name. */
  about: Column<AssetSummary>;
  empty: ReactNode;
}

export function KindList({ title, kind, words, to, about, empty }: Props) {
  const { search, set } = useAddress();
  const sort = search.get("sort") ?? "-risk";
  const query = `asset.kind:${kind}`;
  const list = useAssets(query, sort);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const { fetchNextPage } = list;
  const next = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const columns: Column<AssetSummary>[] = [
    { id: "name", title, width: 220, grow: true, sort: "name", cell: (row) => <Go to={to(row.id)} className="link row-link" title={row.name}>{row.name}</Go> },
    { id: "risk", title: "Risk", width: 98, numeric: true, sort: "risk", drop: 9, cell: (row) => <Score value={row.risk} /> },
    { id: "open", title: "Open findings", width: 220, sort: "open", drop: 8, cell: (row) => <SeverityTally counts={row.open} /> },
    about,
    { id: "last_seen", title: "Last sent", width: 112, sort: "last_seen", drop: 6, cell: (row) => <Time at={row.last_seen} /> },
  ];
  const first = list.data?.pages[0];
  return (
    <ListPage title={title} summary={first ? `${count(first.total, first.total_at_least)} ${first.total === 1 ? words[0] : words[1]}` : "Counting…"} tools={<Export path="/assets" query={query} sort={sort} name={kind} />}>
      {list.isPending ? (
        <div className="list-wait"><Skeleton lines={8} height={22} /></div>
      ) : !list.data ? (
        <Failure error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        empty
      ) : (
        <DataTable
          label={title}
          rows={rows}
          total={first?.total ?? rows.length}
          columns={columns}
          rowKey={(row) => row.id}
          rowName={(row) => row.name}
          card={(row) => (
            <div className="row-card">
              <div className="row-card-top">
                <Go to={to(row.id)} className="link row-link">{row.name}</Go>
                <span className="row-card-end">{Math.round(row.risk)}</span>
              </div>
              <div className="row-card-line">{total(row.open) > 0 ? <SeverityTally counts={row.open} /> : <span className="muted">nothing open</span>}</div>
              <div className="row-card-line muted"><span className="row-card-end"><Time at={row.last_seen} /></span></div>
            </div>
          )}
          sort={sort}
          onSort={(value) => set({ sort: value })}
          more={{ next, busy: list.isFetchingNextPage, has: list.hasNextPage }}
          dimmed={list.isPlaceholderData}
        />
      )}
    </ListPage>
  );
}
