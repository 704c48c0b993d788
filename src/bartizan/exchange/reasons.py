"""Why something could not be judged, in one line."""

from bartizan.model.finding import Finding


def reason(finding: Finding) -> str:
    """From a finding's evidence: what was not known and why."""
    unknowns = finding.evidence.get("unknowns")
    if isinstance(unknowns, list) and unknowns:
        told = [f"{each['path']}: {each['reason']}" if each.get("path") else str(each["reason"]) for each in unknowns]
        return "; ".join(dict.fromkeys(told))
    return str(finding.evidence.get("reason") or finding.title)
