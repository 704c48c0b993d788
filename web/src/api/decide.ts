/** Decisions: shown at once, sent at the same moment, and taken back with one press. */

import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback } from "react";

import { count } from "../lib/format";
import { useNotices } from "../parts/Notices";
import { useApi } from "./context";
import type { DecisionRequest, DecisionView, FindingDetail, FindingState, FindingSummary, Page } from "./records";

export const VERDICT_TEXT: Record<string, string> = {
  accepted: "accepted",
  "false-positive": "marked as false positives",
  "not-affected": "marked as not affected",
  deferred: "deferred",
};

export function useDecide() {
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();

  const paint = useCallback(
    (states: Map<string, FindingState>) => {
      const change = <Row extends FindingSummary>(row: Row): Row => {
        const state = states.get(row.id);
        return state ? { ...row, state } : row;
      };
      queries.setQueriesData<InfiniteData<Page<FindingSummary>>>({ queryKey: ["findings", "list"] }, (data) =>
        data && { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map(change) })) },
      );
      queries.setQueriesData<FindingDetail>({ queryKey: ["findings", "one"] }, (data) => data && change(data));
    },
    [queries],
  );

  const reread = useCallback(
    () =>
      queries.invalidateQueries({
        predicate: ({ queryKey }) => ["findings", "decisions", "overview", "assets"].includes(String(queryKey[0])),
      }),
    [queries],
  );

  return useCallback(
    async (findings: FindingSummary[], request: Omit<DecisionRequest, "findings" | "query">) => {
      const before = new Map(findings.map((finding) => [finding.id, finding.state]));
      await queries.cancelQueries({ queryKey: ["findings"] });
      paint(new Map(findings.map((finding) => [finding.id, request.verdict])));
      const subject = findings.length === 1 ? (findings[0]?.rule ?? "Finding") : `${count(findings.length)} findings`;
      try {
        const made = await api.post<DecisionView[]>("/decisions", { ...request, findings: findings.map(({ id }) => id) });
        const words = VERDICT_TEXT[request.verdict] ?? request.verdict;
        notices.say({
          text: `${subject} ${findings.length === 1 ? words.replace("positives", "positive") : words}`,
          action: {
            text: "Undo",
            run: async () => {
              paint(before);
              try {
                const ids = [...new Set(made.map(({ id }) => id))];
                await Promise.all(ids.map((id) => api.remove(`/decisions/${encodeURIComponent(id)}`)));
                notices.say({ text: "Decision taken back" });
              } catch (error) {
                notices.failed("The decision could not be taken back", error);
              }
              await reread();
            },
          },
        });
      } catch (error) {
        paint(before);
        notices.failed("The decision was not saved", error);
      }
      await reread();
    },
    [api, notices, paint, queries, reread],
  );
}

/** One decision for everything that matches a query, now and later. */
export function useExcept() {
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  return useCallback(
    async (query: string, request: Omit<DecisionRequest, "findings" | "query">): Promise<boolean> => {
      const reread = () =>
        queries.invalidateQueries({ predicate: ({ queryKey }) => ["findings", "decisions", "overview", "assets"].includes(String(queryKey[0])) });
      try {
        const [made] = await api.post<DecisionView[]>("/decisions", { ...request, query });
        if (!made) return false;
        notices.say({
          text: made.pending ? "The decision waits for somebody else to approve it" : `${count(made.covers ?? 0)} findings ${VERDICT_TEXT[request.verdict] ?? request.verdict}, and what matches later`,
          action: {
            text: "Undo",
            run: async () => {
              try {
                await api.remove(`/decisions/${encodeURIComponent(made.id)}`);
                notices.say({ text: "Decision taken back" });
              } catch (error) {
                notices.failed("The decision could not be taken back", error);
              }
              await reread();
            },
          },
        });
        await reread();
        return true;
      } catch (error) {
        notices.failed("The decision was not saved", error);
        return false;
      }
    },
    [api, notices, queries],
  );
}
