/** What the pages read, as queries. Keys begin with the kind of record, which is also what server-sent events name. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { useApi } from "./context";
import type {
  ActivationKeyView,
  AssetDetail,
  AssetPolicy,
  AssetSummary,
  AuditEntry,
  CodeView,
  Completions,
  DecisionView,
  Facet,
  FindingDetail,
  FindingGroup,
  FindingSummary,
  FrameworkDetail,
  GroupBy,
  FrameworkSummary,
  ImageView,
  JobView,
  Knowledge,
  Overview,
  Page,
  PolicyDetail,
  PolicyView,
  RegistryView,
  SectionFacts,
  SensorView,
  TimelineEvent,
  TokenView,
} from "./records";

const PAGE_SIZE = 100;

/** A list that feels endless: pages by cursor, flattened. */
export function useList<Item>(key: string, path: string, parameters: { query?: string; sort?: string; limit?: number } = {}) {
  const api = useApi();
  const { query = "", sort = "", limit = PAGE_SIZE } = parameters;
  return useInfiniteQuery({
    queryKey: [key, "list", path, query, sort, limit],
    queryFn: async ({ pageParam, signal }): Promise<Page<Item>> => {
      const answer = await api.get<Page<Item> | Item[]>(path, { query, sort, limit, cursor: pageParam }, signal);
      return Array.isArray(answer) ? { items: answer, total: answer.length } : answer;
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? null,
    placeholderData: keepPreviousData,
  });
}

function useOne<Answer>(key: (string | undefined)[], path: string, parameters: Record<string, string | number> = {}, enabled = true) {
  const api = useApi();
  return useQuery({
    queryKey: [...key, parameters],
    queryFn: ({ signal }) => api.get<Answer>(path, parameters, signal),
    enabled,
  });
}

export const useOverview = () => useOne<Overview>(["overview"], "/overview");
export const useFeeds = () => useOne<Knowledge>(["feeds"], "/feeds");
export const useFindings = (query: string, sort: string) => useList<FindingSummary>("findings", "/findings", { query, sort });
/** How many findings stand that a query means, without reading them. */
export const useStanding = (query: string) => useOne<Page<FindingSummary>>(["findings", "standing", query], "/findings", { query, limit: 1 });
export const useFinding = (id: string) => useOne<FindingDetail>(["findings", "one", id], `/findings/${encodeURIComponent(id)}`);
export const useGroups = (by: GroupBy, query: string) =>
  useOne<Page<FindingGroup>>(["findings", "groups", by, query], "/findings/groups", { by, query, limit: 200 });
export const useAssets = (query: string, sort: string) => useList<AssetSummary>("assets", "/assets", { query, sort });
export const useAsset = (id: string) => useOne<AssetDetail>(["assets", "one", id], `/assets/${encodeURIComponent(id)}`);
export const useAssetFindings = (id: string, query: string, sort: string) =>
  useList<FindingSummary>("findings", `/assets/${encodeURIComponent(id)}/findings`, { query, sort });
export const useAssetPolicies = (id: string) => useOne<AssetPolicy[]>(["assets", "policies", id], `/assets/${encodeURIComponent(id)}/policies`);
export const useTimeline = (id: string) => useList<TimelineEvent>("assets", `/assets/${encodeURIComponent(id)}/timeline`, { limit: 50 });
export const useSection = (id: string, name: string) =>
  useOne<SectionFacts>(["assets", "section", id, name], `/assets/${encodeURIComponent(id)}/sections/${encodeURIComponent(name)}`);
export const usePolicies = () => useList<PolicyView>("policies", "/policies", { limit: 500 });
export const usePolicy = (id: string) => useOne<PolicyDetail>(["policies", "one", id], `/policies/${encodeURIComponent(id)}`);
export const useFrameworks = (asset = "") => useOne<FrameworkSummary[]>(["policies", "frameworks"], "/frameworks", { asset });
export const useFramework = (id: string, asset = "") => useOne<FrameworkDetail>(["policies", "framework", id], `/frameworks/${encodeURIComponent(id)}`, { asset });
export const useImage = (id: string) => useOne<ImageView>(["assets", "image", id], `/images/${encodeURIComponent(id)}`);
export const useCode = (id: string) => useOne<CodeView>(["assets", "code", id], `/code/${encodeURIComponent(id)}`);
export const useRegistries = () => useOne<RegistryView[]>(["registries"], "/registries");
export const useDecisions = () => useList<DecisionView>("decisions", "/decisions");
export const useAudit = () => useList<AuditEntry>("audit", "/audit");
export const useSensors = () => useList<SensorView>("sensors", "/sensors");
export const useActivationKeys = () => useList<ActivationKeyView>("activation-keys", "/activation-keys");
export const useTokens = () => useList<TokenView>("tokens", "/tokens");
export const useJobs = () => useList<JobView>("jobs", "/jobs", { limit: 30 });

export function useFacets(of: "findings" | "assets", query: string) {
  const api = useApi();
  return useQuery({
    queryKey: [of, "facets", query],
    queryFn: ({ signal }) => api.get<Facet[]>(`/${of}/facets`, { query }, signal),
    placeholderData: keepPreviousData,
  });
}

export function useCompletions(of: "findings" | "assets", text: string, cursor: number, enabled: boolean) {
  const api = useApi();
  return useQuery({
    queryKey: ["complete", of, text, cursor],
    queryFn: ({ signal }) => api.get<Completions>("/query/complete", { text, cursor, of }, signal),
    enabled,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    retry: false,
  });
}
