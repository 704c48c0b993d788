/** Why something happened: whether the asset changed or what is known of it. */

import { BookOpenText, Gavel, ScanEye, ScrollText, Server, Unplug } from "lucide-react";
import type { ReactNode } from "react";

import type { Cause } from "../api/records";

const CAUSES: Record<Exclude<Cause, "">, { name: string; icon: ReactNode }> = {
  first: { name: "First look", icon: <ScanEye size={13} aria-hidden /> },
  asset: { name: "Asset changed", icon: <Server size={13} aria-hidden /> },
  knowledge: { name: "Knowledge changed", icon: <BookOpenText size={13} aria-hidden /> },
  policy: { name: "Policy changed", icon: <ScrollText size={13} aria-hidden /> },
  either: { name: "Asset and knowledge changed", icon: <BookOpenText size={13} aria-hidden /> },
  gone: { name: "No longer reported", icon: <Unplug size={13} aria-hidden /> },
  decision: { name: "Decision", icon: <Gavel size={13} aria-hidden /> },
};

export function Because({ cause, text }: { cause: Cause | undefined; text: string | undefined }) {
  if (!cause) return null;
  return (
    <p className="because">
      <span className={`cause cause-${cause}`}>
        {CAUSES[cause].icon}
        {CAUSES[cause].name}
      </span>
      {text ? <span className="because-text">{text}</span> : null}
    </p>
  );
}
