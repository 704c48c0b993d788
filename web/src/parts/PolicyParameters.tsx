/** The values that a policy reads, and the organisation's own in their place. */

import { useQueryClient } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";

import { useApi, useSession } from "../api/context";
import type { Json, PolicyParameter } from "../api/records";
import { inline } from "../lib/facts";
import { useNotices } from "./Notices";
import { Time } from "./Small";

export function PolicyParameters({ policy, parameters }: { policy: string; parameters: PolicyParameter[] }) {
  const { data: session } = useSession();
  return (
    <section className="card">
      <h2>Parameters</h2>
      <ul className="parameters">
        {parameters.map((one) => <Parameter key={`${one.name} ${JSON.stringify(one.value)}`} policy={policy} parameter={one} editable={session?.role === "admin"} />)}
      </ul>
    </section>
  );
}

function Parameter({ policy, parameter, editable }: { policy: string; parameter: PolicyParameter; editable: boolean }) {
  const api = useApi();
  const queries = useQueryClient();
  const notices = useNotices();
  const [text, setText] = useState(written(parameter.value));
  const [wrong, setWrong] = useState("");
  const id = `parameter-${parameter.name}`;
  const path = `/policies/${encodeURIComponent(policy)}/parameters`;

  const change = async (said: string, send: () => Promise<unknown>) => {
    try {
      await send();
      notices.say({ text: `${said}. Everything that the policy judges is judged anew.` });
      await queries.invalidateQueries({ queryKey: ["policies"] });
    } catch (error) {
      notices.failed("The parameter was not changed", error);
    }
  };
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    const value = read(text, parameter.default);
    if (value === undefined) {
      setWrong(`This is not of type ${parameter.type}.`);
      return;
    }
    setWrong("");
    void change(`${parameter.name} is ${inline(value)} now`, () => api.put(path, { values: { [parameter.name]: value } }));
  };

  return (
    <li>
      <form className="parameter" onSubmit={save}>
        <label htmlFor={id}><code>{parameter.name}</code> <span className="muted">{parameter.type}</span></label>
        {editable ? (
          <span className="parameter-edit">
            <input id={id} value={text} aria-invalid={wrong !== ""} aria-describedby={`${id}-note`} onChange={(event) => setText(event.target.value)} />
            <button type="submit" className="button small" disabled={text === written(parameter.value)}>Set</button>
            {parameter.set_by ? <button type="button" className="button small quiet" onClick={() => void change(`${parameter.name} is back to its default`, () => api.remove(`${path}/${encodeURIComponent(parameter.name)}`))}>Reset</button> : null}
          </span>
        ) : <output id={id}><code>{inline(parameter.value)}</code></output>}
        <p id={`${id}-note`} className={wrong ? "field-error" : "field-note"}>
          {wrong || <>Default <code>{inline(parameter.default)}</code>{parameter.set_by ? <>; set by {parameter.set_by}{parameter.set_at ? <>, <Time at={parameter.set_at} /></> : null}</> : null}</>}
        </p>
      </form>
    </li>
  );
}

/** Text stands for itself; everything else is written as JSON. */
function written(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function read(text: string, like: Json): Json | undefined {
  if (typeof like === "string") return text;
  try {
    const value = JSON.parse(text) as Json;
    const same = Array.isArray(like) ? Array.isArray(value) : typeof value === typeof like;
    return same ? value : undefined;
  } catch {
    return undefined;
  }
}
