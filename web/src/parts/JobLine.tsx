import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useApi } from "../api/context";
import type { JobView } from "../api/records";
import { Time } from "./Small";
import { useNotices } from "./Notices";

export function JobLine({ job }: { job: JobView }) {
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  const cancel = useMutation({
    mutationFn: () => api.post(`/jobs/${encodeURIComponent(job.id)}/cancel`),
    onError: (error) => notices.failed("The job could not be stopped", error),
    onSettled: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const active = job.state === "running" || job.state === "queued";
  const share = job.progress === null ? null : Math.round(job.progress * 100);
  return (
    <li className="job">
      <div className="job-line">
        <span className="job-title">{job.title}</span>
        {active ? (
          <button type="button" className="button small" onClick={() => cancel.mutate()} disabled={cancel.isPending} aria-label={`Cancel: ${job.title}`}>
            Cancel
          </button>
        ) : (
          <span className={`job-state job-${job.state}`}>{job.state}</span>
        )}
      </div>
      {active ? (
        <div className="progress" role="progressbar" aria-label={job.title} aria-valuemin={0} aria-valuemax={100} {...(share === null ? {} : { "aria-valuenow": share })}>
          <span className={share === null ? "progress-fill unsure" : "progress-fill"} style={{ width: `${share ?? 30}%` }} />
        </div>
      ) : null}
      <p className="muted small-text">
        {job.error ? <span className="job-error">{job.error}</span> : active ? (job.state === "queued" ? "Waiting" : share === null ? "At work" : `${share} %`) : <Time at={job.finished_at} />}
      </p>
    </li>
  );
}
