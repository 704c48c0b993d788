"""HTML: one file to send to somebody. No script, no request to anywhere, everything escaped; it prints well.

The same order as the table: what to do first, then packages, checks, and what could not be judged.
"""

from collections.abc import Iterable
from html import escape
from typing import Any, TextIO

from bartizan.exchange.chain import chains
from bartizan.exchange.digest import GATHERED, Upgrade, first_steps, upgrades
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.junit import xml_text
from bartizan.exchange.place import command, remedy, subject
from bartizan.exchange.reasons import reason
from bartizan.model.finding import Finding, Verdict
from bartizan.model.severity import Severity
from bartizan.pipeline.fix_plan import Step

PATHS_SHOWN = 2
CHAINS_SHOWN = 3
STYLE = """
:root { color-scheme: light dark; --line: #d8dce3; --dim: #5c6675; --card: #f5f6f9; --page: #fff; --text: #161b24; }
@media (prefers-color-scheme: dark) {
  :root { --line: #2d3542; --dim: #9aa5b5; --card: #1a202b; --page: #11151c; --text: #e8ecf2; }
}
body { font: 14px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem; }
body { background: var(--page); color: var(--text); font-variant-numeric: tabular-nums; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
p.dim, .dim { color: var(--dim); } code { font: 12.5px ui-monospace, monospace; overflow-wrap: anywhere; }
.cards { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); margin: 1.5rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; }
.card b { display: block; font-size: 1.6rem; line-height: 1.2; }
ol { padding-left: 1.25rem; } li { margin: .25rem 0; }
table { border-collapse: collapse; width: 100%; } .scroll { overflow-x: auto; }
th { color: var(--dim); font-weight: 600; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .75rem .45rem 0; vertical-align: top; }
td.number, th.number { text-align: right; }
.severity { border: 1px solid; border-radius: 4px; font-size: 12px; font-weight: 600; padding: 0 .4rem; }
.severity { white-space: nowrap; }
.critical { background: #a3123c; border-color: #a3123c; color: #fff; } .high { color: #c2361c; }
.medium { color: #9a6700; } .low { color: #2563b8; } .info { color: var(--dim); } .unknown { color: #7a4bb5; }
@media (prefers-color-scheme: dark) {
  .high { color: #ff8a70; } .medium { color: #e8b93e; } .low { color: #7fb2ff; } .unknown { color: #c7a1ff; }
}
.warning { border-left: 4px solid #b5651d; padding: .25rem 1rem; } details summary { cursor: pointer; }
@media print { details[open] summary ~ * { display: block; } body { padding: 0; } }
"""


def write(result: ScanResult, stream: TextIO) -> None:
    stream.write(xml_text(page(result)))


def page(result: ScanResult) -> str:
    """The whole document."""
    gathered = upgrades(result.listed)
    checks = [each for each in result.listed if each.verdict is Verdict.FAIL and each.kind not in GATHERED]
    parts = [
        _head(result),
        _incomplete(result),
        _cards(result),
        _first(result),
        _section("Packages with known vulnerabilities", _packages(gathered)) if gathered else "",
        _section("Failed checks", _checks(checks)) if checks else "",
        _section("Could not be judged", _unknowns(result.unknowns)) if result.unknowns else "",
        _knowledge(result),
    ]
    name = escape(result.asset.name)
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{name}: Bartizan</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def _head(result: ScanResult) -> str:
    facts = result.sections["os"].facts if "os" in result.sections else None
    system = str(facts.get("name", "")) if isinstance(facts, dict) else ""
    told = " · ".join(escape(part) for part in (system, result.taken_at, f"Bartizan {result.tool}") if part)
    return f'<h1>{escape(result.asset.name)}</h1>\n<p class="dim">{told}</p>'


def _incomplete(result: ScanResult) -> str:
    if not result.incomplete:
        return ""
    items = "".join(f"<li>{escape(why)}</li>" for why in result.incomplete)
    return f'<div class="warning"><p><strong>This result is incomplete.</strong></p><ul>{items}</ul></div>'


def _cards(result: ScanResult) -> str:
    cards = [(number, name) for name, number in result.severities.items() if number]
    policies = result.counts("policy")
    cards += [
        (policies[key], f"policies {word}") for key, word in (("pass", "passed"), ("fail", "failed")) if key in policies
    ]
    told = "".join(f'<div class="card"><b>{number:,}</b>{escape(_word(name))}</div>' for number, name in cards)
    return f'<div class="cards">{told}</div>'


def _word(severity: str) -> str:
    return "unrated" if severity == Severity.UNKNOWN.value else severity


def _first(result: ScanResult) -> str:
    steps = first_steps(result, 5)
    items = "".join(
        f"<li>{_what(step)}: removes {step.fixable:,} findings, worst {_badge(step.worst)}{_exploited(step)}</li>"
        for step in steps
    )
    return _section("Fix first", f"<ol>{items}</ol>") if items else ""


def _what(step: Step) -> str:
    if step.to:
        return f"Upgrade <strong>{escape(step.package)}</strong> to <code>{escape(step.to)}</code>"
    return escape(step.text()[:1].upper() + step.text()[1:])


def _exploited(step: Step | Upgrade) -> str:
    return f" <strong>{step.exploited} known to be exploited</strong>" if step.exploited else ""


def _badge(severity: Severity) -> str:
    return f'<span class="severity {severity.value}">{_word(severity.value)}</span>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{body}</section>"


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _packages(gathered: list[Upgrade]) -> str:
    return _table(
        ("Severity", "Package", "Installed", "Fixed in", "Vulnerabilities"),
        (
            (
                _badge(each.worst),
                f"{escape(each.package)}{_places(each)}",
                f"<code>{escape(', '.join(each.installed))}</code>",
                f"<code>{escape(each.to)}</code>" if each.to else '<span class="dim">no fix yet</span>',
                _rules(each),
            )
            for each in gathered
        ),
    )


def _places(upgrade: Upgrade) -> str:
    paths = "".join(f'<br><code class="dim">{escape(path)}</code>' for path in upgrade.paths)
    if len(upgrade.paths) <= PATHS_SHOWN:
        return paths
    return (
        f'<details><summary class="dim">in {len(upgrade.paths)} places</summary>{paths.removeprefix("<br>")}</details>'
    )


def _rules(upgrade: Upgrade) -> str:
    items = "".join(
        f"<li>{_badge(finding.severity)} <code>{escape(finding.rule)}</code> {escape(finding.title)}"
        f"{' <strong>known to be exploited</strong>' if finding.evidence.get('kev') else ''}</li>"
        for finding in upgrade.rules
    )
    return f"<details><summary>{len(upgrade.rules):,}{_exploited(upgrade)}</summary><ul>{items}</ul></details>"


def _checks(findings: list[Finding]) -> str:
    return _table(
        ("Severity", "Check", "What to do"),
        (
            (
                _badge(finding.severity),
                f'{escape(finding.title)}<br><code class="dim">{escape(f"{finding.rule} {subject(finding)}")}</code>'
                + _chains(finding),
                escape(remedy(finding)) + (f"<br><code>{escape(command(finding))}</code>" if command(finding) else ""),
            )
            for finding in findings
        ),
    )


def _chains(finding: Finding) -> str:
    """Where the values came from that decided."""
    told = chains(finding)
    return "".join(f'<br><code class="dim">{escape(each)}</code>' for each in told[:CHAINS_SHOWN])


def _unknowns(findings: Iterable[Finding]) -> str:
    return _table(("What", "Why"), ((escape(each.title), escape(reason(each))) for each in findings))


def _knowledge(result: ScanResult) -> str:
    known = result.knowledge
    rows = [(escape(feed.source), f"{feed.records:,}", escape(feed.newest[:10])) for feed in known.feeds]
    if not known.advisories:
        return ""
    told = (
        f'<p class="dim">Advisory file <code>{escape(known.advisories)}</code>, newest {escape(known.newest[:10])}.</p>'
    )
    return _section(
        "Judged with",
        told + f"<details><summary>Sources</summary>{_table(('Source', 'Records', 'Newest'), rows)}</details>",
    )


EXPORTER = Exporter(name="html", media_type="text/html", suffix=".html", write=write)
