/** A preference of this device: column choices, a collapsed rail, recent queries. */

import { useCallback, useState } from "react";

import { read, write } from "./theme";

export function usePreference<Value>(name: string, initial: Value, valid: (value: unknown) => value is Value): [Value, (value: Value) => void] {
  const key = `bartizan.${name}`;
  const [value, setValue] = useState<Value>(() => {
    const stored = read(key);
    if (stored === null) return initial;
    try {
      const parsed: unknown = JSON.parse(stored);
      return valid(parsed) ? parsed : initial;
    } catch {
      return initial;
    }
  });
  const choose = useCallback(
    (next: Value) => {
      setValue(next);
      write(key, JSON.stringify(next));
    },
    [key],
  );
  return [value, choose];
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
