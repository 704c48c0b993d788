/** What a page keeps in its URL, so that a link shows the other person the same thing. */

import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

export function useAddress(): { path: string; search: URLSearchParams; set: (changes: Record<string, string | null>, options?: { push?: boolean }) => void } {
  const [path, navigate] = useLocation();
  const text = useSearch();
  const search = useMemo(() => new URLSearchParams(text), [text]);
  const set = useCallback(
    (changes: Record<string, string | null>, options: { push?: boolean } = {}) => {
      // The address as it is now, not as it was drawn: two changes in one turn must both hold.
      const next = new URLSearchParams(window.location.search);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      const query = next.toString();
      navigate(window.location.pathname + (query ? `?${query}` : ""), { replace: !options.push });
    },
    [navigate],
  );
  return { path, search, set };
}
