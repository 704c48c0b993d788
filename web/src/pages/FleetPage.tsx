/** Sensors and the keys that let new ones in. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { useApi } from "../api/context";
import { useActivationKeys, useSensors } from "../api/hooks";
import type { ActivationKeyView, SensorView } from "../api/records";
import { count, label, plural } from "../lib/format";
import { asset } from "../lib/paths";
import { endOfDayIn } from "../lib/time";
import { Dialog } from "../parts/Dialog";
import { Go } from "../parts/Go";
import { useNotices } from "../parts/Notices";
import { Command, CopyButton, Time, Truncated } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

export default function FleetPage() {
  const sensors = useSensors();
  const rank = (row: SensorView) => (row.revoked ? 2 : row.online ? 1 : 0);
  const rows = (sensors.data?.pages.flatMap((page) => page.items) ?? []).sort((a, b) => rank(a) - rank(b));
  const live = rows.filter(({ revoked }) => !revoked);
  const online = live.filter(({ online: here }) => here).length;
  const [enrolling, setEnrolling] = useState(false);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>Fleet</h1>
          <p className="muted" role="status">{sensors.data ? `${plural(live.length, "sensor")}, ${count(online)} online${live.length > online ? `, ${count(live.length - online)} silent` : ""}` : ""}</p>
        </div>
        <button type="button" className="button primary" onClick={() => setEnrolling(true)}><KeyRound size={16} aria-hidden /> Enrol a host</button>
      </header>
      <section className="card">
        <h2>Sensors</h2>
        {sensors.isPending ? <Skeleton lines={6} height={20} /> : !sensors.data ? <Failure error={sensors.error} retry={() => void sensors.refetch()} /> : rows.length === 0 ? (
          <Empty title="No sensor has enrolled yet"><p>A sensor is a program that collects facts: on a host it is the agent. Make an activation key and run the command that comes with it.</p></Empty>
        ) : (
          <div className="table-wrap" tabIndex={0} role="region" aria-label="Sensors">
            <table className="plain-table">
              <thead><tr><th scope="col">State</th><th scope="col">Sensor</th><th scope="col">Kind</th><th scope="col">Version</th><th scope="col">Last seen</th><th scope="col">Enrolled</th><th scope="col" className="numeric">Dropped</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.id}>
                    <td><span className={`state ${row.revoked ? "sensor-revoked" : row.online ? "sensor-online" : "sensor-silent"}`}><span className="sensor-dot" aria-hidden />{row.revoked ? "Revoked" : row.online ? "Online" : "Silent"}</span></td>
                    <td>{row.asset_id ? <Go to={asset(row.asset_id)} className="link row-link" title={row.name}><Truncated text={row.name} /></Go> : <Truncated text={row.name} />}</td>
                    <td>{label(row.kind)}</td>
                    <td className="mono">{row.version}</td>
                    <td><Time at={row.last_seen} /></td>
                    <td><Time at={row.enrolled_at} /></td>
                    <td className="numeric">{row.spool_dropped ? <span title="Telemetry that the sensor dropped because its spool was full">{count(row.spool_dropped)}</span> : <span className="muted">0</span>}</td>
                    <td className="row-end">{row.revoked ? null : <Revoke path={`/sensors/${encodeURIComponent(row.id)}/revoke`} name={row.name} what="sensor" keys={["sensors", "overview"]} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <Keys />
      <Dialog open={enrolling} onClose={() => setEnrolling(false)} title="Enrol a host" wide>{enrolling ? <Enrol onDone={() => setEnrolling(false)} /> : null}</Dialog>
    </div>
  );
}

function Keys() {
  const keys = useActivationKeys();
  const rows = keys.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card">
      <h2>Activation keys</h2>
      {keys.isPending ? <Skeleton lines={3} height={20} /> : !keys.data ? <Failure error={keys.error} retry={() => void keys.refetch()} /> : rows.length === 0 ? (
        <p className="muted">None. A key lets new sensors in until it expires or has been used as often as it may.</p>
      ) : (
        <div className="table-wrap" tabIndex={0} role="region" aria-label="Activation keys">
          <table className="plain-table">
            <thead><tr><th scope="col">Name</th><th scope="col">Made</th><th scope="col">Expires</th><th scope="col" className="numeric">Uses</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className={row.revoked ? "ended" : ""}>
                  <td>{row.name}</td>
                  <td><Time at={row.created_at} /></td>
                  <td>{row.revoked ? "revoked" : <Time at={row.expires_at} missing="no end" />}</td>
                  <td className="numeric">{count(row.uses)}{row.max_uses === null ? "" : ` of ${count(row.max_uses)}`}</td>
                  <td className="row-end">{row.revoked ? null : <Revoke path={`/activation-keys/${encodeURIComponent(row.id)}/revoke`} name={row.name} what="key" keys={["activation-keys"]} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** Asks once, in place, before it does what cannot be undone. */
export function Revoke({ path, name, what, keys, remove = false }: { path: string; name: string; what: string; keys: string[]; remove?: boolean }) {
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => (remove ? api.remove(path) : api.post(path)),
    onSuccess: () => notices.say({ text: `${label(what)} ${name} revoked` }),
    onError: (error) => notices.failed(`The ${what} could not be revoked`, error),
    onSettled: () => {
      setAsking(false);
      return queries.invalidateQueries({ predicate: ({ queryKey }) => keys.includes(String(queryKey[0])) });
    },
  });
  if (!asking) return <button type="button" className="button small quiet" aria-label={`Revoke ${name}`} onClick={() => setAsking(true)}>Revoke</button>;
  return (
    <span className="confirm">
      <button type="button" className="button small danger" autoFocus disabled={revoke.isPending} onClick={() => revoke.mutate()}>Revoke for good</button>
      <button type="button" className="button small" onClick={() => setAsking(false)}>Keep</button>
    </span>
  );
}

function Enrol({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState(7);
  const [uses, setUses] = useState("1");
  const make = useMutation({
    mutationFn: () => api.post<ActivationKeyView>("/activation-keys", { name: name.trim(), expires_at: days ? endOfDayIn(days, Date.now()) : null, max_uses: uses ? Number(uses) : null }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["activation-keys"] }),
  });
  if (make.data?.key) {
    // The key goes through a file: a command line can be read by every process of the host.
    const command = [
      `umask 077; printf '%s' '${make.data.key}' > activation.key`,
      `bartizan sensor enrol --server ${window.location.origin} --activation-key-file activation.key`,
      "rm activation.key; bartizan sensor run",
    ].join("\n");
    return (
      <div className="form">
        <p>Run this on the host, as root. The key is shown only now.</p>
        <Command text={command} />
        <p className="with-copy"><span className="muted">Key</span> <code>{make.data.key}</code> <CopyButton text={make.data.key} label="Copy the key" /></p>
        <p className="muted">The host appears under Sensors within a minute of starting its agent.</p>
        <div className="form-actions"><button type="button" className="button primary" onClick={onDone}>Done</button></div>
      </div>
    );
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <p className="muted">An activation key lets sensors in. Each one gets a credential of its own when it enrols.</p>
      {make.error ? <p className="sign-in-error" role="alert"><strong>The key was not made</strong><span>{make.error.message}</span></p> : null}
      <div className="field">
        <label htmlFor="key-name">Name</label>
        <input id="key-name" required maxLength={120} placeholder="web servers, golden image, …" value={name} onChange={(event) => setName(event.target.value)} />
      </div>
      <div className="field-row">
        <div className="field">
          <label htmlFor="key-days">Expires</label>
          <select id="key-days" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            <option value={1}>in 1 day</option><option value={7}>in 7 days</option><option value={90}>in 90 days</option><option value={0}>never</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor="key-uses">Sensors</label>
          <select id="key-uses" value={uses} onChange={(event) => setUses(event.target.value)}>
            <option value="1">1</option><option value="10">up to 10</option><option value="100">up to 100</option><option value="">any number</option>
          </select>
        </div>
      </div>
      <div className="form-actions"><button type="submit" className="button primary" disabled={make.isPending || !name.trim()}>Make the key</button></div>
    </form>
  );
}
