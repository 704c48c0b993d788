"""The table: what a person reads in a terminal. First what to do and how sure we are, then the details, worst first.

It fits the terminal's width: names are shortened in the middle, columns that say least go first. Colours are the
terminal's own, and severity is always a word too.
"""

import os
from datetime import UTC, datetime
from io import StringIO
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bartizan.exchange.chain import chain
from bartizan.exchange.columns import middle, shares
from bartizan.exchange.digest import GATHERED, Upgrade, first_steps, upgrades
from bartizan.exchange.interface import Exporter, ScanResult
from bartizan.exchange.origins import came_from, hidden_why, layer_table
from bartizan.exchange.place import remedy, subject
from bartizan.exchange.plan_text import write_plan
from bartizan.exchange.reasons import reason
from bartizan.model.finding import Finding, Verdict
from bartizan.model.severity import Severity
from bartizan.pipeline.suppression import Suppressed

STYLES = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "blue",
    "info": "dim",
    "unknown": "magenta",
}
DISTRIBUTION = {"deb", "rpm", "apk", "alpm"}
"""Packages whose type goes without saying."""
SEVERITY_WIDTH, SCORE_WIDTH, COUNT_WIDTH, GAP = 8, 5, 5, 3
WIDE = 110
"""Columns from which on there is room for the ids of vulnerabilities."""
RULES_LEAST = 34
"""Room for two of them."""
FILE_WIDTH = 120
"""Columns of a table that goes to a file or a pipe, where $COLUMNS does not say otherwise."""
CHAIN_WIDTH = 160
"""Characters that are told of where a value came from."""
UNKNOWN_ROWS = 12
"""What could not be judged is counted whole, and listed this far."""


def write(result: ScanResult, stream: TextIO) -> None:
    if stream.isatty():
        _write(result, _console(stream))
        return
    buffer = StringIO()  # a file has no width of its own, and needs no spaces at the ends of its lines
    _write(result, _console(buffer, width=int(os.environ.get("COLUMNS") or FILE_WIDTH)))
    stream.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _console(stream: TextIO, width: int | None = None) -> Console:
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def _write(result: ScanResult, console: Console) -> None:
    _head(result, console)
    if result.show_plan:
        write_plan(result.plan, console)
        _foot(result, console)
        return
    gathered = upgrades(result.listed)
    shown = [each for each in gathered if _urgent(each)]
    folded = [each for each in gathered if not _urgent(each)]
    others = [each for each in result.listed if each.verdict is Verdict.FAIL and each.kind not in GATHERED]
    if shown:
        console.print(_packages(shown, console.width))
    if folded:
        console.print(_fold(folded))
        console.print()
    if others:
        console.print(_checks(others, console.width))
    if result.by_layer:
        console.print(layer_table(result, _table("By layer")))
    _not_judged(result, console)
    if result.show_suppressed and result.suppressed:
        console.print(_suppressed(result.suppressed))
    _foot(result, console)


def _head(result: ScanResult, console: Console) -> None:
    title = Text(result.asset.name, style="bold")
    facts = result.sections["os"].facts if "os" in result.sections else None
    if isinstance(facts, dict) and facts.get("name"):
        title.append(f"  {facts['name']}", style="not bold")
    title.append(f"  {_moment(result.taken_at)}", style="not bold dim")
    console.print(title)
    console.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for label, text in (
        ("Fix first", _first(result)),
        ("Findings", _counts(result.severities)),
        ("Comes from", came_from(result)),
        ("Policies", _policies(result)),
        ("Judged", _coverage(result)),
        ("Knowledge", _knowledge(result)),
    ):
        if text is not None:
            grid.add_row(label, text)
    console.print(grid)
    console.print()


def _first(result: ScanResult) -> Text | None:
    steps = first_steps(result)
    failed = [each for each in result.findings if each.verdict is Verdict.FAIL]
    if not failed:
        return Text("nothing", style="green")
    lines = []
    for step in steps:
        line = Text(step.text())
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
    """One row per package. Narrow terminals get the number of vulnerabilities, wide ones their ids and the score."""
    rows = [(each.package + _kind(each), _installed(each), each.to or _no_fix(each)) for each in gathered]
    wide = width >= WIDE
    room = width - (SEVERITY_WIDTH + COUNT_WIDTH + 4 * GAP + 2) - (SCORE_WIDTH + GAP + RULES_LEAST if wide else 0)
    widths = shares([max(len(row[column]) for row in rows) for column in range(3)], room)
    table = _table("Packages with known vulnerabilities")
    table.add_column("SEVERITY", no_wrap=True)
    if wide:
        table.add_column("SCORE", justify="right", no_wrap=True)
    table.add_column("PACKAGE", no_wrap=True)
    table.add_column("INSTALLED", no_wrap=True)
    table.add_column("FIXED IN", no_wrap=True)
    table.add_column("COUNT", justify="right", no_wrap=True)
    if wide:
        table.add_column("VULNERABILITIES", no_wrap=True, ratio=1)
    left = room - sum(widths) + RULES_LEAST - GAP
    for each, (package, _, to) in zip(gathered, rows, strict=True):
        number = Text(str(len(each.rules)), style="bold red" if each.exploited else "")
        cells = [
            _severity(each.worst),
            Text(middle(package, widths[0])),
            Text(_installed(each, widths[1])),
            Text(middle(to, widths[2]), style="green" if each.to else "dim"),
            number,
        ]
        if wide:
            cells.insert(1, Text(f"{each.score:.0f}" if each.score else ""))
            cells.append(_rules(each, left))
        table.add_row(*cells)
    return table


def _kind(upgrade: Upgrade) -> str:
    return "" if upgrade.kind in DISTRIBUTION else f" ({upgrade.kind})"


def _installed(upgrade: Upgrade, room: int = 10_000) -> str:
    first = upgrade.installed[0] if upgrade.installed else ""
    others = f" +{len(upgrade.installed) - 1}" if len(upgrade.installed) > 1 else ""
    places = f" in {len(upgrade.paths)} places" if len(upgrade.paths) > 1 else ""
    if len(first + others + places) > room:
        places = f" ({len(upgrade.paths)})" if places else ""
    return middle(first, max(8, room - len(others + places))) + others + places


def _no_fix(upgrade: Upgrade) -> str:
    states = {finding.fix.state.value for finding in upgrade.findings}
    return "won't be fixed" if states == {"will-not-fix"} else "no fix yet"


def _fold(folded: list[Upgrade]) -> Text:
    """The packages that nobody can fix today and that are not urgent, as one sentence."""
    number = sum(len(each.rules) for each in folded)
    names = ", ".join(each.package for each in folded[:6]) + (", ..." if len(folded) > 6 else "")
    text = Text(f"{_number(len(folded), 'package')} without a fix: {number:,} vulnerabilities, worst ", style="dim")
    text.append(max((each.worst for each in folded), key=lambda worst: worst.rank).value)
    text.append(f" ({names})")
    return text


def _urgent(upgrade: Upgrade) -> bool:
    return bool(upgrade.fixable or upgrade.exploited or upgrade.worst.rank >= Severity.HIGH.rank)


def _rules(upgrade: Upgrade, room: int) -> Text:
    text = Text()
    rules = upgrade.rules
    for position, finding in enumerate(rules):
        rest = len(rules) - position
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
        told = chain(finding)
        if told:
            title.append(f"\n{middle(told, CHAIN_WIDTH)}", style="dim")
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


def _suppressed(suppressed: tuple[Suppressed, ...]) -> Table:
    table = _table("Suppressed: settled by a statement or by you")
    table.add_column("SEVERITY", no_wrap=True)
    table.add_column("WHAT", ratio=2)
    table.add_column("WHY", ratio=3)
    for each in suppressed:
        finding = each.finding
        until = f", until {each.expires}" if each.expires else ""
        what = Text(f"{finding.rule}  ").append(middle(subject(finding), 48), style="dim")
        table.add_row(_severity(finding.severity), what, Text(f"{each.reason} ({each.source}{until})"))
    return table


def _foot(result: ScanResult, console: Console) -> None:
    if result.suppressed and not result.show_suppressed:
        vex = sum(each.by == "vex" for each in result.suppressed)
        told = f"{_number(len(result.suppressed), 'finding')} suppressed: {vex} by VEX statements, "
        told += f"{len(result.suppressed) - vex} by the ignore file (--show-suppressed lists them)"
        console.print(Text(told, style="dim"))
    hidden = len(result.findings) - len(result.listed)
    if hidden:
        console.print(Text(f"{_number(hidden, 'finding')} {hidden_why(result)} not listed", style="dim"))
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


EXPORTER = Exporter(name="table", media_type="text/plain", suffix=".txt", write=write)
