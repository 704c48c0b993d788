/** What the server works on now, with progress, and a way to stop it. */

import { Popover } from "@base-ui/react/popover";
import { Activity } from "lucide-react";

import { useJobs } from "../api/hooks";
import { Go } from "../parts/Go";
import { JobLine } from "../parts/JobLine";

export function JobsMenu() {
  const { data } = useJobs();
  const jobs = data?.pages.flatMap((page) => page.items) ?? [];
  const running = jobs.filter((job) => job.state === "running" || job.state === "queued");
  const shown = running.length > 0 ? running : jobs.slice(0, 4);
  return (
    <Popover.Root>
      <Popover.Trigger className={`tool ${running.length > 0 ? "working" : ""}`} aria-label={running.length > 0 ? `${running.length} jobs at work` : "Jobs"} title="Jobs">
        <Activity size={17} aria-hidden />
        {running.length > 0 ? <span className="tool-count">{running.length}</span> : null}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={8} align="end" className="positioner">
          <Popover.Popup className="popover">
            <Popover.Title className="popover-title">{running.length > 0 ? "At work" : "Jobs"}</Popover.Title>
            {shown.length === 0 ? <p className="popover-text">Nothing has run yet.</p> : null}
            <ul className="jobs">
              {shown.map((job) => (
                <JobLine key={job.id} job={job} />
              ))}
            </ul>
            <Go to="/settings?tab=jobs" className="link">
              All jobs
            </Go>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
