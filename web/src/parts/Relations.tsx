/** An asset among its neighbours, as a small drawing; the same as a list for those who cannot see it. */

import type { RelationView } from "../api/records";
import { label, middle } from "../lib/format";
import { asset } from "../lib/paths";
import { Go } from "./Go";

const WIDTH = 760;
const STEP = 50;

export function Relations({ name, relations }: { name: string; relations: RelationView[] }) {
  if (relations.length === 0) return <p className="muted">No relations to other assets are known.</p>;
  const left = relations.filter(({ direction }) => direction === "in");
  const right = relations.filter(({ direction }) => direction === "out");
  const height = Math.max(left.length, right.length, 1) * STEP + 24;
  const middleY = height / 2;
  const place = (at: number, of: number) => middleY + (at - (of - 1) / 2) * STEP;
  const side = (list: RelationView[], x: number, outward: number) =>
    list.map((relation, at) => {
      const y = place(at, list.length);
      const from = WIDTH / 2 + outward * 88;
      const to = x - outward * 82;
      return (
        <g key={relation.kind + relation.asset}>
          <path className="edge" d={`M${from} ${middleY} C${from + outward * 50} ${middleY} ${to - outward * 50} ${y} ${to} ${y}`} />
          <text className="edge-label" x={to - outward * 6} y={y - 6} textAnchor={outward > 0 ? "end" : "start"}>
            {label(relation.kind)}
          </text>
          <Go to={asset(relation.asset)}>
            <rect className="node" x={x - 82} y={y - 14} width={164} height={28} rx={6} />
            <text className="node-label" x={x} y={y + 4} textAnchor="middle">
              <title>{relation.name}</title>
              {middle(relation.name, 22)}
            </text>
          </Go>
        </g>
      );
    });
  return (
    <>
      <div className="graph" tabIndex={0} role="region" aria-label="Relations">
        <svg viewBox={`0 0 ${WIDTH} ${height}`} role="group" aria-label={`${name} and its neighbours`}>
          {side(left, 92, -1)}
          {side(right, WIDTH - 92, 1)}
          <rect className="node node-self" x={WIDTH / 2 - 88} y={middleY - 16} width={176} height={32} rx={8} />
          <text className="node-label" x={WIDTH / 2} y={middleY + 4} textAnchor="middle">
            {middle(name, 23)}
          </text>
        </svg>
      </div>
      <ul className="visually-hidden">
        {relations.map((relation) => (
          <li key={relation.kind + relation.asset}>
            {relation.direction === "out" ? `${name} ${label(relation.kind)} ${relation.name}` : `${relation.name} ${label(relation.kind)} ${name}`}
          </li>
        ))}
      </ul>
    </>
  );
}
