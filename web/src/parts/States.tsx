/** What a page shows when it has no data: it is loading, there is none, or something went wrong. */

import { CloudOff, OctagonAlert } from "lucide-react";
import { Component, type ErrorInfo, type ReactNode } from "react";

import { ApiProblem, Unreachable } from "../api/client";
import { Command, CopyButton } from "./Small";

export function Skeleton({ lines = 3, height = 14 }: { lines?: number; height?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} className="skeleton-line" style={{ height, width: `${[92, 78, 85, 64, 88][at % 5] ?? 80}%` }} />
      ))}
    </div>
  );
}

export function Empty({ title, children, command, action }: { title: string; children?: ReactNode; command?: string; action?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children ? <div className="empty-text">{children}</div> : null}
      {command ? <Command text={command} /> : null}
      {action}
    </div>
  );
}

/** The query box says what is wrong and where; the list only says why it is empty. */
export function Refused() {
  return (
    <Empty title="The query cannot be read">
      <p>What is wrong, and where, stands under the query box. Press <kbd>/</kbd> to go there.</p>
    </Empty>
  );
}

/** What happened, what it means, what to do, and a reference to quote. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const away = error instanceof Unreachable;
  const problem = error instanceof ApiProblem ? error.problem : null;
  const title = away ? "The server cannot be reached" : (problem?.title ?? "This page failed");
  const detail = away
    ? "What you see may be out of date. The page tries again by itself; if this lasts, look whether `bartizan server` is running."
    : error instanceof Error ? error.message : String(error);
  return (
    <div className="empty failure" role="alert">
      {away ? <CloudOff size={28} aria-hidden /> : <OctagonAlert size={28} aria-hidden />}
      <h2>{title}</h2>
      <p className="empty-text">{detail}</p>
      {problem?.reference ? (
        <p className="reference">
          Reference <code>{problem.reference}</code> <CopyButton text={problem.reference} label="Copy the reference" />
        </p>
      ) : null}
      {retry ? (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

/** A defect in one page must not take the rail and the other pages with it. */
export class Fence extends Component<{ place: string; children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error(error, info.componentStack);
  }
  override componentDidUpdate(before: { place: string }) {
    if (this.state.error && before.place !== this.props.place) this.setState({ error: null });
  }
  override render() {
    return this.state.error ? <Failure error={this.state.error} retry={() => this.setState({ error: null })} /> : this.props.children;
  }
}
