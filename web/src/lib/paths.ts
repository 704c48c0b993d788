/** Where things are, and the queries that the pages themselves ask. Every number leads to a list through here. */

import { term } from "./querytext";

export const OPEN = "state:open";

export function findings(query: string, sort = ""): string {
  const search = new URLSearchParams({ query });
  if (sort) search.set("sort", sort);
  return `/findings?${search.toString()}`;
}

export function assets(query = ""): string {
  return query ? `/assets?${new URLSearchParams({ query }).toString()}` : "/assets";
}

export const finding = (id: string) => `/findings/${encodeURIComponent(id)}`;
export const asset = (id: string, tab = "") => `/assets/${encodeURIComponent(id)}${tab ? `?tab=${tab}` : ""}`;
export const framework = (id: string, asset = "") => `/compliance/frameworks/${encodeURIComponent(id)}${asset ? `?asset=${encodeURIComponent(asset)}` : ""}`;
export const image = (id: string) => `/images/${encodeURIComponent(id)}`;
export const code = (id: string) => `/code/${encodeURIComponent(id)}`;
export const policy = (id: string) => `/compliance/${encodeURIComponent(id)}`;

export const openWith = (field: string, value: string) => `${OPEN} and ${term(field, value)}`;
export const sameRule = (rule: string) => openWith("rule", rule);
export const exploited = `${OPEN} and kev:true`;
