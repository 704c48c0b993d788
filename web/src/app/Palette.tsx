/** The command palette: pages, commands, and what the estate has by that name. */

import { useQuery } from "@tanstack/react-query";
import { Boxes, Keyboard, Moon, Search, ShieldAlert, type LucideIcon } from "lucide-react";
import { useDeferredValue, useId, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";

import { useApi } from "../api/context";
import type { AssetSummary, FindingGroup, Page } from "../api/records";
import { findings, asset, exploited, OPEN } from "../lib/paths";
import { quote } from "../lib/querytext";
import { chooseTheme, useTheme } from "../lib/theme";
import { Dialog } from "../parts/Dialog";
import { Key } from "../parts/Small";
import { useRooms } from "./rooms";

interface Command {
  id: string;
  title: string;
  detail: string;
  icon: LucideIcon;
  keys?: string;
  words: string;
  run: () => void;
}

export function Palette({ open, onClose, onMap }: { open: boolean; onClose: () => void; onMap: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Go to a page or run a command" bare>
      <Body onClose={onClose} onMap={onMap} />
    </Dialog>
  );
}

function Body({ onClose, onMap }: { onClose: () => void; onMap: () => void }) {
  const [, navigate] = useLocation();
  const { shown: theme } = useTheme();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const wanted = useDeferredValue(text.trim().toLowerCase());
  const found = useFound(wanted);
  const rooms = useRooms();

  const fixed: Command[] = [
    ...rooms.map((room) => ({ id: room.path, title: room.title, detail: "page", icon: room.icon, keys: room.keys, words: room.words, run: () => navigate(room.path) })),
    { id: "exploited", title: "Findings that are exploited in the wild", detail: "query", icon: ShieldAlert, words: "kev known exploited", run: () => navigate(findings(exploited)) },
    { id: "critical", title: "Critical findings", detail: "query", icon: ShieldAlert, words: "severity worst", run: () => navigate(findings(`${OPEN} and severity:critical`)) },
    { id: "theme", title: theme === "dark" ? "Switch to the light theme" : "Switch to the dark theme", detail: "command", icon: Moon, words: "theme appearance dark light", run: () => chooseTheme(theme === "dark" ? "light" : "dark") },
    { id: "map", title: "Keyboard map", detail: "command", icon: Keyboard, keys: "?", words: "shortcuts help keys", run: onMap },
  ];
  const matching = fixed.filter(({ title, words }) => wanted.split(/\s+/).every((word) => `${title} ${words}`.toLowerCase().includes(word)));
  const commands: Command[] = [
    ...matching,
    ...found.map((one) => ({ ...one, words: "", run: () => navigate(one.to) })),
    ...(wanted ? [{ id: "ask", title: `Ask for findings: ${text.trim()}`, detail: "query", icon: Search, words: "", run: () => navigate(findings(text.trim())) }] : []),
  ];
  const index = Math.min(at, commands.length - 1);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((index + (event.key === "ArrowDown" ? 1 : -1) + commands.length) % commands.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(commands[index]);
    }
  };

  return (
    <div className="palette">
      <div className="palette-box">
        <Search size={18} aria-hidden />
        <input
          type="text"
          role="combobox"
          aria-label="Go to a page or run a command"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={index >= 0 ? `${list}-${index}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder="Page, asset, CVE or command"
          value={text}
          autoFocus
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
        />
        <Key keys="Escape" />
      </div>
      <ul id={list} role="listbox" aria-label="Matches" className="palette-list">
        {commands.map(({ id, title, detail, icon: Icon, keys }, place) => (
          <li key={id} id={`${list}-${place}`} role="option" aria-selected={place === index} className="palette-item" onPointerMove={() => setAt(place)} onClick={() => run(commands[place])}>
            <Icon size={16} aria-hidden />
            <span className="palette-title">{title}</span>
            {keys ? <Key keys={keys} /> : <span className="muted small-text">{detail}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function useFound(wanted: string): { id: string; title: string; detail: string; icon: LucideIcon; to: string }[] {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["assets", "palette", wanted],
    enabled: wanted.length >= 2,
    queryFn: async ({ signal }) => {
      const ask = quote(wanted);
      const [assets, rules] = await Promise.all([
        api.get<Page<AssetSummary>>("/assets", { query: ask, limit: 5 }, signal).catch(() => null),
        api.get<Page<FindingGroup>>("/findings/groups", { query: ask, by: "rule", limit: 5 }, signal).catch(() => null),
      ]);
      return [
        ...(assets?.items ?? []).map((one) => ({ id: one.id, title: one.name, detail: one.kind, icon: Boxes, to: asset(one.id) })),
        ...(rules?.items ?? []).map((one) => ({ id: one.key, title: one.key === one.title ? one.key : `${one.key}: ${one.title}`, detail: "finding", icon: ShieldAlert, to: findings(one.query) })),
      ];
    },
  });
  return wanted.length >= 2 ? (data ?? []) : [];
}
