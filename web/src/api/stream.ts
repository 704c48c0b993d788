/** Live refresh: server-sent events name what changed, and the queries that read it are read anew. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

const READERS: Record<string, string[]> = {
  findings: ["findings", "overview", "policies", "assets", "decisions"],
  assets: ["assets", "overview", "sensors"],
  jobs: ["jobs", "registries"],
  feeds: ["feeds", "overview"],
};

/** Events come in bursts while a job runs; one reading after the burst is enough. */
const SETTLE_MS = 300;

export type Line = "open" | "connecting" | "lost";

export function useStream(enabled: boolean): Line {
  const queries = useQueryClient();
  const [line, setLine] = useState<Line>("connecting");
  useEffect(() => {
    if (!enabled) return;
    const source = new EventSource("/api/v1/stream");
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const flush = () => {
      timer = undefined;
      const keys = new Set([...waiting].flatMap((kind) => READERS[kind] ?? []));
      waiting.clear();
      void queries.invalidateQueries({ predicate: ({ queryKey }) => keys.has(String(queryKey[0])) });
    };
    const receive = (event: MessageEvent<string>) => {
      const kind = kindOf(event.data) ?? (event.type === "message" ? null : event.type);
      if (!kind) return;
      waiting.add(kind);
      timer ??= setTimeout(flush, SETTLE_MS);
    };
    source.onmessage = receive;
    for (const kind of Object.keys(READERS)) source.addEventListener(kind, receive);
    source.onopen = () => {
      // What happened while the line was down was not heard: read everything anew.
      if (failures > 0) void queries.invalidateQueries();
      failures = 0;
      setLine("open");
    };
    source.onerror = () => {
      failures += 1;
      setLine(failures > 1 ? "lost" : "connecting");
      if (failures === 2) void queries.invalidateQueries({ queryKey: ["session"] });
    };
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [enabled, queries]);
  return line;
}

function kindOf(data: string): string | null {
  try {
    const value = JSON.parse(data) as { kind?: unknown };
    return typeof value.kind === "string" ? value.kind : null;
  } catch {
    return null;
  }
}
