/** The one query box in the top bar belongs to the list that is open; elsewhere it asks for findings. */

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { ApiProblem } from "../api/client";
import { refusalText } from "../lib/refusal";

export interface Asked {
  of: "findings" | "assets";
  query: string;
  submit: (query: string) => void;
  /** Why the server refused the query, and where in it. */
  refusal: { position: number; text: string } | null;
}

const AskedContext = createContext<{ asked: Asked | null; setAsked: (asked: Asked | null) => void } | null>(null);

export function QueryBoxProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const value = useMemo(() => ({ asked, setAsked }), [asked]);
  return <AskedContext value={value}>{children}</AskedContext>;
}

export function useAsked(): Asked | null {
  return useContext(AskedContext)?.asked ?? null;
}

/** A list page lends its query to the box for as long as it is shown. */
export function useQueryBox(of: "findings" | "assets", query: string, submit: (query: string) => void, error: unknown): void {
  const setAsked = useContext(AskedContext)?.setAsked;
  const refusal = refusalOf(error);
  const position = refusal?.position;
  const text = refusal?.text;
  useEffect(() => {
    setAsked?.({ of, query, submit, refusal: text === undefined || position === undefined ? null : { position, text } });
  }, [setAsked, of, query, submit, position, text]);
  useEffect(() => () => setAsked?.(null), [setAsked]);
}

export function refusalOf(error: unknown): { position: number; text: string } | null {
  if (!(error instanceof ApiProblem) || typeof error.problem.position !== "number") return null;
  return { position: error.problem.position, text: refusalText(error.problem) };
}
