"""Section `sshd`: the settings in force, as `sshd -T` prints them for the same files."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.sshd.build import read_build
from bartizan.collect.host.sshd.section import COLLECTOR, algorithms, seconds
from bartizan.collect.host.sshd.settings import SETTINGS, Kind, default
from bartizan.collect.host.sshd.syntax import SyntaxProblem, match_criteria, split_line
from host_folder import Host, Seen, see, write

ProblemsOf = Callable[[Seen], dict[str, str]]
PROGRAM = (
    b"\0OpenSSH_6.6.1*\0OpenSSH_9.2p1\0OpenSSH_9.2p1 Debian-2+deb12u3\0"
    b"chacha20-poly1305@openssh.com,aes128-ctr\0debianbanner\0"
)


def collect(host: Host, configuration: str, **more: str) -> Seen:
    files: dict[str, str | bytes] = {"/usr/sbin/sshd": PROGRAM, "/etc/ssh/sshd_config": configuration}
    return host.section(COLLECTOR, files | {"/" + name.replace("__", "/"): text for name, text in more.items()})


def effective(host: Host, configuration: str) -> Any:
    return collect(host, configuration).facts["effective"]


def test_no_server_is_a_fact(host: Host) -> None:
    section = host.section(COLLECTOR, {"/etc/ssh/sshd_config": "PermitRootLogin yes\n"})
    assert section.facts["present"] is False
    assert section.facts["effective"] is None
    assert section.problems == ()


def test_the_build_says_its_version_and_lists(host: Host) -> None:
    facts = collect(host, "").facts
    assert (facts["version"], facts["vendor"]) == ("9.2p1", "Debian-2+deb12u3")
    assert facts["effective"]["ciphers"] == ["chacha20-poly1305@openssh.com", "aes128-ctr"]
    assert facts["effective"]["debian_banner"] == "yes"
    assert facts["effective"]["gssapi_key_exchange"] is None
    assert facts["effective"]["permit_root_login"] == "prohibit-password"
    assert facts["effective"]["kex_algorithms"][0] == "sntrup761x25519-sha512@openssh.com"


def test_the_first_value_wins_whatever_the_case(host: Host) -> None:
    found = effective(host, 'permitrootlogin=NO\nPermitRootLogin yes\nX11FORWARDING "yes"\nMaxAuthTries 3 # three\n')
    assert (found["permit_root_login"], found["x11_forwarding"], found["max_auth_tries"]) == ("no", "yes", 3)


def test_includes_are_read_in_their_place_in_order_of_names(host: Host) -> None:
    section = collect(
        host,
        "PasswordAuthentication no\nInclude sshd_config.d/*.conf\nPermitRootLogin no\nLoginGraceTime 2m\n",
        **{
            "etc__ssh__sshd_config.d__20.conf": "PermitRootLogin yes\nPasswordAuthentication yes\n",
            "etc__ssh__sshd_config.d__10.conf": "PermitRootLogin forced-commands-only\n",
            "etc__ssh__sshd_config.d__ignored.txt": "PermitEmptyPasswords yes\n",
        },
    )
    found = section.facts["effective"]
    assert found["permit_root_login"] == "forced-commands-only"
    assert found["password_authentication"] == "no"
    assert found["permit_empty_passwords"] == "no"
    assert found["login_grace_time"] == 120
    assert section.facts["sources"] == [
        "/etc/ssh/sshd_config",
        "/etc/ssh/sshd_config.d/10.conf",
        "/etc/ssh/sshd_config.d/20.conf",
    ]


def test_match_blocks_are_kept_as_overrides_and_end_with_their_file(host: Host) -> None:
    section = collect(
        host,
        "Include /etc/ssh/inner.conf\nPermitTTY no\n"
        'Match User "alice,bob" Address 10.0.0.0/8\n  X11Forwarding yes\n  ForceCommand /bin/only --token SECRET\n'
        "Match all\nMaxSessions 2\n",
        **{"etc__ssh__inner.conf": "Match Group=staff\nPasswordAuthentication yes\n"},
    )
    facts = section.facts
    assert facts["effective"]["permit_tty"] == "no"
    assert facts["effective"]["max_sessions"] == 2
    assert facts["effective"]["x11_forwarding"] == "no"
    assert facts["match"] == [
        {
            "criteria": {"group": "staff"},
            "settings": {"password_authentication": "yes"},
            "source": "/etc/ssh/inner.conf:2",
        },
        {
            "criteria": {"user": "alice,bob", "address": "10.0.0.0/8"},
            "settings": {"x11_forwarding": "yes", "force_command": "/bin/only"},
            "source": "/etc/ssh/sshd_config:4",
        },
    ]


def test_lists_gather_over_lines_and_change_the_default(host: Host) -> None:
    found = effective(
        host,
        "AllowUsers alice bob\nAllowUsers carol\nPort 22\nPort 2222\nListenAddress 10.0.0.1\nListenAddress [::1]:99\n"
        "Ciphers -chacha20*\nSetEnv A=SECRET B=SECRET\nSubsystem sftp /usr/lib/sftp-server -l SECRET\n"
        "AcceptEnv LANG LC_*\n",
    )
    assert found["allow_users"] == ["alice", "bob", "carol"]
    assert found["port"] == [22, 2222]
    assert found["listen_address"] == ["10.0.0.1:22", "10.0.0.1:2222", "[::1]:99"]
    assert found["ciphers"] == ["aes128-ctr"]
    assert found["set_env"] == ["A", "B"]
    assert found["subsystem"] == {"sftp": "/usr/lib/sftp-server"}
    assert found["accept_env"] == ["LANG", "LC_*"]


def test_what_the_service_passes_comes_before_the_file(host: Host) -> None:
    section = collect(
        host,
        "PermitRootLogin no\nPort 22\n",
        etc__default__ssh='SSHD_OPTS="-o PermitRootLogin=yes -p 2200 -oMaxSessions=1"\n',
    )
    found = section.facts["effective"]
    assert (found["permit_root_login"], found["port"], found["max_sessions"]) == ("yes", [2200], 1)


def test_what_sshd_would_refuse_is_a_problem_with_its_line(host: Host, problems_of: ProblemsOf) -> None:
    section = collect(
        host, 'PermitRootLogin maybe\nHunter2Password\nBanner "open\nMatch Planet earth\nMaxAuthTries many\nPort\n'
    )
    found = problems_of(section)
    assert set(found) == {f"/etc/ssh/sshd_config:{line}" for line in range(1, 7)}
    assert "Hunter2" not in str(found)
    assert section.facts["effective"]["permit_root_login"] == "prohibit-password"


def test_a_configuration_that_cannot_be_read_is_unknown(host: Host, problems_of: ProblemsOf) -> None:
    section = collect(host, "Include /etc/ssh/loop\n", etc__ssh__loop="-> loop")
    assert "symbolic links" in problems_of(section)["@effective"]


def test_no_configuration_is_unknown_too(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(COLLECTOR, {"/usr/sbin/sshd": PROGRAM})
    assert "does not exist" in problems_of(section)["@effective"]


def test_an_include_of_itself_ends(host: Host, problems_of: ProblemsOf) -> None:
    section = collect(host, "Include /etc/ssh/sshd_config\nPermitTTY no\n")
    assert "too deep" in problems_of(section)["@effective"]
    assert section.facts["effective"]["permit_tty"] == "no"


def test_without_a_version_defaults_that_depend_on_it_are_unknown(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(COLLECTOR, {"/usr/sbin/sshd": b"stripped", "/etc/ssh/sshd_config": "MACs hmac-sha2-256\n"})
    found = problems_of(section)
    assert {"@version", "@effective.ciphers"} <= set(found)
    assert "@effective.macs" not in found
    assert section.facts["effective"]["ciphers"] is None


def test_arguments_are_split_as_openssh_does() -> None:
    assert split_line('  AuthorizedKeysFile = "a b" c\\ d \'e f\' "g\\"h" # comment') == (
        "authorizedkeysfile",
        ["a b", "c d", "e f", 'g"h'],
    )
    assert split_line("# only a comment") is None
    assert split_line("\t") is None
    with pytest.raises(SyntaxProblem):
        split_line('Banner "x')
    assert match_criteria(["user", "a", "Host", "b"]) == (("user", "a"), ("host", "b"))
    assert match_criteria(["ALL"]) == ()


def test_times_and_lists() -> None:
    assert [seconds(text) for text in ("600", "10m", "1h30m", "1w", "none")] == [600, 600, 5400, 604800, 0]
    assert algorithms("+c", ["a", "b"]) == ["a", "b", "c"]
    assert algorithms("-a*,x", ["a1", "a2", "b"]) == ["b"]
    assert algorithms("^b", ["a", "b"]) == ["b", "a"]
    assert algorithms("c,d", ["a"]) == ["c", "d"]


def test_defaults_follow_the_version() -> None:
    kex = SETTINGS["kexalgorithms"]
    assert default(kex, (10, 0), debian=False)[0] == "mlkem768x25519-sha256"
    assert "diffie-hellman-group14-sha1" in default(kex, (7, 4), debian=False)
    assert default(SETTINGS["requiredrsasize"], (8, 4), debian=True) is None
    assert default(SETTINGS["ipqos"], (9, 2), debian=True) == ["lowdelay", "throughput"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_it(tmp_path_factory: pytest.TempPathFactory, first: str, second: str) -> None:
    root = tmp_path_factory.mktemp("sshd")
    text = f"{first}\nMatch {second}\n{second}\nInclude {first}".encode("utf-8", "replace")
    write(root, {"/usr/sbin/sshd": PROGRAM, "/etc/ssh/sshd_config": text})
    see(COLLECTOR, LocalView(str(root)))


@given(st.binary(max_size=200))
def test_no_program_breaks_it(data: bytes) -> None:
    read_build("/usr/sbin/sshd", b"OpenSSH_" + data + b"\0chacha20-poly1305@openssh.com," + data)


CONFIGURATIONS = [
    "",
    "PermitRootLogin without-password\nCiphers +aes128-cbc\nMACs -umac*\nKexAlgorithms ^curve25519-sha256\n",
    "Port 2022\nAddressFamily inet\nAllowUsers a b\nDenyGroups x\nLoginGraceTime 1m30s\nClientAliveInterval 5m\n",
    "Match User nobody-here\nX11Forwarding no\nMatch all\nPermitTTY no\nPermitTTY yes\n",
    'Banner "/etc/my banner"\nAuthorizedKeysFile none\nLogLevel verbose\nSyslogFacility authpriv\n'
    "RequiredRSASize 3072\n",
]


@pytest.mark.component
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_real_sshd_agrees(tmp_path: Path, configuration: str) -> None:
    """`sshd -T` of the installed server on the same file, setting by setting."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("no OpenSSH server is installed to compare with")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    file = tmp_path / "sshd_config"
    file.write_text(f"HostKey {key}\n{configuration}")
    Path("/run/sshd").mkdir(exist_ok=True)
    printed = subprocess.run([program, "-T", "-f", str(file)], capture_output=True, text=True, check=True).stdout
    root = tmp_path / "root"
    write(root, {"/usr/sbin/sshd": Path(program).read_bytes(), "/etc/ssh/sshd_config": file.read_text()})
    ours = see(COLLECTOR, LocalView(str(root))).facts["effective"]
    theirs: dict[str, list[str]] = {}
    for line in printed.splitlines():
        keyword, _, value = line.partition(" ")
        theirs.setdefault(keyword, []).append(value.lower().replace("without-password", "prohibit-password"))
    different = {
        keyword: (ours[SETTINGS[keyword].name], values)
        for keyword, values in theirs.items()
        if keyword not in ("rekeylimit", "unusedconnectiontimeout") and _printed(keyword, ours) != sorted(values)
    }
    assert different == {}


def _printed(keyword: str, ours: Any) -> list[str]:
    setting = SETTINGS[keyword]
    value = ours[setting.name]
    if setting.kind is Kind.ALGORITHMS:
        value = ",".join(value)
    elif setting.kind is Kind.WORDS:
        value = " ".join(value)
    elif setting.kind is Kind.SUBSYSTEM:
        value = [f"{name} {path}" for name, path in value.items()]
    return sorted(str(item).lower() for item in (value if isinstance(value, list) else [value]))
