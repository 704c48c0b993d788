/** A chart with a sentence for a title, a table behind it, and a place where nothing is. The library loads when needed. */

import { Table2, ChartArea } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from "react";

import type { TrendPoint } from "../api/records";
import { Skeleton } from "./States";

const TrendCanvas = lazy(() => import("./TrendCanvas"));

export function ChartCard({ title, note, table, empty, children }: { title: string; note?: string; table: ReactNode; empty?: ReactNode; children: ReactNode }) {
  const [asTable, setAsTable] = useState(false);
  return (
    <section className="card chart-card">
      <header className="card-head">
        <div>
          <h2>{title}</h2>
          {note ? <p className="muted">{note}</p> : null}
        </div>
        {empty ? null : (
          <button type="button" className="icon-button no-print" aria-pressed={asTable} aria-label={asTable ? "Show as chart" : "Show as table"} title={asTable ? "Show as chart" : "Show as table"} onClick={() => setAsTable(!asTable)}>
            {asTable ? <ChartArea size={16} aria-hidden /> : <Table2 size={16} aria-hidden />}
          </button>
        )}
      </header>
      {empty ?? (asTable ? <div className="chart-table" tabIndex={0} role="region" aria-label={`${title}, as a table`}>{table}</div> : children)}
    </section>
  );
}

/** Draws only once the chart has come into sight. */
export function TrendChart({ points, onDay }: { points: TrendPoint[]; onDay: (point: TrendPoint) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) setSeen(true);
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place} className="chart-place">
      {seen ? (
        <Suspense fallback={<Skeleton lines={5} height={28} />}>
          <TrendCanvas points={points} onDay={onDay} />
        </Suspense>
      ) : null}
    </div>
  );
}
