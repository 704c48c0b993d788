"""The fix plan for a person: numbered steps, the worthiest first, and what remains."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bartizan.pipeline.fix_plan import FixPlan, Step

PLACES = 3


def write_plan(plan: FixPlan, console: Console) -> None:
    """Steps as a table, then one line per reason why something remains."""
    if plan.steps:
        console.print(_steps(plan))
    else:
        console.print(Text("Nothing that an upgrade removes.", style="green"))
    left = sum(len(each.findings) for each in plan.remaining)
    console.print(
        Text(
            f"{len(plan.steps):,} steps remove {plan.removed:,} findings; {left:,} remain:"
            if left
            else "Nothing remains."
        )
    )
    for each in plan.remaining:
        worst = max((finding.severity for finding in each.findings), key=lambda severity: severity.rank)
        console.print(Text(f"  {len(each.findings):,} because {each.reason}, worst {worst.value}", style="dim"))


def _steps(plan: FixPlan) -> Table:
    total = sum(step.risk for step in plan.steps) or 1.0
    table = Table(
        title="Fix plan", title_justify="left", title_style="bold", box=SIMPLE_HEAD, expand=True, pad_edge=False
    )
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("WHAT TO DO", ratio=3)
    table.add_column("WHERE", ratio=2)
    table.add_column("REMOVES", justify="right", no_wrap=True)
    table.add_column("WORST", no_wrap=True)
    table.add_column("RISK LEFT", justify="right", no_wrap=True)
    left = total
    for number, step in enumerate(plan.steps, 1):
        left -= step.risk
        what = Text(step.text())
        if step.exploited:
            what.append("  known to be exploited", style="bold red")
        share = f"{max(0.0, left) / total:.0%}"
        table.add_row(str(number), what, _where(step), f"{step.fixable:,}", step.worst.value, share)
    return table


def _where(step: Step) -> Text:
    if not step.places:
        return Text(step.command or step.type, style="dim")
    more = f" +{len(step.places) - PLACES}" if len(step.places) > PLACES else ""
    return Text(", ".join(step.places[:PLACES]) + more, style="dim")
