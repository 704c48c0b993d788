/** The rooms of the application, in the order of a day. One list for the rail, the palette and the keyboard. */

import { Boxes, ClipboardCheck, Gauge, Gavel, Radar, Settings2, ShieldAlert, type LucideIcon } from "lucide-react";

export interface Room {
  path: string;
  title: string;
  icon: LucideIcon;
  keys: string;
  words: string;
}

export const ROOMS: readonly Room[] = [
  { path: "/", title: "Overview", icon: Gauge, keys: "g o", words: "dashboard posture home risk" },
  { path: "/findings", title: "Findings", icon: ShieldAlert, keys: "g f", words: "vulnerabilities cve issues" },
  { path: "/assets", title: "Assets", icon: Boxes, keys: "g a", words: "hosts inventory servers" },
  { path: "/compliance", title: "Compliance", icon: ClipboardCheck, keys: "g c", words: "policies controls benchmarks" },
  { path: "/fleet", title: "Fleet", icon: Radar, keys: "g l", words: "sensors agents activation keys enrol" },
  { path: "/governance", title: "Governance", icon: Gavel, keys: "g v", words: "decisions audit exceptions" },
  { path: "/settings", title: "Settings", icon: Settings2, keys: "g s", words: "feeds tokens jobs theme appearance knowledge" },
];
