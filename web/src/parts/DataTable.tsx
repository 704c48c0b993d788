/**
 * The list that every room uses: dense, virtualised, sorted by the server, fetched page by page as one scrolls, with
 * selection and a row that the keyboard moves. A real <table>, so that screen readers and print read it as one.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type MouseEvent, type ReactNode } from "react";
import { flushSync } from "react-dom";

import { useMedia } from "../lib/media";

export interface Column<Row> {
  id: string;
  title: string;
  /** Pixels; the one column with `grow` takes what is left, and at least this. */
  width: number;
  grow?: boolean;
  numeric?: boolean;
  /** The server's name of the sort key, where it sorts by this column. */
  sort?: string;
  /** Lower goes first when the columns do not fit; absent stays. */
  drop?: number;
  cell: (row: Row) => ReactNode;
  /** Shown only when chosen. */
  extra?: boolean;
}

interface Props<Row> {
  label: string;
  rows: Row[];
  total: number;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  rowName: (row: Row) => string;
  card: (row: Row) => ReactNode;
  sort?: string;
  onSort?: (sort: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: Set<string>) => void;
  active?: string | null;
  onActivate?: (row: Row) => void;
  more?: { next: () => void; busy: boolean; has: boolean };
  dimmed?: boolean;
}

const ROW = 38;
const CARD = 84;
const CHECK = 40;

/** The columns that fit into a width: the least needed leave first. */
export function fit<Row>(columns: Column<Row>[], width: number): Column<Row>[] {
  let shown = columns;
  const need = () => shown.reduce((sum, column) => sum + column.width, 0);
  while (need() > width) {
    const droppable = shown.filter((column) => column.drop !== undefined);
    if (droppable.length === 0) break;
    const least = droppable.reduce((worst, column) => ((column.drop ?? 0) < (worst.drop ?? 0) ? column : worst));
    shown = shown.filter((column) => column !== least);
  }
  return shown;
}

export function DataTable<Row>(props: Props<Row>) {
  const { rows, rowKey, more, selected, onSelect, active, onActivate } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useMedia("(max-width: 720px)");
  const printing = usePrinting();
  const width = useWidth(scroller);
  const anchor = useRef<number | null>(null);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (narrow ? CARD : ROW),
    overscan: 14,
    scrollPaddingStart: 40,
  });
  useEffect(() => virtual.measure(), [narrow, virtual]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more?.has && !more.busy && last >= rows.length - 25) more.next();
  }, [last, more, rows.length]);

  const activeAt = active ? rows.findIndex((row) => rowKey(row) === active) : -1;
  useEffect(() => {
    if (activeAt >= 0) virtual.scrollToIndex(activeAt, { align: "auto" });
  }, [activeAt, virtual]);

  const columns = width ? fit(props.columns, width - (onSelect ? CHECK : 0)) : props.columns;
  const all = selected !== undefined && rows.length > 0 && rows.every((row) => selected.has(rowKey(row)));
  const span = columns.length + (onSelect ? 1 : 0);

  const select = (at: number, event: MouseEvent) => {
    if (!selected || !onSelect) return;
    const next = new Set(selected);
    const row = rows[at];
    if (!row) return;
    const on = !next.has(rowKey(row));
    const from = event.shiftKey && anchor.current !== null ? anchor.current : at;
    for (const other of rows.slice(Math.min(from, at), Math.max(from, at) + 1)) {
      if (on) next.add(rowKey(other));
      else next.delete(rowKey(other));
    }
    anchor.current = at;
    onSelect(next);
  };

  const line = (row: Row, at: number) => {
    const key = rowKey(row);
    const chosen = selected?.has(key) ?? false;
    return (
      <tr
        key={key}
        aria-rowindex={at + 2}
        aria-selected={onSelect ? chosen : undefined}
        className={`${key === active ? "row-active" : ""} ${chosen ? "row-chosen" : ""} ${onActivate ? "row-opens" : ""}`}
        onClick={(event) => {
          if (!onActivate || (event.target as HTMLElement).closest("a, button, input, label")) return;
          if (window.getSelection()?.toString()) return;
          onActivate(row);
        }}
      >
        {onSelect ? (
          <td className="cell-check">
            <label>
              <input type="checkbox" checked={chosen} onClick={(event) => select(at, event)} onChange={() => undefined} aria-label={`Select ${props.rowName(row)}`} />
            </label>
          </td>
        ) : null}
        {narrow ? (
          <td className="cell-card" colSpan={columns.length}>
            {props.card(row)}
          </td>
        ) : (
          columns.map((column) => (
            <td key={column.id} className={column.numeric ? "numeric" : undefined}>
              {column.cell(row)}
            </td>
          ))
        )}
      </tr>
    );
  };

  const before = printing ? 0 : (items[0]?.start ?? 0);
  const after = printing ? 0 : virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} className={`table-scroll ${props.dimmed ? "dimmed" : ""}`} aria-busy={props.dimmed}>
      <table className={`data-table ${narrow ? "as-cards" : ""}`} style={narrow ? {} : { minWidth: columns.reduce((sum, column) => sum + column.width, onSelect ? CHECK : 0) }} aria-label={props.label} aria-rowcount={props.total + 1}>
        <colgroup>
          {onSelect ? <col style={{ width: CHECK }} /> : null}
          {columns.map((column) => (
            <col key={column.id} style={column.grow ? {} : { width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {onSelect ? (
              <th scope="col" className="cell-check">
                <label>
                  <input
                    type="checkbox"
                    checked={all}
                    ref={(box) => {
                      if (box) box.indeterminate = !all && (selected?.size ?? 0) > 0;
                    }}
                    onChange={() => onSelect(all ? new Set() : new Set(rows.map(rowKey)))}
                    aria-label="Select all loaded rows"
                  />
                </label>
              </th>
            ) : null}
            {columns.map((column) => (
              <Header key={column.id} column={column} sort={props.sort ?? ""} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? (
            <tr aria-hidden className="spacer">
              <td colSpan={span} style={{ height: before }} />
            </tr>
          ) : null}
          {printing ? rows.map(line) : items.map(({ index }) => { const row = rows[index]; return row ? line(row, index) : null; })}
          {after > 0 ? (
            <tr aria-hidden className="spacer">
              <td colSpan={span} style={{ height: after }} />
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  );
}

function Header<Row>({ column, sort, onSort }: { column: Column<Row>; sort: string; onSort: ((sort: string) => void) | undefined }) {
  const key = column.sort;
  const on = key !== undefined && sort.replace(/^-/, "") === key;
  const down = on && sort.startsWith("-");
  return (
    <th scope="col" className={column.numeric ? "numeric" : undefined} aria-sort={on ? (down ? "descending" : "ascending") : undefined}>
      {key !== undefined && onSort ? (
        <button type="button" className="sort" onClick={() => onSort(on ? (down ? key : `-${key}`) : column.numeric || key === "severity" ? `-${key}` : key)}>
          <span>{column.title}</span>
          {on ? down ? <ArrowDown size={13} aria-hidden /> : <ArrowUp size={13} aria-hidden /> : null}
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const node = element.current;
    if (!node) return;
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Paper has no scroll bar: while printing, all loaded rows are there. */
function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const begin = () => flushSync(() => setPrinting(true));
    const end = () => setPrinting(false);
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
    };
  }, []);
  return printing;
}
