/** Open findings by severity over days. Only the parts of ECharts that it needs are loaded, and only with this module. */

import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import { LabelLayout } from "echarts/features";
import { init, use as register, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

import type { Severity, TrendPoint } from "../api/records";
import { count } from "../lib/format";
import { useTheme } from "../lib/theme";
import { shortDay } from "../lib/time";

register([LineChart, BarChart, GridComponent, TooltipComponent, AriaComponent, LabelLayout, CanvasRenderer]);

const DRAWN: Severity[] = ["low", "medium", "high", "critical"];

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export default function TrendCanvas({ points, onDay }: { points: TrendPoint[]; onDay: (point: TrendPoint) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const { shown: theme } = useTheme();

  useEffect(() => {
    if (!place.current) return;
    const made = init(place.current);
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const made = chart.current;
    if (!made) return;
    const ink = colour("--ink-2");
    const line = colour("--line");
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    made.setOption(
      {
        animation: !calm,
        animationDuration: 120,
        aria: { enabled: true, label: { description: sentence(points) } },
        textStyle: { fontFamily: "Inter Variable, sans-serif", color: ink },
        grid: [
          { left: 40, right: 62, top: 10, height: "64%" },
          { left: 40, right: 62, bottom: 22, height: "16%" },
        ],
        tooltip: {
          trigger: "axis",
          renderMode: "richText", // the HTML form writes style attributes, which our policy forbids
          confine: true,
          backgroundColor: colour("--surface-raised"),
          borderColor: line,
          textStyle: { color: colour("--ink"), fontSize: 12 },
          formatter: (items: { dataIndex: number }[]) => {
            const point = points[items[0]?.dataIndex ?? 0];
            if (!point) return "";
            const rows = [...DRAWN].reverse().map((severity) => `${severity}  ${count(point.open[severity])}`);
            return [shortDay(point.day), ...rows, `opened ${count(point.opened)}, fixed ${count(point.fixed)}`].join("\n");
          },
        },
        axisPointer: { link: [{ xAxisIndex: "all" }] },
        xAxis: [0, 1].map((gridIndex) => ({
          type: "category",
          gridIndex,
          boundaryGap: true,
          data: points.map(({ day }) => shortDay(day)),
          axisLine: { lineStyle: { color: line } },
          axisTick: { show: false },
          axisLabel: { show: gridIndex === 1, color: ink, fontSize: 11, hideOverlap: true },
        })),
        yAxis: [
          { type: "value", gridIndex: 0, splitNumber: 3, axisLabel: { color: ink, fontSize: 11 }, splitLine: { lineStyle: { color: line } } },
          { type: "value", gridIndex: 1, splitNumber: 1, axisLabel: { show: false }, splitLine: { show: false } },
        ],
        series: [
          ...DRAWN.map((severity) => ({
            name: severity,
            type: "line",
            stack: "open",
            symbol: "none",
            smooth: 0.15,
            lineStyle: { width: 1.5, color: colour(`--${severity}`) },
            areaStyle: { color: colour(`--${severity}`), opacity: 0.42 },
            endLabel: { show: (points.at(-1)?.open[severity] ?? 0) > 0, formatter: severity, color: ink, fontSize: 11, distance: 6, offset: [0, severity === "critical" ? -7 : 0] },
            labelLayout: { moveOverlap: "shiftY" },
            itemStyle: { color: colour(`--${severity}`) },
            data: points.map(({ open }) => open[severity]),
          })),
          { name: "opened", type: "bar", xAxisIndex: 1, yAxisIndex: 1, stack: "flow", barMaxWidth: 8, itemStyle: { color: colour("--worse") }, data: points.map(({ opened }) => opened) },
          { name: "fixed", type: "bar", xAxisIndex: 1, yAxisIndex: 1, stack: "flow", barMaxWidth: 8, itemStyle: { color: colour("--good") }, data: points.map(({ fixed }) => -fixed) },
        ],
      },
      true,
    );
    const click = (event: { offsetX: number; offsetY: number }) => {
      const at = made.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY])[0];
      const point = at === undefined ? undefined : points[Math.round(at)];
      if (point) onDay(point);
    };
    made.getZr().on("click", click);
    return () => {
      if (!made.isDisposed()) made.getZr().off("click", click);
    };
  }, [points, theme, onDay]);

  return <div ref={place} className="chart" role="img" aria-label={sentence(points)} />;
}

function sentence(points: TrendPoint[]): string {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return "No days recorded yet.";
  const sum = (point: TrendPoint) => DRAWN.reduce((all, severity) => all + point.open[severity], 0);
  return `Open findings from ${shortDay(first.day)} to ${shortDay(last.day)}: from ${count(sum(first))} to ${count(sum(last))}.`;
}
