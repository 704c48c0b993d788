"""Section `audit`: rules are compared by what they mean, and merged as augenrules does it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host.audit import auditd
from bartizan.collect.host.audit.merged import in_order, merge
from bartizan.collect.host.audit.rules import NotARule, Rule, lines_of, load, parse
from bartizan.collect.host.audit.section import COLLECTOR
from bartizan.collect.interface import Problems
from host_folder import Host, Seen

INSTALLED = {"/usr/sbin/auditd": "", "/etc/login.defs": "UID_MIN 1000\n"}


def rule(text: str) -> Rule:
    return parse(text.split())


def rules(host: Host, **files: str) -> Any:
    named = {f"/etc/audit/rules.d/{name}.rules": text for name, text in files.items()}
    return host.facts(COLLECTOR, {**INSTALLED, **named})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-w /etc/shadow -p wa -k a", "-w /etc/shadow -k b -p aw"),
        ("-w /etc/sudoers.d/ -p wa", "-w /etc/sudoers.d -p wa"),
        ("-w /var/run/utmp -p wa", "-w /run/utmp -p wa"),
        ("-a always,exit -F arch=b64 -S a,b -S c", "-a exit,always -S c -S b -S a -F arch=x86_64 -F key=k"),
        ("-a always,exit -F auid!=-1 -F auid>=1000", "-a always,exit -F auid>=1000 -F auid!=4294967295"),
        ("-a always,exit -C uid!=euid -F auid!=unset", "-a always,exit -F loginuid!=unset -C euid!=uid"),
        ("-a always,exit -F exit=-13", "-a always,exit -F exit=-EACCES"),
        ("-a always,exit -S clock_settime -F a0=0x0", "-a always,exit -S clock_settime -F a0=0"),
        ("-a always,exit -S all -F path=/x -F perm=rwxa", "-a always,exit -F path=/x"),
    ],
)
def test_equal_rules_are_equal(one: str, other: str) -> None:
    assert rule(one) == rule(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-w /etc/shadow -p wa", "-w /etc/shadow -p w"),
        ("-w /etc/shadow -p wa", "-a always,exit -F path=/etc/shadow- -F perm=wa"),
        ("-a always,exit -F arch=b64 -S a", "-a always,exit -F arch=b32 -S a"),
        ("-a always,exit -S a", "-a never,exit -S a"),
        ("-a always,exit -S a -F auid=0", "-a always,exit -S a"),
        ("-a always,exit -C uid!=euid", "-a always,exit -C uid=euid"),
    ],
)
def test_other_rules_are_not(one: str, other: str) -> None:
    assert rule(one) != rule(other)


@pytest.mark.parametrize(
    "text",
    [
        "-w etc",
        "-w /a -S open",
        "-a always",
        "-a always,never",
        "-a always,exit -F",
        "-a always,exit -F arch=vax",
        "-w /a -p q",
    ],
)
def test_what_auditctl_refuses(text: str) -> None:
    with pytest.raises(NotARule):
        rule(text)


@given(st.permutations(["-S chmod", "-S fchmod,chown", "-F auid>=1000", "-F auid!=unset", "-F arch=b64", "-k key"]))
def test_the_order_of_options_does_not_matter(parts: list[str]) -> None:
    assert rule("-a always,exit " + " ".join(parts)) == rule(
        "-a always,exit -F arch=b64 -S chmod,fchmod,chown -F auid>=1000 -F auid!=unset"
    )


@given(st.text(max_size=120))
def test_no_text_breaks_it(text: str) -> None:
    load(merge(lines_of(text, "f")))
    auditd.parse(text, Problems())


def test_a_later_line_may_delete_what_was_there() -> None:
    found = load(lines_of("-w /a -p wa\n-D\n-w /b -p wa\n-w /c -p r\n-W /c -p r -k x\n", "f"))
    assert [each.path for each in found.rules] == ["/b"]


def test_what_comes_after_the_lock_is_refused() -> None:
    found = load(lines_of("-e 2\n-w /a -p wa\n", "f"))
    assert (found.rules, [source for source, _ in found.refused]) == ([], ["f:2"])


def test_merging_puts_the_lock_last_and_deletion_first() -> None:
    lines = merge(lines_of("-e 2\n-w /a -p wa\n# note\n\n-b 100\n-D\n-f 2\n-b 8192\n-e 1\n-D -k x\n", "f"))
    assert [line.text for line in lines] == ["-D", "-b 8192", "-f 2", "-w /a -p wa", "-D -k x", "-e 1"]


def test_files_are_read_in_the_order_of_versions() -> None:
    given_names = ["99-z.rules", "9-a.rules", "10-b.rules", "audit.rules", "10-b2.rules", "10-b10.rules", "10~.rules"]
    assert in_order(given_names) == [
        "9-a.rules",
        "10~.rules",
        "10-b.rules",
        "10-b2.rules",
        "10-b10.rules",
        "99-z.rules",
        "audit.rules",
    ]


def test_rules_of_the_folder_are_merged(host: Host) -> None:
    facts = rules(host, **{"99-end": "-e 2\n", "10-base": "-D\n-b 8192\n-f 2\n", "50-a": "-w /etc/shadow -p wa -k x\n"})
    assert (facts["enabled"], facts["backlog"], facts["failure"]) == (2, 8192, 2)
    assert [(each["path"], each["permissions"], each["source"]) for each in facts["rules"]] == [
        ("/etc/shadow", "aw", "/etc/audit/rules.d/50-a.rules:1")
    ]
    assert facts["in_step"] is False, "audit.rules was not made from them yet"


def test_without_a_folder_the_file_counts_as_it_is(host: Host) -> None:
    facts = host.facts(COLLECTOR, {**INSTALLED, "/etc/audit/audit.rules": "-w /a -p wa\n-e 2\n"})
    assert (facts["merged"], [each["path"] for each in facts["rules"]], facts["enabled"]) == (False, ["/a"], 2)


def test_a_service_that_loads_the_file_itself(host: Host) -> None:
    unit = "[Service]\nExecStart=/sbin/auditd\nExecStartPost=-/sbin/auditctl -R /etc/audit/audit.rules\n"
    facts = host.facts(
        COLLECTOR,
        {
            **INSTALLED,
            "/etc/systemd/system/auditd.service": unit,
            "/usr/lib/systemd/system/auditd.service": "[Service]\nExecStartPost=-/sbin/augenrules --load\n",
            "/etc/audit/audit.rules": "-w /a -p wa\n",
            "/etc/audit/rules.d/x.rules": "-w /b -p wa\n",
        },
    )
    assert [each["path"] for each in facts["rules"]] == ["/a"]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("auid>=1000", "auid>=people"),
        ("auid>=500", "auid>=people"),
        ("auid>999", "auid>=people"),
        ("auid>=2000", "auid>=2000"),
    ],
)
def test_ids_of_people_are_told_by_their_first(host: Host, condition: str, told: str) -> None:
    facts = rules(host, a=f"-a always,exit -S chmod -F {condition}\n")
    assert facts["rules"][0]["fields"] == [told]


def test_the_first_id_of_people_is_that_of_login_defs(host: Host) -> None:
    files = {"/usr/sbin/auditd": "", "/etc/login.defs": "UID_MIN\t500\n"}
    facts = host.facts(COLLECTOR, {**files, "/etc/audit/rules.d/a.rules": "-a always,exit -S chmod -F auid>=1000\n"})
    assert facts["rules"][0]["fields"] == ["auid>=1000"]


def test_folders_of_a_path_are_followed(host: Host) -> None:
    facts = host.facts(
        COLLECTOR,
        {
            **INSTALLED,
            "/sbin": "-> usr/sbin",
            "/usr/sbin/usermod": "",
            "/etc/audit/rules.d/a.rules": "-a always,exit -F path=/sbin/usermod -F perm=x\n",
        },
    )
    assert facts["rules"][0]["path"] == "/usr/sbin/usermod"
    assert facts["commands"] == ["/usr/sbin/usermod"]


def test_one_line_that_is_not_understood_makes_the_rules_unknown(
    host: Host, problems_of: Callable[[Seen], dict[str, str]]
) -> None:
    files = {**INSTALLED, "/etc/audit/rules.d/a.rules": "-w /a -p wa\n-z what\n-e 2\n"}
    found = problems_of(host.section(COLLECTOR, files))
    assert found["@rules"].startswith("/etc/audit/rules.d/a.rules:2: ")
    assert "@enabled" in found


@pytest.mark.parametrize(
    ("text", "silent"), [("-a never,task", True), ("-a task,never\n", True), ("-a never,exit -F auid=0", False)]
)
def test_a_rule_that_silences_everything(host: Host, text: str, silent: bool) -> None:
    assert rules(host, a=text)["silenced"] is silent


def test_the_daemons_configuration(host: Host, problems_of: Callable[[Seen], dict[str, str]]) -> None:
    text = (
        "# c\nLog_File = /srv/audit/a.log\nmax_log_file=32\nMAX_LOG_FILE_ACTION = Keep_Logs\n"
        "space_left_action = exec /bin/tell SECRET\ndisk_full_action = HALT\nnum_logs = many\n"
    )
    section = host.section(COLLECTOR, {**INSTALLED, "/etc/audit/auditd.conf": text, "/srv/audit/a.log": ""})
    daemon = section.facts["daemon"]
    assert (daemon["max_log_file"], daemon["max_log_file_action"], daemon["disk_full_action"]) == (
        32,
        "keep_logs",
        "halt",
    )
    assert (daemon["space_left_action"], daemon["disk_error_action"]) == ("exec", "syslog")
    assert "@daemon.num_logs" in problems_of(section)
    assert {each["path"] for each in section.facts["files"] if each["role"].startswith("log")} == {
        "/srv/audit",
        "/srv/audit/a.log",
    }


def test_log_files_that_are_alike_are_told_once(host: Host) -> None:
    host.facts(COLLECTOR, {**INSTALLED, **{f"/var/log/audit/audit.log{end}": "" for end in ("", ".1", ".2")}})
    for end, mode in (("", 0o600), (".1", 0o400), (".2", 0o400)):
        (host.root / f"var/log/audit/audit.log{end}").chmod(mode)
    found = host.facts(COLLECTOR, {})["files"]
    assert [each["path"] for each in found if each["role"] == "log"] == [
        "/var/log/audit/audit.log",
        "/var/log/audit/audit.log.1",
    ]


def test_no_auditd_is_a_fact(host: Host) -> None:
    section = host.section(COLLECTOR, {"/etc/audit/rules.d/a.rules": "-w /a -p wa\n"})
    assert (section.facts["present"], section.problems) == (False, ())
