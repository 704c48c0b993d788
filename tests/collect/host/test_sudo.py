"""Section `sudo`: the grammar of sudoers(5), aliases resolved, and who can become root by it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host.sudo.grammar import GrammarError, Sudoers, parse_line, split, strip_comment
from bartizan.collect.host.sudo.section import COLLECTOR
from host_folder import Host, Seen

ProblemsOf = Callable[[Seen], dict[str, str]]
ACCOUNTS = {
    "/usr/bin/sudo": "",
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n",
    "/etc/group": "root:x:0:\nsudo:x:27:alice\nstaff:x:1001:\n",
}


def collect(host: Host, sudoers: str, **more: str) -> Seen:
    files: dict[str, str | bytes] = {**ACCOUNTS, "/etc/sudoers": sudoers}
    return host.section(COLLECTOR, files | {"/etc/sudoers.d/" + name: text for name, text in more.items()})


def grants(host: Host, sudoers: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = collect(host, sudoers).facts["grants"]
    return found


def test_no_sudo_is_a_fact(host: Host) -> None:
    assert host.facts(COLLECTOR, {"/etc/sudoers": "root ALL=ALL\n"})["present"] is False


def test_a_rule_with_runas_tags_and_several_commands(host: Host) -> None:
    found = grants(
        host,
        "alice, %ops  web1 , web2 = (www-data : adm) NOPASSWD: /bin/ls /srv, \\\n"
        "    NOEXEC: /usr/bin/vi, (root) PASSWD: sudoedit /etc/hosts, !/bin/sh\n",
    )
    assert [g["subject"] for g in found] == ["alice"] * 3 + ["%ops"] * 3
    first, second, third = found[:3]
    assert first["hosts"] == ["web1", "web2"]
    assert (first["run_as_users"], first["run_as_groups"]) == (["www-data"], ["adm"])
    assert (first["commands"], first["arguments"], first["nopasswd"], first["noexec"]) == (
        ["/bin/ls"],
        True,
        True,
        False,
    )
    assert (second["commands"], second["nopasswd"], second["noexec"]) == (["/usr/bin/vi"], True, True)
    assert (third["commands"], third["run_as_users"], third["nopasswd"]) == (["sudoedit", "!/bin/sh"], ["root"], False)
    assert first["source"] == "/etc/sudoers:1"


def test_aliases_are_resolved_in_their_place(host: Host) -> None:
    found = grants(
        host,
        "User_Alias ADMINS = alice, OTHERS : OTHERS = bob, !carol\n"
        "Cmnd_Alias SHELLS = /bin/sh, /bin/bash\nRunas_Alias DB = postgres, mysql\nHost_Alias LAN = 10.0.0.0/8\n"
        "ADMINS LAN = (DB) ALL, !SHELLS\n",
    )
    assert [g["subject"] for g in found] == ["alice", "bob", "!carol"]
    assert found[0]["commands"] == ["ALL", "!/bin/sh", "!/bin/bash"]
    assert found[0]["run_as_users"] == ["postgres", "mysql"]
    assert found[0]["hosts"] == ["10.0.0.0/8"]


def test_colons_in_digests_and_addresses_begin_nothing_new(host: Host) -> None:
    found = grants(
        host,
        "Cmnd_Alias LS = sha256:0123abcd /bin/ls : CAT = /bin/cat\nHost_Alias SIX = fe80:0:0::1\n"
        "alice SIX = LS, sha224:ff /bin/x -a, CAT\n",
    )
    assert found[0]["commands"] == ["/bin/ls", "/bin/x", "/bin/cat"]
    assert found[0]["hosts"] == ["fe80:0:0::1"]


def test_host_lists_follow_one_another_after_a_colon(host: Host) -> None:
    found = grants(host, "alice web=(root:root) NOPASSWD: /bin/a : db=/bin/b\n")
    assert [(g["hosts"], g["commands"], g["nopasswd"]) for g in found] == [
        (["web"], ["/bin/a"], True),
        (["db"], ["/bin/b"], False),
    ]


def test_includes_are_followed_as_sudo_does(host: Host) -> None:
    section = collect(
        host,
        "@includedir /etc/sudoers.d\n#include /etc/sudoers.d/../sudoers.local\n# include is a word here\n"
        "#1000 ALL=ALL\n",
        **{"10-a": "alice ALL=(ALL) NOPASSWD: ALL\n", "b.rpmsave": "bad ALL=ALL\n", "c~": "bad ALL=ALL\n"},
    )
    assert [grant["subject"] for grant in section.facts["grants"]] == ["alice", "#1000"]
    assert section.facts["sources"] == ["/etc/sudoers", "/etc/sudoers.d/10-a"]


def test_administrators_are_accounts_that_can_run_everything_as_root(host: Host) -> None:
    facts = collect(host, "%sudo ALL=(ALL:ALL) ALL\n#1001 ALL = NOPASSWD: ALL\nbob ALL=(www-data) ALL\n").facts
    assert facts["administrators"] == [
        {"user": "alice", "via": "%sudo", "nopasswd": False},
        {"user": "bob", "via": "#1001", "nopasswd": True},
    ]


def test_defaults_are_typed_and_closed(host: Host) -> None:
    facts = collect(
        host,
        'Defaults env_reset, !use_pty, secure_path="/bin:/usr/bin", timestamp_timeout=5\n'
        'Defaults env_keep = "A B=SECRET", env_keep += C\nDefaults env_keep -= A\nDefaults logfile=/var/log/sudo.log\n'
        'Defaults badpass_message="SECRET"\nDefaults:%sudo !authenticate\nDefaults>root noexec\n',
    ).facts
    assert facts["defaults"] == {
        "env_reset": True,
        "use_pty": False,
        "secure_path": "/bin:/usr/bin",
        "timestamp_timeout": "5",
        "env_keep": ["B", "C"],
        "logfile": "/var/log/sudo.log",
    }
    assert facts["scoped_defaults"] == [
        {"scope": "user:%sudo", "name": "authenticate", "value": False},
        {"scope": "runas:root", "name": "noexec", "value": True},
    ]
    assert "SECRET" not in json.dumps(facts)


def test_other_sources_are_named(host: Host) -> None:
    files: dict[str, str | bytes] = {**ACCOUNTS, "/etc/sudoers": "", "/etc/nsswitch.conf": "sudoers: files [x=y] sss\n"}
    assert host.facts(COLLECTOR, files)["other_sources"] == ["sss"]


def test_unreadable_rules_are_unknown_and_bad_lines_are_placed(host: Host, problems_of: ProblemsOf) -> None:
    section = collect(host, "@include /etc/loop\nnonsense\nalice ALL\nUser_Alias lower = x\n")
    (host.root / "etc/loop").symlink_to("loop")
    found = problems_of(section)
    assert {"/etc/sudoers:2", "/etc/sudoers:3", "/etc/sudoers:4"} <= set(found)
    again = problems_of(host.section(COLLECTOR, {}))
    assert {"@grants", "@defaults", "@administrators"} <= set(again)


def test_comments_and_user_ids_share_a_sign() -> None:
    assert strip_comment("alice ALL=ALL # all") == "alice ALL=ALL "
    assert strip_comment("#1000 ALL=ALL") == "#1000 ALL=ALL"
    assert strip_comment('Defaults x="a#b"') == 'Defaults x="a#b"'
    assert split('a, "b,c", d\\,e, (f,g)', ",") == ["a", '"b,c"', "d\\,e", "(f,g)"]


@given(st.text(max_size=120), st.sampled_from(["", "Defaults", "User_Alias A =", "a ALL=", "a ALL=(x) NOPASSWD:"]))
def test_no_text_breaks_the_grammar(text: str, start: str) -> None:
    try:
        parse_line(strip_comment(f"{start} {text}").strip() or "x", "f:1", Sudoers())
    except GrammarError as error:
        assert text not in str(error) or len(text) < 30


@pytest.mark.parametrize("line", ["#include", "@includedir", "@include /nothing"])
def test_an_include_of_nothing_is_no_crash(host: Host, line: str) -> None:
    collect(host, line + "\n")
