/** A list of findings with selection, decisions, keyboard and side panel: the findings room, and an asset's findings. */

import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { Gavel, X } from "lucide-react";
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import type { FindingSummary, Page } from "../api/records";
import { refusalOf } from "../app/asked";
import { plural } from "../lib/format";
import { useKeys } from "../lib/keyboard";
import { finding } from "../lib/paths";
import { DataTable, type Column } from "./DataTable";
import { DecisionDialog } from "./DecisionDialog";
import { FindingCard } from "./findingColumns";
import { Failure, Refused, Skeleton } from "./States";

interface Props {
  list: UseInfiniteQueryResult<InfiniteData<Page<FindingSummary>>>;
  columns: Column<FindingSummary>[];
  sort: string;
  onSort: (sort: string) => void;
  opened: string | null;
  onOpen: (id: string | null) => void;
  empty: ReactNode;
  onAsset?: boolean;
}

export function FindingList({ list, columns, sort, onSort, opened, onOpen, empty, onAsset = false }: Props) {
  const [, navigate] = useLocation();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<string | null>(null);
  const [deciding, setDeciding] = useState<FindingSummary[] | null>(null);

  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const first = list.data?.pages[0];
  const active = opened ?? cursor;
  const at = rows.findIndex((row) => row.id === active);

  const move = (step: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
    if (!next) return;
    setCursor(next.id);
    if (opened) onOpen(next.id);
  };
  const decide = () => {
    const chosen = rows.filter((row) => selected.has(row.id));
    const row = rows[at];
    if (chosen.length > 0) setDeciding(chosen);
    else if (row) setDeciding([row]);
  };
  useKeys(
    {
      j: () => move(1),
      k: () => move(-1),
      x: () => {
        const row = rows[at];
        if (!row) return;
        const next = new Set(selected);
        if (!next.delete(row.id)) next.add(row.id);
        setSelected(next);
      },
      e: decide,
      o: () => {
        if (active) navigate(finding(active));
      },
      Enter: () => {
        if (active) onOpen(active);
      },
      Escape: () => {
        if (opened) onOpen(null);
        else if (selected.size > 0) setSelected(new Set());
        else setCursor(null);
      },
    },
    deciding === null,
  );

  const { fetchNextPage } = list;
  const next = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  if (list.isPending) return <div className="list-wait"><Skeleton lines={14} height={22} /></div>;
  const refusal = refusalOf(list.error);
  if (refusal && !list.data) return <Refused />;
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (rows.length === 0) return empty;
  return (
    <>
      <DataTable
        label="Findings"
        rows={rows}
        total={first?.total ?? rows.length}
        columns={columns}
        rowKey={(row) => row.id}
        rowName={(row) => `${row.rule} on ${row.asset_name}`}
        card={(row) => <FindingCard row={row} onAsset={onAsset} />}
        sort={sort}
        onSort={onSort}
        selected={selected}
        onSelect={setSelected}
        active={active}
        onActivate={(row) => {
          setCursor(row.id);
          onOpen(row.id);
        }}
        more={{ next, busy: list.isFetchingNextPage, has: list.hasNextPage }}
        dimmed={list.isPlaceholderData}
      />
      {selected.size > 0 ? (
        <div className="bulk" role="region" aria-label="Selection">
          <span>{plural(selected.size, "finding")} selected</span>
          <button type="button" className="button primary small" onClick={decide}>
            <Gavel size={15} aria-hidden />
            Decide
          </button>
          <button type="button" className="icon-button" aria-label="Clear the selection" onClick={() => setSelected(new Set())}>
            <X size={16} aria-hidden />
          </button>
        </div>
      ) : null}
      <DecisionDialog
        findings={deciding}
        onClose={(decided) => {
          setDeciding(null);
          if (decided) setSelected(new Set());
        }}
      />
    </>
  );
}
