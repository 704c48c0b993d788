"""Compares our verdicts with the Pod Security Standards as the API server enforces them, by its own test cases.

    go mod download k8s.io/pod-security-admission@latest      # or any copy of it
    python tests/oracles/pod_security.py FOLDER               # the newest version of the standards in it

Every pod of test/testdata/<level>/<version>/pass must break no policy of that level, every one of fail at least one.
"""

import sys
from pathlib import Path

from bartizan.assess.policy.engine import PolicySet, assess_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.templates.kubernetes.manifest import of_manifest
from bartizan.model.finding import Verdict


def broken(path: Path, policies: PolicySet, levels: tuple[str, ...]) -> set[str]:
    """Rules of these levels that the pod breaks or that cannot be judged."""
    found = of_manifest(LocalView(str(path.parent)), f"/{path.name}")
    assert len(found.resources) == 1, f"{path}: {found.problems}"
    out = set()
    for each in assess_resource(found.resources[0], policies).findings:
        policy = policies.policies.get(each.rule)
        controls = policy.controls.get("pod-security-standards", ()) if policy else ()
        if each.verdict in (Verdict.FAIL, Verdict.UNKNOWN) and any(control.startswith(levels) for control in controls):
            out.add(each.rule)
    return out


def main() -> None:
    data = Path(sys.argv[1]) / "test/testdata"
    policies = load_policies()
    wrong = total = 0
    for level, levels in (("baseline", ("baseline",)), ("restricted", ("baseline", "restricted"))):
        folder = max((data / level).glob("v1.*"), key=lambda each: int(each.name.partition(".")[2]))
        for expected in ("pass", "fail"):
            for path in sorted((folder / expected).glob("*.yaml")):
                total += 1
                rules = broken(path, policies, levels)
                if bool(rules) != (expected == "fail"):
                    wrong += 1
                    shown = " ".join(sorted(rules)) or "nothing is broken"
                    print(f"{level} {folder.name} {expected} {path.name}: {shown}")
    print(f"{total} pods, {total - wrong} judged as the API server does")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
