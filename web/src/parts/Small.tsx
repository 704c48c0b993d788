/** Small things that every page uses. */

import { Check, Circle, CircleCheck, CircleDashed, Clock3, Copy, EyeOff, ShieldCheck, ThumbsDown } from "lucide-react";
import { useEffect, useState, useSyncExternalStore, type ReactNode } from "react";

import type { FindingState, PolicyOutcome } from "../api/records";
import { isCommand } from "../lib/command";
import { decimal } from "../lib/format";
import { absolute, relative } from "../lib/time";

/** One clock for all relative times of a page, moved every half minute. */
const ticks = new Set<() => void>();
let now = Date.now();
setInterval(() => {
  now = Date.now();
  for (const tick of ticks) tick();
}, 30_000);

export function useNow(): number {
  return useSyncExternalStore(
    (tick) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
    () => now,
  );
}

export function Time({ at, missing = "never" }: { at: string | null | undefined; missing?: string }) {
  const moment = useNow();
  if (!at) return <span className="muted">{missing}</span>;
  return (
    <time dateTime={at} title={absolute(at)}>
      {relative(at, moment)}
    </time>
  );
}

/** Cut in the middle when the room is short: the head gives way, the tail stays; the whole on hover and when copied. */
export function Truncated({ text, mono = false }: { text: string; mono?: boolean }) {
  const cut = text.length > 14 ? text.length - 7 : text.length;
  return (
    <span className={mono ? "middle mono" : "middle"} title={text.length > 14 ? text : undefined}>
      <span className="middle-head">{text.slice(0, cut)}</span>
      {cut < text.length ? <span className="middle-tail">{text.slice(cut)}</span> : null}
    </span>
  );
}

export function CopyButton({ text, label = "Copy", shown = false }: { text: string; label?: string; shown?: boolean }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className={shown ? "button small" : "icon-button"}
      aria-label={shown ? undefined : label}
      title={shown ? undefined : label}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      {copied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
      {shown ? <span>{copied ? "Copied" : label}</span> : null}
      <span className="visually-hidden" role="status">
        {copied ? "Copied" : ""}
      </span>
    </button>
  );
}

/** A command or other text to take along. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <pre tabIndex={0} aria-label="Command">
        {text}
      </pre>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}

const STATES: Record<FindingState, { text: string; icon: ReactNode }> = {
  open: { text: "Open", icon: <Circle size={13} aria-hidden /> },
  fixed: { text: "Fixed", icon: <CircleCheck size={14} aria-hidden /> },
  accepted: { text: "Accepted", icon: <ShieldCheck size={14} aria-hidden /> },
  "false-positive": { text: "False positive", icon: <ThumbsDown size={14} aria-hidden /> },
  "not-affected": { text: "Not affected", icon: <EyeOff size={14} aria-hidden /> },
  deferred: { text: "Deferred", icon: <Clock3 size={14} aria-hidden /> },
  unknown: { text: "Unknown", icon: <CircleDashed size={14} aria-hidden /> },
};

export function StateLabel({ state }: { state: FindingState }) {
  const { text, icon } = STATES[state];
  return (
    <span className={`state state-${state}`}>
      {icon}
      {text}
    </span>
  );
}

const OUTCOMES: Record<PolicyOutcome, string> = { pass: "Pass", fail: "Fail", unknown: "Unknown", "not-applicable": "Not applicable" };

export function Outcome({ result }: { result: PolicyOutcome }) {
  return (
    <span className={`state outcome-${result}`}>
      {result === "pass" ? <CircleCheck size={14} aria-hidden /> : result === "fail" ? <Circle size={14} aria-hidden /> : <CircleDashed size={14} aria-hidden />}
      {OUTCOMES[result]}
    </span>
  );
}

/** A score or risk of 100 with a bar that lets a column be read at a glance. */
export function Score({ value }: { value: number }) {
  return (
    <span className="score">
      <span className="score-number">{decimal(Math.round(value))}</span>
      <span className="score-track" aria-hidden>
        <span className="score-fill" style={{ width: `${Math.min(100, Math.max(0, value))}%` }} />
      </span>
    </span>
  );
}

/** A fix in one line: a command looks like one, a sentence does not. */
export function FixText({ text }: { text: string }) {
  return isCommand(text) ? (
    <code className="fix-text" title={text}>
      {text}
    </code>
  ) : (
    <span className="fix-text" title={text}>
      {text}
    </span>
  );
}

export function Tag({ children }: { children: ReactNode }) {
  return <span className="tag">{children}</span>;
}

export function Kev({ short = false }: { short?: boolean }) {
  return (
    <span className="kev" title="Exploited in the wild: in CISA's catalogue of known exploited vulnerabilities">
      {short ? "KEV" : "Exploited"}
    </span>
  );
}

export function Key({ keys }: { keys: string }) {
  const mac = navigator.platform.startsWith("Mac");
  return (
    <span className="keys">
      {keys.split(" ").map((part) => (
        <kbd key={part}>{part.replace("mod+", mac ? "⌘" : "Ctrl ").replace("Escape", "Esc").replace(/\bk$/, (letter) => (part.startsWith("mod") ? "K" : letter))}</kbd>
      ))}
    </span>
  );
}

export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false" className="mark">
      <rect width="32" height="32" rx="8" className="mark-back" />
      <path className="mark-stone" d="M8 6h4v3h2.500V6h3v3H20V6h4v9a2 2 0 0 1-1 1.700V19l-7 7.500L9 19v-2.300A2 2 0 0 1 8 15z" />
      <path className="mark-back" d="M14.700 13.200a1.300 1.300 0 0 1 2.600 0V18h-2.600z" />
    </svg>
  );
}
