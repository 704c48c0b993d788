"""Section `logging`: the journal and rsyslog as they read their own files."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host.logging.rsyslog_syntax import Directive, LegacyAction, NotUnderstood, Object, parse
from bartizan.collect.host.logging.section import COLLECTOR
from bartizan.collect.host.systemd_config import parse as parse_systemd
from host_folder import Host, Seen

JOURNALD = {"/usr/lib/systemd/systemd-journald": "", "/etc/os-release": "ID=debian\n"}
SYSTEMD_252 = {"/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so": ""}
RSYSLOGD = {"/usr/sbin/rsyslogd": ""}
DEBIAN = """\
# /etc/rsyslog.conf configuration file for rsyslog
module(load="imuxsock") # provides support for local system logging
module(load="imklog")   # provides kernel logging support
#module(load="imudp")
#input(type="imudp" port="514")

$FileOwner root
$FileGroup adm
$FileCreateMode 0640
$DirCreateMode 0755
$Umask 0022
$WorkDirectory /var/spool/rsyslog
$IncludeConfig /etc/rsyslog.d/*.conf

*.*;auth,authpriv.none\t\t-/var/log/syslog
auth,authpriv.*\t\t\t/var/log/auth.log
*.emerg\t\t\t\t:omusrmsg:*
*.=debug;\\
\tauth,authpriv.none;\\
\tmail.none\t\t-/var/log/debug
"""


def journal(host: Host, files: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = host.facts(COLLECTOR, {**JOURNALD, **SYSTEMD_252, **files})["journal"]
    return found


def rsyslog(host: Host, text: str, **more: str) -> dict[str, Any]:
    files = {f"/etc/rsyslog.d/{name}.conf": contents for name, contents in more.items()}
    found: dict[str, Any] = host.facts(COLLECTOR, {**RSYSLOGD, "/etc/rsyslog.conf": text, **files})["rsyslog"]
    return found


def test_defaults_of_the_journal(host: Host) -> None:
    found = journal(host, {"/etc/systemd/journald.conf": "[Journal]\n#Storage=volatile\n"})
    assert (found["storage"], found["on_disk"], found["compress"]) == ("auto", False, True)
    assert found["forward_to_syslog"] is True, "Debian compiled it in up to systemd 253"


def test_newer_systemd_forwards_nothing_by_itself(host: Host) -> None:
    files = {**JOURNALD, "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-255.so": ""}
    assert host.facts(COLLECTOR, files)["journal"]["forward_to_syslog"] is False


def test_a_default_that_hangs_on_an_unknown_version_is_unknown(
    host: Host, problems_of: Callable[[Seen], dict[str, str]]
) -> None:
    assert list(problems_of(host.section(COLLECTOR, JOURNALD))) == ["@journal.forward_to_syslog"]


def test_automatic_storage_is_on_disk_where_the_folder_is(host: Host) -> None:
    assert journal(host, {"/var/log/journal/": ""})["on_disk"] is True


def test_the_last_of_all_files_wins_key_by_key(host: Host) -> None:
    found = journal(
        host,
        {
            "/etc/systemd/journald.conf": "[Journal]\nStorage=persistent\nCompress=no\nSystemMaxUse=1G\n",
            "/usr/lib/systemd/journald.conf.d/90-vendor.conf": "[Journal]\nCompress=512K\n",
            "/etc/systemd/journald.conf.d/10-site.conf": "[Journal]\nCompress=0\nForwardToSyslog=off\n",
            "/usr/lib/systemd/journald.conf.d/10-site.conf": "[Journal]\nForwardToSyslog=yes\nStorage=none\n",
            "/usr/lib/systemd/journald.conf.d/99-hidden.conf": "[Journal]\nStorage=none\n",
            "/etc/systemd/journald.conf.d/99-hidden.conf": "-> /dev/null",
            "/etc/systemd/journald.conf.d/no-suffix": "[Journal]\nStorage=none\n",
        },
    )
    assert found["settings"] == {
        "Compress": "yes",
        "ForwardToSyslog": "no",
        "Storage": "persistent",
        "SystemMaxUse": "1G",
    }
    assert found["set_in"]["Compress"] == "/usr/lib/systemd/journald.conf.d/90-vendor.conf:2"


def test_what_journald_refuses_leaves_the_earlier_value(
    host: Host, problems_of: Callable[[Seen], dict[str, str]]
) -> None:
    section = host.section(
        COLLECTOR,
        {
            **JOURNALD,
            **SYSTEMD_252,
            "/etc/systemd/journald.conf": "[Journal]\nStorage=persistent\nStorage=Persistent\n[Other]\nStorage=none\n",
        },
    )
    assert section.facts["journal"]["storage"] == "persistent"
    assert list(problems_of(section)) == ["/etc/systemd/journald.conf:3"]


def test_the_uploader_and_no_password_of_its_address(host: Host) -> None:
    files = {
        "/usr/lib/systemd/systemd-journal-upload": "",
        "/etc/systemd/journal-upload.conf": "[Upload]\nURL=https://me:SECRET@logs.example.org:19532\n"
        "ServerKeyFile=/etc/ssl/private/up.pem\n",
    }
    facts = host.facts(COLLECTOR, files)
    assert facts["upload"]["url"] == "https://logs.example.org:19532"
    assert facts["upload"]["server_key"] == "/etc/ssl/private/up.pem"
    assert "SECRET" not in json.dumps(facts)


def test_debians_own_configuration(host: Host) -> None:
    found = rsyslog(host, DEBIAN)
    assert [(each["path"], each["selector"], each["mode"]) for each in found["files"]] == [
        ("/var/log/syslog", "*.*;auth,authpriv.none", 0o640),
        ("/var/log/auth.log", "auth,authpriv.*", 0o640),
        ("/var/log/debug", "*.=debug;auth,authpriv.none;mail.none", 0o640),
    ]
    assert found["modules"] == ["imklog", "imuxsock"]
    assert (found["listeners"], found["forwards"], found["understood"]) == ([], [], True)


def test_the_mode_counts_for_the_actions_after_it(host: Host) -> None:
    found = rsyslog(
        host,
        "a.* /var/log/a\n$FileCreateMode 0600\nb.* /var/log/b\n$IncludeConfig /etc/rsyslog.d/*.conf\nd.* /d\n",
        c="$FileCreateMode 0644\nc.* /var/log/c\n",
    )
    assert [each["mode"] for each in found["files"]] == [0o644, 0o600, 0o644, 0o644]


def test_new_actions_have_the_mode_of_their_module(host: Host) -> None:
    text = """
    $FileCreateMode 0600
    module(load="builtin:omfile" FileCreateMode="0640")
    action(type="omfile" file="/var/log/a")
    action(type="omfile" dynafile="PerHost" fileCreateMode="0666")
    """
    found = rsyslog(host, text)
    assert [(each["path"], each["mode"]) for each in found["files"]] == [("/var/log/a", 0o640), ("?PerHost", 0o644)]


@pytest.mark.parametrize("said", ["$Umask 0077\n", 'global(umask="0077")\n'])
def test_the_umask_takes_bits_away(host: Host, said: str) -> None:
    assert rsyslog(host, said + "*.* /var/log/all\n")["files"][0]["mode"] == 0o600


def test_the_umask_of_the_unit_counts(host: Host) -> None:
    files = {**RSYSLOGD, "/usr/lib/systemd/system/rsyslog.service": "[Service]\nUMask=0066\n"}
    found = host.facts(COLLECTOR, {**files, "/etc/rsyslog.conf": "*.* /var/log/messages\n"})
    assert found["rsyslog"]["files"][0]["mode"] == 0o600


def test_what_listens_and_what_is_only_loaded(host: Host) -> None:
    found = rsyslog(
        host,
        'module(load="imtcp")\nmodule(load="imudp")\ninput(type="imudp"\n  # all addresses\n  port="514")\n'
        "$ModLoad imrelp.so\n$InputRELPServerRun 2514\n",
    )
    assert [(each["module"], each["port"]) for each in found["listeners"]] == [("imudp", "514"), ("imrelp", "2514")]
    assert found["modules"] == ["imrelp", "imtcp", "imudp"]


def test_where_messages_are_sent(host: Host) -> None:
    found = rsyslog(
        host,
        "*.* @logs.example.org\nauth.* @@(o)[2001:db8::1]:6514\n"
        "mail.* :omrelp:relay.example.org:2514\n*.* @127.0.0.1:5140\n"
        'if $programname == "then" then {\n'
        'action(type="omfwd" Target="h" port="6514" protocol="TCP" StreamDriverMode="1") }\n',
    )
    assert [
        (each["target"], each["port"], each["protocol"], each["tls"], each["local"]) for each in found["forwards"]
    ] == [
        ("logs.example.org", "514", "udp", False, False),
        ("2001:db8::1", "6514", "tcp", False, False),
        ("relay.example.org", "2514", "relp", False, False),
        ("127.0.0.1", "5140", "udp", False, True),
        ("h", "6514", "tcp", True, False),
    ]


def test_a_line_that_is_not_understood_is_unknown_with_its_line(
    host: Host, problems_of: Callable[[Seen], dict[str, str]]
) -> None:
    section = host.section(COLLECTOR, {**RSYSLOGD, "/etc/rsyslog.conf": "*.* /var/log/all\n\nwhat is this\n"})
    assert section.facts["rsyslog"]["files"], "what was understood is told"
    assert problems_of(section)["@rsyslog.understood"].startswith("/etc/rsyslog.conf:3: ")


def test_files_that_include_one_another_come_to_an_end(host: Host) -> None:
    section = host.section(COLLECTOR, {**RSYSLOGD, "/etc/rsyslog.conf": "$IncludeConfig /etc/rsyslog.conf\n"})
    assert "@rsyslog.understood" in {problem.path for problem in section.problems}


def test_rainer_script_is_passed_over_but_for_its_objects() -> None:
    text = """\
template(name="t" type="list") { property(name="msg") constant(value="\\n") }
ruleset(name="remote") {
    set $.x = "a;b"; # why
    if ($msg contains 'then' and $syslogseverity <= 5) then { stop } else if $x == "y" then /var/log/y
    /* nothing
       here */ call other
    foreach ($.i in $.list) do { action(type="omfile" file="/var/log/i") }
}
:msg, contains, "x" -/var/log/x
& ~
!prog
local7.* { action(type="omusrmsg" users="root") }
"""
    found = [item for item in parse(text) if not isinstance(item, Directive)]
    assert not [item for item in found if isinstance(item, NotUnderstood)]
    assert [item.action for item in found if isinstance(item, LegacyAction)] == ["/var/log/y", "-/var/log/x"]
    lines = {item.kind: item.line for item in found if isinstance(item, Object)}
    assert lines == {"template": 1, "property": 1, "constant": 1, "ruleset": 2, "action": 12}


def test_log_files_that_are_open_further_than_0640(host: Host) -> None:
    host.facts(COLLECTOR, {"/var/log/a.log": "", "/var/log/apt/b.log": "", "/var/log/c.log": "", "/etc/passwd": ""})
    for name, mode in (("a.log", 0o644), ("apt/b.log", 0o660), ("c.log", 0o640)):
        (host.root / "var/log" / name).chmod(mode)
    found = host.facts(COLLECTOR, {})
    assert [(each["path"], each["mode"]) for each in found["open_files"]] == [
        ("/var/log/a.log", 0o644),
        ("/var/log/apt/b.log", 0o660),
    ]


def test_more_open_files_than_are_told_are_counted(host: Host, problems_of: Callable[[Seen], dict[str, str]]) -> None:
    host.facts(COLLECTOR, {f"/var/log/{number}": "" for number in range(205)})
    for path in (host.root / "var/log").iterdir():
        path.chmod(0o644)
    section = host.section(COLLECTOR, {})
    assert (len(section.facts["open_files"]), section.facts["open_left_out"]) == (200, 5)
    assert "205" in problems_of(section)["@open_left_out"]


@given(st.text(alphabet="$&*.:@-/{}()=\"'\\;# \nabifthenmodule", max_size=200))
def test_no_text_breaks_the_syntax_and_lines_are_within_it(text: str) -> None:
    assert all(1 <= item.line <= text.count("\n") + 1 for item in parse(text))


@given(st.text(max_size=200))
def test_no_text_breaks_systemds_syntax(text: str) -> None:
    list(parse_systemd(text, "f", "Journal"))
