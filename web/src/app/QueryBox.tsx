/** The query box: completion of fields and values, errors under the caret, recent and saved queries. `/` focuses it. */

import { CornerDownLeft, History, Search, Star, X } from "lucide-react";
import { useDeferredValue, useId, useRef, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";

import { useCompletions } from "../api/hooks";
import { useKeys } from "../lib/keyboard";
import type { Completion } from "../api/records";
import { findings } from "../lib/paths";
import { isStrings, usePreference } from "../lib/preference";
import { Key } from "../parts/Small";
import { useAsked } from "./asked";

interface Offer {
  text: string;
  kind: Completion["kind"] | "recent" | "saved";
  detail: string;
}

export function QueryBox() {
  const asked = useAsked();
  const [, navigate] = useLocation();
  const of = asked?.of ?? "findings";
  const [text, setText] = useState(asked?.query ?? "");
  const [cursor, setCursor] = useState(0);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [recent, setRecent] = usePreference<string[]>(`recent.${of}`, [], isStrings);
  const [saved, setSaved] = usePreference<string[]>(`saved.${of}`, [], isStrings);
  const box = useRef<HTMLInputElement>(null);
  const list = useId();
  const note = useId();

  // The list's query is the box's text until somebody types.
  const shown = asked?.query ?? "";
  const [before, setBefore] = useState(shown);
  if (before !== shown) {
    setBefore(shown);
    setText(shown);
  }

  const asking = useDeferredValue(text);
  const askingAt = useDeferredValue(cursor);
  const completions = useCompletions(of, asking, askingAt, open);
  const touched = text !== shown;
  const fresh = open && completions.data && !completions.isPlaceholderData ? completions.data : undefined;

  const submit = (query: string) => {
    const clean = query.trim();
    setOpen(false);
    setAt(-1);
    if (clean) setRecent([clean, ...recent.filter((one) => one !== clean)].slice(0, 8));
    if (asked) asked.submit(clean);
    else navigate(findings(clean), { state: null });
    setText(clean);
  };

  const accept = (item: Offer) => {
    if (item.kind === "recent" || item.kind === "saved") {
      submit(item.text);
      return;
    }
    const { start, end } = fresh ?? { start: cursor, end: cursor };
    const piece = item.text + (item.kind === "value" ? " " : "");
    const next = text.slice(0, start) + piece + text.slice(end).replace(/^\s+/, "");
    const place = start + piece.length;
    setText(next);
    setAt(-1);
    requestAnimationFrame(() => {
      box.current?.setSelectionRange(place, place);
      setCursor(place);
    });
  };

  const offers: Offer[] = [];
  if (open) {
    for (const item of fresh?.items ?? []) {
      offers.push(item);
    }
    if (!text.trim() || !touched) {
      for (const query of saved) offers.push({ text: query, kind: "saved", detail: "saved" });
      for (const query of recent.filter((one) => !saved.includes(one) && one !== shown).slice(0, 5)) {
        offers.push({ text: query, kind: "recent", detail: "recent" });
      }
    }
  }
  const index = at < offers.length ? at : -1;

  const focus = () => {
    box.current?.focus();
    box.current?.select();
  };
  useKeys({ "/": focus });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!open) setOpen(true);
      if (offers.length === 0) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((index + step + offers.length + (index < 0 && step < 0 ? 1 : 0)) % offers.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const offer = offers[index];
      if (offer) accept(offer);
      else submit(text);
    } else if (event.key === "Tab" && open && offers.length > 0 && touched && !event.shiftKey) {
      const offer = offers[Math.max(0, index)];
      if (offer && offer.kind !== "recent" && offer.kind !== "saved") {
        event.preventDefault();
        accept(offer);
      }
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (open) setOpen(false);
      else {
        setText(shown);
        box.current?.blur();
      }
      setAt(-1);
    }
  };

  const refusal = !touched ? asked?.refusal : null;
  const kept = saved.includes(text.trim());
  return (
    <div className={`query ${refusal ? "refused" : ""}`} role="search" onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) { setOpen(false); setAt(-1); } }}>
      <Search size={16} aria-hidden className="query-icon" />
      <div className="query-field">
        <input
          ref={box}
          id="query-box"
          className="mono"
          type="text"
          role="combobox"
          aria-label={of === "findings" ? "Query findings" : "Query assets"}
          aria-expanded={open && offers.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={index >= 0 ? `${list}-${index}` : undefined}
          aria-invalid={refusal ? true : undefined}
          aria-describedby={refusal ? note : undefined}
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          placeholder={of === "findings" ? "severity>=high and kev:true" : "asset.os:debian and not tag:lab"}
          value={text}
          onFocus={() => setOpen(true)}
          onClick={() => setOpen(true)}
          onKeyDown={onKeyDown}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? 0)}
          onChange={(event) => {
            setText(event.target.value);
            setCursor(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
            setAt(-1);
          }}
        />
        {refusal ? (
          <span className="query-caret" aria-hidden style={{ left: `${Math.min(refusal.position, 200)}ch` }}>
            ^
          </span>
        ) : null}
      </div>
      {touched ? (
        <button type="button" className="icon-button" aria-label="Ask" title="Ask (Enter)" onClick={() => submit(text)}>
          <CornerDownLeft size={15} aria-hidden />
        </button>
      ) : null}
      {text ? (
        <>
          <button type="button" className="icon-button query-save" aria-pressed={kept} aria-label={kept ? "Forget this saved query" : "Save this query"} title={kept ? "Forget this saved query" : "Save this query"} onClick={() => setSaved(kept ? saved.filter((one) => one !== text.trim()) : [text.trim(), ...saved])}>
            <Star size={15} aria-hidden fill={kept ? "currentColor" : "none"} />
          </button>
          <button type="button" className="icon-button" aria-label="Clear the query" title="Clear" onClick={() => { submit(""); box.current?.focus(); }}>
            <X size={15} aria-hidden />
          </button>
        </>
      ) : (
        <span className="query-hint" aria-hidden>
          <Key keys="/" />
        </span>
      )}
      {refusal ? (
        <p id={note} className="query-note" role="alert">
          {refusal.text}
        </p>
      ) : null}
      <ul id={list} role="listbox" aria-label="Completions" className="query-offers" hidden={!open || offers.length === 0 || refusal !== null && refusal !== undefined}>
        {offers.map((offer, place) => (
          <li
            key={`${offer.kind}${offer.text}`}
            id={`${list}-${place}`}
            role="option"
            aria-selected={place === index}
            className={`query-offer offer-${offer.kind}`}
            onPointerDown={(event) => {
              event.preventDefault();
              accept(offer);
            }}
          >
            {offer.kind === "recent" ? <History size={13} aria-hidden /> : offer.kind === "saved" ? <Star size={13} aria-hidden /> : <span className="offer-kind" aria-hidden />}
            <span className="mono">{offer.text}</span>
            <span className="muted">{offer.kind === "value" && /^\d+$/.test(offer.detail) ? Number(offer.detail).toLocaleString("en") : offer.detail || (offer.kind === "field" ? "field" : "")}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
