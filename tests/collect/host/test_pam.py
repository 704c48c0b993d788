"""Section `pam`: stacks with includes in their place."""

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host.pam import COLLECTOR, parse
from bartizan.collect.interface import Problems
from host_folder import Host, Seen

ProblemsOf = Callable[[Seen], dict[str, str]]


def test_a_stack_with_all_kinds_of_includes(host: Host) -> None:
    facts = host.facts(
        COLLECTOR,
        {
            "/etc/pam.d/sshd": "# sshd\n@include common-auth\naccount include shared\n"
            "-session optional pam_systemd.so\n",
            "/etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok \\\n  try_first_pass\n"
            "auth\trequisite\tpam_deny.so\naccount required pam_unix.so\n",
            "/usr/lib/pam.d/shared": "account sufficient pam_localuser.so\nauth required pam_never.so\n"
            "account substack deeper\n",
            "/etc/pam.d/deeper": "account required /lib/security/pam_access.so accessfile=/etc/x bindpw=SECRET # no\n",
        },
    )
    sshd = next(service for service in facts["services"] if service["name"] == "sshd")
    assert [(r["control"], r["module"], r["arguments"]) for r in sshd["auth"]] == [
        ("[default=ignore success=1]", "pam_unix.so", ["nullok", "try_first_pass"]),
        ("requisite", "pam_deny.so", []),
    ]
    assert [(r["control"], r["module"]) for r in sshd["account"]] == [
        ("required", "pam_unix.so"),
        ("sufficient", "pam_localuser.so"),
        ("required", "pam_access.so"),
    ]
    assert sshd["account"][2]["source"] == "/etc/pam.d/deeper"
    assert sshd["session"][0]["optional"] is True
    assert "SECRET" not in json.dumps(facts)


def test_settings_come_with_their_drop_ins(host: Host) -> None:
    facts = host.facts(
        COLLECTOR,
        {
            "/etc/pam.d/login": "",
            "/etc/security/pwquality.conf": "minlen = 8\nenforce_for_root\n# dcredit = 1\nunknown = SECRET\n",
            "/etc/security/pwquality.conf.d/50-site.conf": "minlen=14\n",
            "/etc/security/limits.conf": "* hard core 0\n@adm - nofile 100\n* -\n",
        },
    )
    assert facts["pwquality"] == {"minlen": "14", "enforce_for_root": ""}
    assert facts["faillock"] is None
    assert facts["limits"][0] == {"domain": "*", "type": "hard", "item": "core", "value": "0"}


def test_no_pam_is_a_fact(host: Host) -> None:
    assert host.facts(COLLECTOR, {"/etc/x": ""})["present"] is False


def test_loops_and_gaps_are_unknown_and_bad_lines_placed(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(
        COLLECTOR, {"/etc/pam.d/a": "auth include a\nauth include gone\nauth\nhunter2 required x.so\nauth MARK x.so\n"}
    )
    found = problems_of(section)
    assert {"/etc/pam.d/a:3", "/etc/pam.d/a:4", "/etc/pam.d/a:5", "@services"} == set(found)
    assert "hunter2" not in str(found)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    list(parse(text, "/etc/pam.d/x", Problems()))
