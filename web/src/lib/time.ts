/** Times for people: relative in the text, absolute on hover, both in the viewer's own zone. */

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

const relativeFormat = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
const absoluteFormat = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const dayFormat = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "short", day: "numeric" });
const shortDayFormat = new Intl.DateTimeFormat("en-GB", { month: "short", day: "numeric", timeZone: "UTC" });

/** `3 hr. ago`, `in 5 days`, `just now`. */
export function relative(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  if (Number.isNaN(seconds)) return at;
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  for (const [unit, length] of STEPS) {
    if (size >= length * 0.95) return relativeFormat.format(Math.round(seconds / length), unit);
  }
  return relativeFormat.format(Math.sign(seconds), "minute");
}

export function absolute(at: string): string {
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? at : absoluteFormat.format(moment);
}

export function day(at: string): string {
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? at : dayFormat.format(moment);
}

/** A calendar day such as `2026-11-23`, which belongs to no zone. */
export function shortDay(date: string): string {
  const moment = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(moment.getTime()) ? date : shortDayFormat.format(moment);
}

/** The end of the local day `days` from now, as RFC 3339 in UTC: when a decision that lasts `days` expires. */
export function endOfDayIn(days: number, now: number): string {
  const moment = new Date(now);
  moment.setDate(moment.getDate() + days);
  moment.setHours(23, 59, 59, 0);
  return moment.toISOString().replace(".000Z", "Z");
}
