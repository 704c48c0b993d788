/** Severities in their order, worst first, with the letter that says the same as the colour. */

import type { Severity, SeverityCounts } from "../api/records";

export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "info", "unknown"];

export const LETTERS: Record<Severity, string> = {
  critical: "C",
  high: "H",
  medium: "M",
  low: "L",
  info: "i",
  unknown: "?",
};

export function isSeverity(text: string): text is Severity {
  return (SEVERITIES as readonly string[]).includes(text);
}

export function asSeverity(text: string | null | undefined): Severity {
  return text && isSeverity(text) ? text : "unknown";
}

export function total(counts: Partial<SeverityCounts>): number {
  return SEVERITIES.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
}
