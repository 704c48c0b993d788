/** Why a query was refused, short enough to stand under the caret that already shows where. */

import type { ProblemDocument } from "../api/records";

const MOST = 10;

export function refusalText({ detail, title, expected = [] }: Pick<ProblemDocument, "detail" | "title" | "expected">): string {
  const reason = (detail || title).replace(/^query, character \d+: /, "").replace(/\s*Expected [^]*$/, "");
  const text = reason.charAt(0).toUpperCase() + reason.slice(1);
  if (expected.length === 0) return text;
  const more = expected.length > MOST ? ` and ${expected.length - MOST} more` : "";
  return `${text.replace(/[.;]?$/, ".")} Expected: ${expected.slice(0, MOST).join(", ")}${more}.`;
}
