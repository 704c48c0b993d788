"""The table: what a person reads in a terminal. First what to do and how sure we are, then the details, worst first.

It fits the terminal's width: names are shortened in the middle, columns that say least go first. Colours are the
terminal's own, and severity is always a word too.
"""

from datetime import UTC, datetime
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bartizan.exchange.digest import Upgrade, first_steps, upgrades
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.place import remedy, subject
from bartizan.model.finding import Finding, FindingKind, Verdict
from bartizan.model.severity import Severity

STYLES = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "blue",
    "info": "dim",
    "unknown": "magenta",
}
UNKNOWN_ROWS = 12
"""What could not be judged is counted whole, and listed this far."""


def write(result: ScanResult, stream: TextIO) -> None:
    console = Console(file=stream, highlight=False, soft_wrap=False, emoji=False, markup=False)
    _head(result, console)
    gathered = upgrades(result.listed)
    others = [each for each in result.listed if each.verdict is Verdict.FAIL and each.kind not in _GATHERED]
    if gathered:
        console.print(_packages(gathered, console.width))
    if others:
        console.print(_checks(others, console.width))
    _not_judged(result, console)
    _foot(result, console)


_GATHERED = {FindingKind.VULNERABILITY, FindingKind.MALICIOUS_PACKAGE}


def _head(result: ScanResult, console: Console) -> None:
    title = Text(result.asset.name, style="bold")
    facts = result.sections["os"].facts if "os" in result.sections else None
    if isinstance(facts, dict) and facts.get("pretty_name"):
        title.append(f"  {facts['pretty_name']}", style="not bold")
    title.append(f"  {_moment(result.taken_at)}", style="not bold dim")
    console.print(title)
    console.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for label, text in (
        ("Fix first", _first(result)),
        ("Findings", _counts(result.severities)),
        ("Policies", _policies(result)),
        ("Judged", _coverage(result)),
        ("Knowledge", _knowledge(result)),
    ):
        if text is not None:
            grid.add_row(label, text)
    console.print(grid)


def _first(result: ScanResult) -> Text | None:
    steps = first_steps(result)
    failed = [each for each in result.findings if each.verdict is Verdict.FAIL]
    if not failed:
        return Text("nothing", style="green")
    lines = []
    for step in steps:
        line = Text(f"upgrade {step.package} to {step.to}")
        line.append(f"  removes {_number(step.fixable, 'finding')}, worst ", style="dim")
        line.append(_severity(step.worst))
        if step.exploited:
            line.append("  known to be exploited", style="bold red")
        lines.append(line)
    if not lines:
        worst = failed[0]
        lines.append(Text(remedy(worst).partition("\n")[0] or worst.title))
    return Text("\n").join(lines)


def _counts(counts: dict[str, int]) -> Text:
    parts = [
        Text.assemble((str(number), STYLES[name]), f" {'unrated' if name == 'unknown' else name}")
        for name, number in counts.items()
        if number
    ]
    return Text(" · ").join(parts) if parts else Text("none", style="green")


def _policies(result: ScanResult) -> Text | None:
    counts = result.counts("policy")
    if not result.knowledge.policies:
        return None
    styles = {"pass": "green", "fail": "red", "unknown": "magenta", "not-applicable": "dim"}
    words = {"pass": "passed", "fail": "failed", "unknown": "unknown", "not-applicable": "not applicable"}
    return Text(" · ").join(
        Text.assemble((str(counts[name]), style), f" {words[name]}")
        for name, style in styles.items()
        if counts.get(name)
    )


def _coverage(result: ScanResult) -> Text | None:
    parts = []
    for assessment in result.assessments:
        if assessment.assessor.startswith("vulnerability:packages_"):
            kind = assessment.assessor.removeprefix("vulnerability:packages_")
            if assessment.counts.get("packages"):
                parts.append(f"{assessment.counts['packages']:,} {kind} packages")
    text = Text(" · ".join(parts))
    unknown = len(result.unknowns)
    if unknown:
        text.append(" · " if parts else "")
        text.append(f"{_number(unknown, 'thing')} could not be judged", style="magenta")
    return text if parts or unknown else None


def _knowledge(result: ScanResult) -> Text | None:
    known = result.knowledge
    if known.advisories:
        records = sum(feed.records for feed in known.feeds if feed.source.startswith("osv"))
        text = Text(f"{records:,} advisories", style="not bold")
        text.append(f", the newest of {known.newest[:10] or 'an unknown day'}")
        text.append(f" ({known.advisories.removeprefix('sha256:')[:12]})", style="dim")
        return text
    if any("advisories" in reason for reason in result.incomplete):
        return Text("no advisories: nothing is known about vulnerabilities", style="bold magenta")
    return None


def _packages(gathered: list[Upgrade], width: int) -> Table:
    table = _table("Packages with known vulnerabilities")
    table.add_column("SEVERITY", no_wrap=True)
    if width >= 100:
        table.add_column("SCORE", justify="right", no_wrap=True)
    table.add_column("PACKAGE", no_wrap=True)
    table.add_column("INSTALLED", no_wrap=True)
    table.add_column("FIXED IN", no_wrap=True)
    table.add_column("VULNERABILITIES", no_wrap=True, ratio=1)
    fixed = 10 + (8 if width >= 100 else 0)
    room = max(12, (width - fixed - 24 - 8) // 3 if width < 140 else 30)
    for each in gathered:
        name = each.package + (f"  {each.path}" if each.path and width >= 140 else "")
        cells = [
            _severity(each.worst),
            Text(middle(name, room + (20 if width >= 140 else 0))),
            Text(middle(each.installed, room)),
            Text(middle(each.to, room), style="green") if each.to else _no_fix(each),
        ]
        if width >= 100:
            cells.insert(1, Text(f"{each.score:.0f}" if each.score else ""))
        table.add_row(*cells, _rules(each, max(16, width - fixed - 3 * room - 14)))
    return table


def _no_fix(upgrade: Upgrade) -> Text:
    states = {finding.fix.state.value for finding in upgrade.findings}
    return Text("won't be fixed" if states == {"will-not-fix"} else "no fix yet", style="dim")


def _rules(upgrade: Upgrade, room: int) -> Text:
    text = Text()
    for position, finding in enumerate(upgrade.findings):
        rest = len(upgrade.findings) - position
        tail = f" +{rest - 1}" if rest > 1 else ""
        kev = " exploited" if finding.evidence.get("kev") else ""
        if position and len(text) + 2 + len(finding.rule) + len(kev) + len(tail) > room:
            text.append(f" +{rest}", style="dim")
            break
        text.append(", " if position else "")
        text.append(finding.rule)
        text.append(kev, style="bold red")
    return text


def _checks(findings: list[Finding], width: int) -> Table:
    table = _table("Failed checks")
    table.add_column("SEVERITY", no_wrap=True)
    table.add_column("CHECK", ratio=3)
    if width >= 120:
        table.add_column("RULE", no_wrap=True, style="dim")
    table.add_column("WHAT TO DO", ratio=4)
    for finding in findings:
        about = subject(finding)
        title = Text(finding.title)
        if about:
            title.append(f"  {middle(about, 48)}", style="dim")
        row = [_severity(finding.severity), title]
        if width >= 120:
            row.append(Text(finding.rule))
        table.add_row(*row, Text(remedy(finding).partition("\n")[0]))
    return table


def _not_judged(result: ScanResult, console: Console) -> None:
    if not result.unknowns:
        return
    table = _table("Could not be judged, so neither passed nor failed")
    table.add_column("WHAT", ratio=1)
    table.add_column("WHY", ratio=1)
    reasons: dict[str, list[Finding]] = {}
    for finding in result.unknowns:
        reasons.setdefault(reason(finding), []).append(finding)
    for why, findings in list(reasons.items())[:UNKNOWN_ROWS]:
        what = findings[0].title + (f" (and {_number(len(findings) - 1, 'other')})" if len(findings) > 1 else "")
        table.add_row(Text(what), Text(why, style="magenta"))
    console.print(table)
    if len(reasons) > UNKNOWN_ROWS:
        console.print(
            Text(f"  and {len(reasons) - UNKNOWN_ROWS} more reasons: --format json has them all", style="dim")
        )


def reason(finding: Finding) -> str:
    """Why a finding is unknown, from its evidence."""
    unknowns = finding.evidence.get("unknowns")
    if isinstance(unknowns, list):
        told = [f"{each['path']}: {each['reason']}" if each.get("path") else each["reason"] for each in unknowns]
        return "; ".join(dict.fromkeys(told))
    return str(finding.evidence.get("reason") or finding.title)


def _foot(result: ScanResult, console: Console) -> None:
    hidden = len(result.findings) - len(result.listed)
    if hidden:
        console.print(Text(f"{_number(hidden, 'finding')} below {result.least.value} not listed", style="dim"))
    if result.incomplete:
        console.print(Text("Incomplete: " + "; ".join(result.incomplete[:3]), style="bold magenta"))


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, expand=True, pad_edge=False)


def _severity(severity: Severity) -> Text:
    return Text("unrated" if severity is Severity.UNKNOWN else severity.value, style=STYLES[severity.value])


def _moment(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return moment


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def middle(text: str, room: int) -> str:
    """Shortened in the middle, where a name says least: `linux-ima…7-amd64`."""
    if len(text) <= room:
        return text
    head = (room - 1 + 1) // 2
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"


EXPORTER = Exporter(name="table", media_type="text/plain", suffix=".txt", write=write)
