/** The code room: source trees with the infrastructure that they declare. */

import { code } from "../lib/paths";
import { KindList } from "../parts/KindList";
import { Empty } from "../parts/States";

export default function CodeRoom() {
  return (
    <KindList
      title="Code"
      kind="repository"
      words={["source tree", "source trees"]}
      to={code}
      about={{ id: "policies", title: "Policies", width: 170, drop: 5, cell: (row) => <span className="muted">{row.policy_fail} fail, {row.policy_unknown} unknown</span> }}
      empty={
        <Empty title="No code yet" command={`bartizan scan templates . --upload ${window.location.origin}`}>
          <p>Scan a repository in its pipeline and send its facts here, with a token of the access “Send”.</p>
        </Empty>
      }
    />
  );
}
