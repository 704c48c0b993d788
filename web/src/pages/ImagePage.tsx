/** One image: who has to patch what (base or application, system or application packages), layer by layer. */

import { useEffect, useMemo } from "react";

import { useImage } from "../api/hooks";
import type { ImageView, LayerView, Part, PlacedFinding } from "../api/records";
import { useAddress } from "../lib/address";
import { count, label, plural } from "../lib/format";
import { asset } from "../lib/paths";
import { SEVERITIES } from "../lib/severity";
import { absolute } from "../lib/time";
import { Go } from "../parts/Go";
import { PlacedFindings } from "../parts/PlacedFindings";
import { SeverityTally } from "../parts/Severity";
import { CopyButton, Truncated } from "../parts/Small";
import { Empty, Failure, Skeleton } from "../parts/States";

const PARTS: Record<Part, string> = { base: "Base image", application: "Built upon it", unknown: "Base not known" };
const KINDS = { "operating-system": "System packages", application: "Application packages" } as const;
type Kind = keyof typeof KINDS;
const GROUPS = { none: "Together", layer: "By layer", part: "By part", kind: "By kind" } as const;
type Grouping = keyof typeof GROUPS;

export default function ImagePage({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useImage(id);
  useEffect(() => {
    if (data) document.title = `${data.name} · Bartizan`;
  }, [data]);
  if (isPending) return <div className="page"><Skeleton lines={14} height={20} /></div>;
  if (!data) return <div className="page"><Failure error={error} retry={() => void refetch()} /></div>;
  return (
    <article className="page detail">
      <nav className="crumbs" aria-label="Where this is">
        <Go to="/images" className="link">Images</Go>
        <span aria-hidden>/</span>
        <span className="mono"><Truncated text={data.key} /></span>
        <CopyButton text={data.key} label="Copy the digest" />
      </nav>
      <header className="detail-head">
        <div>
          <h1>{data.name}</h1>
          <p className="standing">
            {data.os ? <span>{data.os}</span> : null}
            <span>{data.platform}</span>
            {data.created ? <span className="muted">built {absolute(data.created)}</span> : null}
            <Go to={asset(data.id)} className="link strong-link">All facts</Go>
          </p>
        </div>
      </header>
      <Layers data={data} />
    </article>
  );
}

function open(findings: PlacedFinding[]) {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown: 0 };
  for (const finding of findings) if (finding.state === "open") counts[finding.severity] += 1;
  return counts;
}

function Layers({ data }: { data: ImageView }) {
  const { search, set } = useAddress();
  const part = search.get("part") as Part | null;
  const kind = search.get("kind") as Kind | null;
  const layer = search.get("layer");
  const severity = search.get("severity");
  const grouping = (search.get("by") ?? "none") as Grouping;
  const placed = useMemo(() => data.findings.filter((one) => one.layer !== null), [data.findings]);
  const shown = data.findings.filter(
    (one) => (!part || one.part === part) && (!kind || one.brought_by === kind) && (layer === null || String(one.layer) === layer) && (!severity || one.severity === severity),
  );
  const parts = (["base", "application", "unknown"] as const).filter((name) => placed.some((one) => one.part === name));
  const filtered = part ?? kind ?? layer ?? severity;
  return (
    <>
      <div className="detail-columns image-top">
        <section className="card">
          <h2>Who patches what</h2>
          {parts.length === 0 ? <p className="muted">No finding belongs to a layer.</p> : (
            <div className="table-wrap">
              <table className="plain-table split">
                <thead><tr><th scope="col"><span className="visually-hidden">Part</span></th>{(Object.keys(KINDS) as Kind[]).map((name) => <th key={name} scope="col">{KINDS[name]}</th>)}</tr></thead>
                <tbody>
                  {parts.map((name) => (
                    <tr key={name}>
                      <th scope="row">{PARTS[name]}</th>
                      {(Object.keys(KINDS) as Kind[]).map((of) => {
                        const cell = placed.filter((one) => one.part === name && one.brought_by === of);
                        const picked = part === name && kind === of;
                        return (
                          <td key={of}>
                            <button type="button" className={picked ? "split-cell picked" : "split-cell"} aria-pressed={picked} disabled={cell.length === 0} onClick={() => set(picked ? { part: null, kind: null } : { part: name, kind: of, layer: null })}>
                              <span className="split-number">{count(cell.filter((one) => one.state === "open").length)}</span>
                              <SeverityTally counts={open(cell)} />
                            </button>
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <p className="muted small-text">
            {data.base ? <>Built upon <code>{data.base}</code>, told by {data.base_told_by}.</> : "What it was built upon is not known: name it with --base when scanning, or by the label org.opencontainers.image.base.name."}
          </p>
          {data.built_upon_it_count ? (
            <details>
              <summary>{plural(data.built_upon_it_count, "scanned image")} {data.built_upon_it_count === 1 ? "is" : "are"} built upon this one and {data.built_upon_it_count === 1 ? "inherits" : "inherit"} what it has</summary>
              <ul>{data.built_upon_it?.map((one) => <li key={one.id}><Go to={`/images/${one.id}`} className="link">{one.name}</Go></li>)}</ul>
            </details>
          ) : null}
        </section>
        <section className="card">
          <h2>How it runs</h2>
          <dl className="evidence narrow">
            <div><dt>User</dt><dd>{data.user || <span className="attention-text">root, as none is set</span>}</dd></div>
            <div><dt>Starts</dt><dd><code>{data.entrypoint.join(" ") || "nothing by itself"}</code></dd></div>
            <div><dt>Ports</dt><dd>{data.exposed_ports.join(", ") || "none"}</dd></div>
            <div><dt>Set-uid</dt><dd>{data.setuid.length > 0 ? <details><summary>{plural(data.setuid.length, "file")}</summary><ul className="mono">{data.setuid.map((path) => <li key={path}>{path}</li>)}</ul></details> : "none"}</dd></div>
          </dl>
        </section>
      </div>
      <section className="card">
        <h2>Layers <span className="muted">{count(data.layers.length)}</span></h2>
        <ol className="layers">
          {data.layers.map((one) => <Layer key={`${one.index} ${one.digest}`} layer={one} picked={layer === String(one.index)} onPick={(on) => set({ layer: on ? String(one.index) : null, part: null, kind: null })} />)}
        </ol>
      </section>
      <section className="card">
        <div className="card-head">
          <h2>Findings <span className="muted" role="status">{count(shown.length)}{filtered ? ` of ${count(data.findings.length)}` : ""}</span></h2>
          <div className="list-tools page-tools no-print">
            {filtered ? <button type="button" className="button small" onClick={() => set({ part: null, kind: null, layer: null, severity: null })}>Show all</button> : null}
            <select aria-label="Severity" value={severity ?? ""} onChange={(event) => set({ severity: event.target.value || null })}>
              <option value="">Every severity</option>
              {SEVERITIES.map((name) => <option key={name} value={name}>{label(name)}</option>)}
            </select>
            <select aria-label="Part" value={part ?? ""} onChange={(event) => set({ part: event.target.value || null })}>
              <option value="">Base and built upon it</option>
              {parts.map((name) => <option key={name} value={name}>{PARTS[name]}</option>)}
            </select>
            <select aria-label="Kind of package" value={kind ?? ""} onChange={(event) => set({ kind: event.target.value || null })}>
              <option value="">System and application</option>
              {(Object.keys(KINDS) as Kind[]).map((name) => <option key={name} value={name}>{KINDS[name]}</option>)}
            </select>
            <div className="segments" role="group" aria-label="Group">
              {(Object.keys(GROUPS) as Grouping[]).map((name) => <button key={name} type="button" aria-pressed={grouping === name} className={grouping === name ? "picked" : ""} onClick={() => set({ by: name === "none" ? null : name })}>{GROUPS[name]}</button>)}
            </div>
          </div>
        </div>
        {shown.length === 0 ? <Empty title={data.findings.length === 0 ? "Nothing was found" : "Nothing matches"}><p>{data.findings.length === 0 ? "No finding stands against this image with what is known today." : "No finding is in what is chosen above."}</p></Empty> : groups(shown, grouping, data.layers).map(([name, rows]) => (
          <section key={name} className="placed-group">
            {grouping === "none" ? null : <h3>{name} <span className="muted">{count(rows.length)}</span> <SeverityTally counts={open(rows)} /></h3>}
            <PlacedFindings
              rows={rows}
              label={name || "Findings"}
              place={{ title: "Layer", cell: (row) => (row.layer === null ? <span className="muted">image</span> : row.layer + 1) }}
              detail={{ title: "Package and fix", cell: (row) => (row.package ? <><code>{row.package} {row.installed}</code> {row.fix.version ? <span className="muted">fixed in <code>{row.fix.version}</code></span> : <span className="muted">{row.fix.state === "will-not-fix" ? "will not be fixed" : "no fix yet"}</span>}</> : <span className="muted">{row.fix.text.split("\n")[0]}</span>) }}
            />
          </section>
        ))}
        {data.more > 0 ? <p className="muted">And {plural(data.more, "less urgent finding")}, under All facts.</p> : null}
      </section>
    </>
  );
}

function groups(rows: PlacedFinding[], by: Grouping, layers: LayerView[]): [string, PlacedFinding[]][] {
  if (by === "none") return [["", rows]];
  const name = (row: PlacedFinding): string => {
    if (by === "part") return row.part ? PARTS[row.part] : "The image as such";
    if (by === "kind") return row.brought_by ? KINDS[row.brought_by] : "The image as such";
    const layer = row.layer === null ? undefined : layers[row.layer];
    return layer ? `${layer.index + 1}: ${layer.step || "no build step is told"}` : "The image as such";
  };
  const out = new Map<string, PlacedFinding[]>();
  for (const row of rows) out.set(name(row), [...(out.get(name(row)) ?? []), row]);
  return [...out].sort(([, a], [, b]) => (by === "layer" ? (a[0]?.layer ?? -1) - (b[0]?.layer ?? -1) : b.length - a.length));
}

function Layer({ layer, picked, onPick }: { layer: LayerView; picked: boolean; onPick: (on: boolean) => void }) {
  return (
    <li>
      <button type="button" className={picked ? "layer picked" : "layer"} aria-pressed={picked} onClick={() => onPick(!picked)}>
        <span className={`layer-mark layer-${layer.part}`} aria-hidden />
        <span className="layer-number numeric">{layer.index + 1}</span>
        <code className="layer-step">{layer.step || "no build step is told"}</code>
        <span className="layer-part muted">{PARTS[layer.part]}</span>
        <span className="layer-size muted numeric">{bytes(layer.size)}</span>
        <span className="layer-packages muted numeric">{plural(layer.packages, "package")}</span>
        <span className="layer-open"><SeverityTally counts={layer.open} /></span>
      </button>
    </li>
  );
}

function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const units = ["kB", "MB", "GB"];
  let size = value;
  let unit = "";
  for (const next of units) {
    if (size < 1000) break;
    size /= 1000;
    unit = next;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}
