/** Registries that are watched: what was found in each, when it was looked at, and a form to add one. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus, RefreshCw } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { useApi } from "../api/context";
import { useRegistries } from "../api/hooks";
import type { JobView, RegistryView } from "../api/records";
import { count, plural } from "../lib/format";
import { Dialog } from "./Dialog";
import { Go } from "./Go";
import { useNotices } from "./Notices";
import { Time } from "./Small";
import { Empty, Failure, Skeleton } from "./States";

export function Registries() {
  const { data, error, isPending, refetch } = useRegistries();
  const [adding, setAdding] = useState(false);
  const add = <button type="button" className="button primary" onClick={() => setAdding(true)}><Plus size={15} aria-hidden /> Watch a registry</button>;
  return (
    <>
      {isPending ? <div className="card"><Skeleton lines={6} height={20} /></div> : !data ? <Failure error={error} retry={() => void refetch()} /> : data.length === 0 ? (
        <Empty title="No registry is watched" action={add}>
          <p>A watched registry is looked at now and then. New images are scanned once; when advisories change they are judged again from what is stored, without being fetched.</p>
        </Empty>
      ) : (
        <section className="card">
          <header className="card-head"><h2>Registries <span className="muted">{count(data.length)}</span></h2>{add}</header>
          <ul className="registries">{data.map((one) => <Registry key={one.id} one={one} />)}</ul>
        </section>
      )}
      <Dialog open={adding} onClose={() => setAdding(false)} title="Watch a registry"><Add onDone={() => setAdding(false)} /></Dialog>
    </>
  );
}

function Registry({ one }: { one: RegistryView }) {
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  const look = useMutation({
    mutationFn: () => api.post<JobView>(`/registries/${one.id}/scan`),
    onSuccess: () => notices.say({ text: `Looking at ${one.host}`, detail: "Progress is shown in the top bar." }),
    onError: (reason) => notices.failed(`${one.host} cannot be looked at`, reason),
    onSettled: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const remove = useMutation({
    mutationFn: () => api.remove(`/registries/${one.id}`),
    onSuccess: () => notices.say({ text: `${one.host} is watched no more`, detail: "Its images stay, with their history." }),
    onError: (reason) => notices.failed(`${one.host} cannot be removed`, reason),
    onSettled: () => queries.invalidateQueries({ queryKey: ["registries"] }),
  });
  return (
    <li className="registry">
      <div className="registry-head">
        <h3 className="mono">{one.host}</h3>
        <span className="list-tools">
          <button type="button" className="button small" disabled={look.isPending} onClick={() => look.mutate()}><RefreshCw size={15} aria-hidden /> Look now</button>
          <button type="button" className="button small" disabled={remove.isPending} onClick={() => remove.mutate()}>Watch no more</button>
        </span>
      </div>
      <p className="muted"><code>{one.repositories.join(", ")}</code>{one.username ? <> as {one.username}</> : null}, every {span(one.every_minutes)}</p>
      <p>
        {one.images > 0 ? <Go to="/images" className="link strong-link">{plural(one.images, "image")}</Go> : "No image"} behind {plural(one.tags, "tag")}, looked at <Time at={one.last_run} missing="not yet" />
      </p>
      {one.last_error ? <p className="registry-error" role="alert"><strong>The last look failed:</strong> {one.last_error}</p> : null}
      {one.problems.length > 0 ? (
        <ul className="unknown-list" aria-label="Images that could not be scanned">{one.problems.map(([name, reason]) => <li key={name}><code>{name}</code> {reason}</li>)}</ul>
      ) : null}
    </li>
  );
}

function span(minutes: number): string {
  if (minutes === 60) return "hour";
  return minutes % 60 === 0 ? plural(minutes / 60, "hour") : plural(minutes, "minute");
}

function Add({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [host, setHost] = useState("");
  const [repositories, setRepositories] = useState("*");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [every, setEvery] = useState(60);
  const add = useMutation({
    mutationFn: () => api.post<RegistryView>("/registries", { host: host.trim(), repositories: repositories.split(/[\s,]+/).filter(Boolean), username: username.trim(), password, every_minutes: every }),
    onSuccess: () => { void queries.invalidateQueries({ queryKey: ["registries"] }); onDone(); },
  });
  return (
    <form className="form" autoComplete="off" onSubmit={(event: SyntheticEvent) => { event.preventDefault(); add.mutate(); }}>
      {add.error ? <p className="sign-in-error" role="alert"><strong>The registry was not added</strong><span>{add.error.message}</span></p> : null}
      <div className="field">
        <label htmlFor="registry-host">Host</label>
        <input id="registry-host" required maxLength={255} placeholder="registry.example:5000" value={host} onChange={(event) => setHost(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="registry-repositories">Repositories</label>
        <input id="registry-repositories" required aria-describedby="registry-hint" value={repositories} onChange={(event) => setRepositories(event.target.value)} />
        <p id="registry-hint" className="muted small-text">Names, or patterns like team/*, with spaces between them. Patterns need a registry that shows its catalogue.</p>
      </div>
      <div className="field">
        <label htmlFor="registry-name">User name</label>
        <input id="registry-name" autoComplete="off" maxLength={200} placeholder="leave empty where none is needed" value={username} onChange={(event) => setUsername(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="registry-password">Password or token</label>
        <input id="registry-password" type="password" autoComplete="new-password" aria-describedby="registry-sealed" value={password} onChange={(event) => setPassword(event.target.value)} />
        <p id="registry-sealed" className="muted small-text">Kept encrypted with a key that is in no database; it is never shown again.</p>
      </div>
      <div className="field">
        <label htmlFor="registry-every">Look</label>
        <select id="registry-every" value={every} onChange={(event) => setEvery(Number(event.target.value))}>
          <option value={15}>every 15 minutes</option><option value={60}>every hour</option><option value={360}>every 6 hours</option><option value={1440}>every day</option>
        </select>
      </div>
      <div className="form-actions"><button type="submit" className="button primary" disabled={add.isPending || !host.trim()}>Watch it</button></div>
    </form>
  );
}
