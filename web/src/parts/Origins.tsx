/** Where the values came from that decided about a resource of a template: the places that each was handed through. */

import type { Json } from "../api/records";
import { inline, isObject, type JsonObject } from "../lib/facts";

export function Origins({ value }: { value: Json | undefined }) {
  const origins = Array.isArray(value) ? value.filter(isObject).filter((one) => stepsOf(one).length > 0) : [];
  if (origins.length === 0) return null;
  return (
    <div className="origins">
      <h4>Where the values come from</h4>
      {origins.map((one) => (
        <div key={inline(one.field)} className="origin">
          <p><code>{inline(one.field)}</code></p>
          <ol>
            {stepsOf(one).map((step, number) => (
              <li key={`${number} ${inline(step.path)} ${inline(step.line)}`}>
                <span className="mono muted">{placeOf(step)}</span> <code className="wrap">{inline(step.text)}</code>
              </li>
            ))}
          </ol>
        </div>
      ))}
    </div>
  );
}

function stepsOf(origin: JsonObject): JsonObject[] {
  return Array.isArray(origin.steps) ? origin.steps.filter(isObject) : [];
}

function placeOf(step: JsonObject): string {
  const path = inline(step.path);
  if (!path) return "command line";
  return typeof step.line === "number" && step.line > 0 ? `${path}:${step.line}` : path;
}
