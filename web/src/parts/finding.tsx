/** The parts of a finding's story, shared by its page and the side panel. */

import { ExternalLink } from "lucide-react";
import type { ReactNode } from "react";

import type { FindingDetail, Json, RiskFactor } from "../api/records";
import { inline, isObject, type JsonObject } from "../lib/facts";
import { isCommand } from "../lib/command";
import { count, decimal, label, percent } from "../lib/format";
import { findings, sameRule } from "../lib/paths";
import { day } from "../lib/time";
import { Because } from "./Because";
import { Factors } from "./Bars";
import { Go } from "./Go";
import { Origins } from "./Origins";
import { SeverityLabel } from "./Severity";
import { Command, CopyButton, Kev, StateLabel, Tag, Time } from "./Small";

/** State and severity in one line. */
export function Standing({ finding }: { finding: FindingDetail }) {
  return (
    <p className="standing">
      <SeverityLabel severity={finding.severity} />
      <StateLabel state={finding.state} />
      <span className="standing-score">
        Score <strong>{decimal(finding.score)}</strong>
      </span>
      {finding.kev ? <Kev /> : null}
      {finding.verdict === "unknown" ? <span className="state state-unknown">Could not be judged</span> : null}
    </p>
  );
}

export function FixBlock({ finding }: { finding: FindingDetail }) {
  const { state, version, text } = finding.fix;
  return (
    <div className="fix-block">
      {version ? (
        <dl className="fix-versions">
          {finding.installed ? (
            <div>
              <dt>Installed</dt>
              <dd>
                <code>{finding.installed}</code>
              </dd>
            </div>
          ) : null}
          <div>
            <dt>Fixed in</dt>
            <dd className="with-copy">
              <code>{version}</code>
              <CopyButton text={version} label="Copy the fixed version" />
            </dd>
          </div>
        </dl>
      ) : finding.installed ? (
        <dl className="fix-versions">
          <div>
            <dt>Installed</dt>
            <dd>
              <code>{finding.installed}</code>
            </dd>
          </div>
        </dl>
      ) : null}
      {state !== "fixed" && finding.kind === "vulnerability" ? <p className="fix-state">{FIX_STATES[state] ?? label(state)}</p> : null}
      {text ? (
        text.split("\n").every((line) => isCommand(line.trim())) ? <Command text={text} /> : <p className="prose">{text}</p>
      ) : version && finding.package ? (
        <p>Upgrade {finding.package} to this version or a later one.</p>
      ) : null}
    </div>
  );
}

const FIX_STATES: Record<string, string> = {
  "not-fixed": "The vendor knows of it and has not fixed it yet.",
  "will-not-fix": "The vendor will not fix it.",
  unknown: "Whether there is a fix is not known.",
};

export function ScoreBreakdown({ finding }: { finding: FindingDetail }) {
  const factors = factorsOf(finding.evidence.score);
  if (factors.length === 0) return null;
  return (
    <section>
      <h3>
        Score <span className="muted">{decimal(finding.score)} of 100</span>
      </h3>
      <Factors factors={factors} label="How the score came about" />
    </section>
  );
}

/** Accepts a list of factors, `{factors: [...]}`, or a plain map of name to points. */
export function factorsOf(score: Json | undefined): RiskFactor[] {
  const list = Array.isArray(score) ? score : isObject(score) ? score.factors : undefined;
  if (Array.isArray(list)) {
    return list.filter(isObject).map((one) => ({
      name: inline(one.name ?? one.factor),
      points: typeof one.points === "number" ? one.points : 0,
      text: inline(one.text ?? one.reason),
    }));
  }
  if (!isObject(score)) return [];
  return Object.entries(score).flatMap(([name, value]) => (typeof value === "number" && name !== "total" ? [{ name: label(name), points: value, text: "" }] : []));
}

const SHOWN_APART = new Set(["score", "attestations", "cvss", "epss", "kev", "values", "unknowns", "check", "package", "aliases", "cwe", "installed", "fixed", "severities", "references", "description", "why", "origin", "controls", "size", "sha256", "origins"]);

export function Evidence({ finding }: { finding: FindingDetail }) {
  const { evidence } = finding;
  const attestations = rowsOf(evidence.attestations);
  const unknowns = rowsOf(evidence.unknowns);
  const rest = Object.entries(evidence).filter(([name, value]) => !SHOWN_APART.has(name) && inline(value) !== "");
  const facts: [string, ReactNode][] = [];
  const cvss = evidence.cvss;
  if (isObject(cvss)) {
    facts.push(["CVSS", <span key="cvss">{typeof cvss.score === "number" ? <strong>{decimal(cvss.score)}</strong> : null} <code>{inline(cvss.vector)}</code></span>]);
  } else if (cvss !== null && cvss !== undefined) facts.push(["CVSS", <code key="cvss">{inline(cvss)}</code>]);
  const epss = isObject(evidence.epss) ? evidence.epss.score : (evidence.epss ?? finding.epss);
  if (typeof epss === "number") {
    const percentile = isObject(evidence.epss) && typeof evidence.epss.percentile === "number" ? evidence.epss.percentile : null;
    facts.push(["EPSS", `${percent(epss)} chance of exploitation within 30 days${percentile === null ? "" : `, higher than ${percent(percentile)} of all CVEs`}`]);
  }
  if (isObject(evidence.kev)) {
    const added = evidence.kev.date_added ?? evidence.kev.added;
    facts.push(["Exploited", typeof added === "string" ? `in CISA's catalogue since ${day(added)}` : "in CISA's catalogue"]);
  } else if (finding.kev) facts.push(["Exploited", "in CISA's catalogue of known exploited vulnerabilities"]);
  const ratings = rowsOf(evidence.severities);
  if (ratings.length > 0) {
    facts.push([
      "Rated",
      <ul key="ratings">
        {ratings.map((one) => (
          <li key={inline(one)}>
            {inline(one.source)}: {inline(one.severity)} <span className="muted">{[inline(one.score), inline(one.word)].filter(Boolean).join(", ")}</span>
          </li>
        ))}
      </ul>,
    ]);
  }
  const pack = evidence.package;
  if (isObject(pack)) facts.push(["Package", <Pairs key="package" value={pack} />]);
  else if (finding.package) facts.push(["Package", <span key="package"><code>{finding.package}</code> {finding.installed ? <code>{finding.installed}</code> : null}</span>]);
  const aliases = evidence.aliases;
  if (Array.isArray(aliases) && aliases.length > 0) facts.push(["Also known as", <code key="aliases">{aliases.map((one) => inline(one)).join(", ")}</code>]);
  const cwe = evidence.cwe ?? null;
  if (Array.isArray(cwe) ? cwe.length > 0 : cwe) facts.push(["Weakness", <code key="cwe">{inline(cwe)}</code>]);
  if (isObject(evidence.values)) facts.push(["Values that decided", <Pairs key="values" value={evidence.values} />]);
  else if (Array.isArray(evidence.values)) facts.push(["Values that decided", <code key="values">{inline(evidence.values)}</code>]);
  if (typeof evidence.check === "string") facts.push(["Check", <code key="check" className="wrap">{evidence.check}</code>]);
  if (isObject(evidence.origin)) facts.push(["Brought by", <Origin key="origin" origin={evidence.origin} />]);
  if (typeof evidence.size === "number") facts.push(["Size", `${count(evidence.size)} bytes`]);
  if (typeof evidence.sha256 === "string") facts.push(["SHA-256", <span key="sha256" className="with-copy"><code>{evidence.sha256}</code><CopyButton text={evidence.sha256} label="Copy the digest" /></span>]);
  for (const [name, value] of rest) {
    const list = Array.isArray(value) ? value.filter(isObject) : [];
    const shown = isObject(value) ? (
      <Pairs value={value} />
    ) : list.length > 0 ? (
      <ul>
        {list.map((one) => (
          <li key={inline(one)}>
            <Pairs value={one} />
          </li>
        ))}
      </ul>
    ) : (
      <code className="wrap">{inline(value)}</code>
    );
    facts.push([label(name), shown]);
  }

  return (
    <section>
      <h3>Evidence</h3>
      {typeof evidence.description === "string" ? <p className="prose description">{evidence.description}</p> : null}
      {unknowns.length > 0 ? (
        <ul className="unknown-list">
          {unknowns.map((one) => (
            <li key={`${inline(one.path)}${inline(one.reason)}`}>
              <code>{inline(one.path)}</code> <span>{inline(one.reason)}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <dl className="evidence">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Origins value={evidence.origins} />
      {attestations.length > 0 ? <Attestations rows={attestations} /> : null}
    </section>
  );
}

/** The layer of an image that brought something, and whose it is to mend. */
function Origin({ origin }: { origin: JsonObject }) {
  const layer = typeof origin.index === "number" ? `Layer ${count(origin.index + 1)}` : "A layer";
  const part = origin.part === "base" ? "of the base image" : origin.part === "application" ? "built upon the base image" : "";
  return (
    <>
      <p>{[layer, part].filter(Boolean).join(", ")}{origin.base ? <> <code>{inline(origin.base)}</code></> : null}</p>
      {origin.step ? <p><code className="wrap">{inline(origin.step)}</code></p> : null}
      <p className="muted"><code>{inline(origin.layer)}</code></p>
    </>
  );
}

function rowsOf(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.map((one) => (isObject(one) ? one : { reason: one }));
  if (isObject(value)) return Object.entries(value).map(([path, reason]) => ({ path, reason }));
  return [];
}

function Attestations({ rows }: { rows: JsonObject[] }) {
  const names = ["source", "id", "ecosystem", "package", "affected", "fixed", "severity", "state"].filter((name) => rows.some((row) => inline(row[name]) !== ""));
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label="Who says so">
      <table className="plain-table">
        <caption>Who says so</caption>
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col">{label(name)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={inline(row)}>
              {names.map((name) => {
                const text = inline(row[name]);
                return <td key={name}>{["source", "id", "affected", "fixed"].includes(name) ? <code>{text || "–"}</code> : text}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Pairs({ value }: { value: JsonObject }) {
  return (
    <span className="pairs">
      {Object.entries(value)
        .filter(([, inner]) => inline(inner) !== "")
        .map(([name, inner]) => (
          <span key={name} className="pair">
            <span className="muted">{name}</span> <code>{inline(inner)}</code>
          </span>
        ))}
    </span>
  );
}

export function Elsewhere({ finding }: { finding: FindingDetail }) {
  return (
    <section>
      <h3>Where else</h3>
      {finding.inherited && finding.inherited_query ? (
        <p>
          <Go to={findings(finding.inherited_query)} className="link">
            {count(finding.inherited)} other {finding.inherited === 1 ? "image has" : "images have"} it from the same layer
          </Go>
        </p>
      ) : null}
      {finding.elsewhere > 0 ? (
        <p>
          <Go to={findings(sameRule(finding.rule))} className="link strong-link">
            {count(finding.elsewhere)} other {finding.elsewhere === 1 ? "asset has" : "assets have"} it open
          </Go>
        </p>
      ) : (
        <p className="muted">No other asset has it open.</p>
      )}
    </section>
  );
}

export function Controls({ controls }: { controls: Record<string, string[]> }) {
  const entries = Object.entries(controls).filter(([, ids]) => ids.length > 0);
  if (entries.length === 0) return null;
  return (
    <section>
      <h3>Controls</h3>
      <dl className="evidence">
        {entries.map(([framework, ids]) => (
          <div key={framework}>
            <dt>{label(framework)}</dt>
            <dd className="tags">
              {ids.map((id) => (
                <Tag key={id}>{id}</Tag>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Only http(s) addresses become links: an advisory is text from outside. */
export function References({ addresses }: { addresses: string[] }) {
  if (addresses.length === 0) return null;
  return (
    <section>
      <h3>References</h3>
      <ul className="references">
        {addresses.map((address) => (
          <li key={address}>
            {/^https?:\/\//.test(address) ? (
              <a href={address} target="_blank" rel="noreferrer noopener" className="link">
                {address.replace(/^https?:\/\//, "")} <ExternalLink size={12} aria-label="opens in a new tab" />
              </a>
            ) : (
              <span>{address}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function History({ finding }: { finding: FindingDetail }) {
  return (
    <ol className="timeline">
      {finding.history.map((event) => (
        <li key={`${event.at}${event.kind}${event.text}`} className={`event event-${event.kind}`}>
          <span className="event-dot" aria-hidden />
          <div>
            <p>
              <strong>{label(event.kind)}</strong> <span className="muted"><Time at={event.at} /></span>
            </p>
            {event.text ? <p>{event.text}</p> : null}
            <Because cause={event.cause} text={event.because} />
          </div>
        </li>
      ))}
    </ol>
  );
}
