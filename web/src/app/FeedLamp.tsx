/** How old the knowledge is, as a lamp with its reason. The lamp has a shape and a word, not only a colour. */

import { Popover } from "@base-ui/react/popover";
import { CircleCheck, OctagonAlert, TriangleAlert } from "lucide-react";

import { useFeeds } from "../api/hooks";
import type { Lamp } from "../api/records";
import { count } from "../lib/format";
import { Go } from "../parts/Go";
import { Time } from "../parts/Small";

const ICONS = { green: CircleCheck, amber: TriangleAlert, red: OctagonAlert };
const WORDS: Record<Lamp, string> = { green: "Current", amber: "Ageing", red: "Outdated" };

export function FeedLamp() {
  const { data: knowledge } = useFeeds();
  if (!knowledge) return null;
  const Icon = ICONS[knowledge.lamp];
  const word = knowledge.id === null ? "No feeds" : WORDS[knowledge.lamp];
  return (
    <Popover.Root>
      <Popover.Trigger className={`lamp lamp-${knowledge.lamp}`} aria-label={`Knowledge: ${word}. ${knowledge.reason}`}>
        <Icon size={16} aria-hidden />
        <span className="wide-only">{word}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={8} align="end" className="positioner">
          <Popover.Popup className="popover">
            <Popover.Title className="popover-title">Knowledge: {word.toLowerCase()}</Popover.Title>
            <Popover.Description className="popover-text">{knowledge.reason}</Popover.Description>
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">Feed</th>
                  <th scope="col" className="numeric">Records</th>
                  <th scope="col">Newest</th>
                </tr>
              </thead>
              <tbody>
                {knowledge.feeds.slice(0, 8).map((feed) => (
                  <tr key={feed.source}>
                    <td>{feed.source}</td>
                    <td className="numeric">{count(feed.records)}</td>
                    <td>
                      <Time at={feed.newest} missing="unknown" />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Go to="/settings?tab=knowledge" className="link">
              All feeds
            </Go>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
