/** The frame of a list room: what the list says, its tools, facets on the left, the table, and the side panel. */

import { Columns3, Download, ListFilter, X } from "lucide-react";
import { Menu } from "@base-ui/react/menu";
import { useEffect, useMemo, useRef, type ReactNode } from "react";

import { useApi } from "../api/context";
import { download } from "../lib/csv";
import { isBoolean, isStrings, usePreference } from "../lib/preference";
import { useMedia } from "../lib/media";
import { useNotices } from "./Notices";
import type { Column } from "./DataTable";

export function ListPage({ title, summary, tools, facets, panel, children }: { title: string; summary: ReactNode; tools: ReactNode; facets?: ReactNode; panel?: ReactNode; children: ReactNode }) {
  const [open, setOpen] = usePreference("facets", true, isBoolean);
  const roomy = useMedia("(min-width: 900px)");
  const beside = useMedia("(min-width: 1500px)");
  const shown = facets !== undefined && open && roomy && (beside || !panel);
  return (
    <div className={`list-page ${panel ? "has-panel" : ""}`}>
      <header className="list-head">
        <div className="list-title">
          <h1>{title}</h1>
          <p className="muted" role="status">
            {summary}
          </p>
        </div>
        <div className="list-tools">
          {facets !== undefined && roomy ? (
            <button type="button" className="button small" aria-pressed={shown} onClick={() => setOpen(!open)}>
              <ListFilter size={15} aria-hidden />
              <span>Filters</span>
            </button>
          ) : null}
          {tools}
        </div>
      </header>
      <div className="list-body">
        {shown ? (
          <aside className="list-facets" aria-label="Filters">
            {facets}
          </aside>
        ) : null}
        <div className="list-main">{children}</div>
        {panel}
      </div>
    </div>
  );
}

export function SidePanel({ label, onClose, children }: { label: string; onClose: () => void; children: ReactNode }) {
  const close = useRef<HTMLButtonElement>(null);
  const covering = useMedia("(max-width: 1023px)");
  useEffect(() => {
    if (covering) close.current?.focus();
  }, [covering]);
  return (
    <aside className="side-panel" aria-label={label}>
      <button ref={close} type="button" className="icon-button panel-close" aria-label="Close the panel" title="Close (Esc)" onClick={onClose}>
        <X size={18} aria-hidden />
      </button>
      {children}
    </aside>
  );
}

function whole<Row>(column: Column<Row>): Column<Row> {
  const kept = { ...column };
  delete kept.drop;
  return kept;
}

/** Which columns of a list are shown; what the person chose on this device wins. */
export function useColumns<Row>(list: string, columns: Column<Row>[]) {
  const [chosen, setChosen] = usePreference<string[]>(`columns.${list}`, [], isStrings);
  const own = chosen.length > 0;
  // What was chosen by hand is never left out for want of room; the table scrolls sideways instead.
  const shown = useMemo(
    () => (own ? columns.filter((column) => chosen.includes(column.id)).map(whole) : columns.filter((column) => !column.extra)),
    [own, columns, chosen],
  );
  return { shown, setChosen, own };
}

export function ColumnChooser<Row>({ columns, shown, onChoose }: { columns: Column<Row>[]; shown: Column<Row>[]; onChoose: (ids: string[]) => void }) {
  const ids = shown.map(({ id }) => id);
  return (
    <Menu.Root>
      <Menu.Trigger className="button small" aria-label="Columns" title="Columns">
        <Columns3 size={15} aria-hidden />
        <span className="wide-only">Columns</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="positioner">
          <Menu.Popup className="menu">
            {columns.map((column) => (
              <Menu.CheckboxItem
                key={column.id}
                className="menu-item"
                checked={ids.includes(column.id)}
                disabled={column.grow === true}
                closeOnClick={false}
                onCheckedChange={(on) => onChoose(on ? [...ids, column.id] : ids.filter((id) => id !== column.id))}
              >
                <span className="menu-check">
                  <Menu.CheckboxItemIndicator>✓</Menu.CheckboxItemIndicator>
                </span>
                {column.title}
              </Menu.CheckboxItem>
            ))}
            <Menu.Separator className="menu-line" />
            <Menu.Item className="menu-item" onClick={() => onChoose([])}>
              <span className="menu-check" />
              Standard columns
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** The whole query as CSV, made by the server; nothing is cut at what happens to be loaded. */
export function Export({ path, query, sort, name }: { path: string; query: string; sort: string; name: string }) {
  const api = useApi();
  const notices = useNotices();
  const fetched = async (done: (text: string) => Promise<void> | void) => {
    try {
      await done(await api.text(path, { query, sort }, "text/csv"));
    } catch (error) {
      notices.failed("The list could not be exported", error);
    }
  };
  return (
    <Menu.Root>
      <Menu.Trigger className="button small" aria-label="Export" title="Export">
        <Download size={15} aria-hidden />
        <span className="wide-only">Export</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="positioner">
          <Menu.Popup className="menu">
            <Menu.Item className="menu-item" onClick={() => void fetched((text) => download(`${name}.csv`, text, "text/csv"))}>
              Download as CSV
            </Menu.Item>
            <Menu.Item
              className="menu-item"
              onClick={() => void fetched(async (text) => {
                await navigator.clipboard.writeText(text);
                notices.say({ text: "Copied as CSV" });
              })}
            >
              Copy as CSV
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => void navigator.clipboard.writeText(window.location.href).then(() => notices.say({ text: "Address copied" }))}>
              Copy the address of this list
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => window.print()}>
              Print
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
