/**
 * The rooms of the application, in the order of a day. One list for the rail, the palette and the keyboard. A room for a
 * kind of asset appears when there is such an asset.
 */

import { Boxes, ClipboardCheck, FileCode2, Gauge, Gavel, Layers, Radar, Settings2, ShieldAlert, type LucideIcon } from "lucide-react";

import { useFacets } from "../api/hooks";

export interface Room {
  path: string;
  title: string;
  icon: LucideIcon;
  keys: string;
  words: string;
  /** The kind of asset without which the room is empty. */
  kind?: string;
}

export const ROOMS: readonly Room[] = [
  { path: "/", title: "Overview", icon: Gauge, keys: "g o", words: "dashboard posture home risk" },
  { path: "/findings", title: "Findings", icon: ShieldAlert, keys: "g f", words: "vulnerabilities cve issues" },
  { path: "/assets", title: "Assets", icon: Boxes, keys: "g a", words: "hosts inventory servers" },
  { path: "/images", title: "Images", icon: Layers, keys: "g i", words: "containers docker oci layers base", kind: "image" },
  { path: "/code", title: "Code", icon: FileCode2, keys: "g d", words: "repositories templates terraform infrastructure", kind: "repository" },
  { path: "/compliance", title: "Compliance", icon: ClipboardCheck, keys: "g c", words: "policies controls benchmarks frameworks" },
  { path: "/fleet", title: "Fleet", icon: Radar, keys: "g l", words: "sensors agents activation keys enrol" },
  { path: "/governance", title: "Governance", icon: Gavel, keys: "g v", words: "decisions audit exceptions" },
  { path: "/settings", title: "Settings", icon: Settings2, keys: "g s", words: "feeds tokens jobs theme appearance knowledge" },
];

/** The rooms that have something in them. */
export function useRooms(): readonly Room[] {
  const { data } = useFacets("assets", "");
  const kinds = data?.find(({ field }) => field === "asset.kind")?.values.map(([kind]) => kind) ?? [];
  return ROOMS.filter(({ kind }) => kind === undefined || kinds.includes(kind));
}
