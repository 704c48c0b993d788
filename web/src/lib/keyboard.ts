/** The keyboard map: one list that both works and is shown under `?`. Sequences are two keys within a second. */

import { useEffect, useRef } from "react";

export interface Shortcut {
  keys: string;
  text: string;
  group: "Go to" | "Lists" | "Anywhere";
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: "mod+k", text: "Find a page or run a command", group: "Anywhere" },
  { keys: "/", text: "Put the cursor into the query box", group: "Anywhere" },
  { keys: "?", text: "Show this map", group: "Anywhere" },
  { keys: "Escape", text: "Close what is open, then clear the selection", group: "Anywhere" },
  { keys: "g o", text: "Overview", group: "Go to" },
  { keys: "g f", text: "Findings", group: "Go to" },
  { keys: "g a", text: "Assets", group: "Go to" },
  { keys: "g i", text: "Images, where there are any", group: "Go to" },
  { keys: "g d", text: "Code, where there is any", group: "Go to" },
  { keys: "g c", text: "Compliance", group: "Go to" },
  { keys: "g l", text: "Fleet", group: "Go to" },
  { keys: "g v", text: "Governance", group: "Go to" },
  { keys: "g s", text: "Settings", group: "Go to" },
  { keys: "j", text: "Next row", group: "Lists" },
  { keys: "k", text: "Previous row", group: "Lists" },
  { keys: "Enter", text: "Open the row in the side panel", group: "Lists" },
  { keys: "o", text: "Open the row's full page", group: "Lists" },
  { keys: "x", text: "Select the row", group: "Lists" },
  { keys: "e", text: "Decide on the selection, or on the row", group: "Lists" },
];

export type Handlers = Partial<Record<string, (event: KeyboardEvent) => void>>;

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** A checkbox takes no text, so letters typed on it are shortcuts still. */
function takesText(target: EventTarget | null): boolean {
  return typing(target) && !(target instanceof HTMLInputElement && ["checkbox", "radio"].includes(target.type));
}

/** Runs handlers by key; later mounted handlers (a list on top of the shell) do not hide earlier ones with other keys. */
export function useKeys(handlers: Handlers, enabled = true): void {
  const current = useRef(handlers);
  useEffect(() => {
    current.current = handlers;
  });
  useEffect(() => {
    if (!enabled) return;
    let first = "";
    let since = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      if (event.ctrlKey || event.metaKey) {
        const handler = current.current[`mod+${event.key.toLowerCase()}`];
        if (handler) {
          event.preventDefault();
          handler(event);
        }
        return;
      }
      if (takesText(event.target)) return;
      if (document.querySelector("[role=dialog][data-open], [role=alertdialog][data-open], [role=menu][data-open]") && event.key !== "Escape") return;
      const sequence = first && event.timeStamp - since < 1000 ? `${first} ${event.key}` : "";
      const handler = (sequence && current.current[sequence]) || current.current[event.key];
      first = event.key === "g" && !sequence ? "g" : "";
      since = event.timeStamp;
      if (handler && !(event.key === "Enter" && onControl(event.target))) {
        if (event.key !== "Escape") event.preventDefault();
        handler(event);
      }
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [enabled]);
}

function onControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a, button, summary, [role=tab], [role=menuitem]") !== null;
}
