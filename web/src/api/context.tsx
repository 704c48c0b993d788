/** The client and the session, for every page below. */

import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";

import { ApiProblem, createClient, Unreachable, type Client } from "./client";
import type { SessionView } from "./records";

const ClientContext = createContext<Client | null>(null);

export function useApi(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useApi outside of ApiProvider");
  return client;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => error instanceof Unreachable && failures < 2,
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** The session is a query like any other: `null` is "nobody is signed in". */
export function ApiProvider({ queries, children }: { queries: QueryClient; children: ReactNode }) {
  const [client] = useState(() =>
    createClient(
      () => queries.getQueryData<SessionView | null>(["session"])?.csrf_token ?? "",
      () => queries.setQueryData(["session"], null),
    ),
  );
  return (
    <QueryClientProvider client={queries}>
      <ClientContext value={client}>{children}</ClientContext>
    </QueryClientProvider>
  );
}

export function useSession() {
  const api = useApi();
  return useQuery({
    queryKey: ["session"],
    queryFn: async ({ signal }) => {
      try {
        return await api.get<SessionView>("/session", {}, signal);
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** Signing in and out. Signing out forgets everything that was read. */
export function useSessionActions() {
  const api = useApi();
  const queries = useQueryClient();
  return useMemo(
    () => ({
      signIn: async (username: string, password: string) => {
        const session = await api.post<SessionView>("/session", { username, password });
        queries.setQueryData(["session"], session);
        await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      },
      signOut: async () => {
        await api.remove("/session");
        queries.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
        queries.setQueryData(["session"], null);
      },
    }),
    [api, queries],
  );
}
