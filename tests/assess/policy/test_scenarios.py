"""A root that is changed in one way has exactly the verdicts changed that the change is about.

Real files, real collectors, all built-in policies: what the unit cases of policies cannot show.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.assess.policy.engine import assess_resource, host_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.snapshot import collect_host

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the files of the root have to belong to root")
POLICIES = load_policies()

STATUS = """\
Package: {}
Status: install ok installed
Architecture: amd64
Version: 1.0

"""
FILES = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww:x:33:33:www:/var/www:/usr/sbin/nologin\n"
    "alice:x:1000:1000::/home/alice:/bin/bash\n",
    "etc/shadow": "root:!:19000:1:365:7:30::\nwww:*:19000:0:99999:7:::\nalice:$y$j9T$abc$def:19000:1:365:7:30::\n",
    "etc/group": "root:x:0:\nwww:x:33:\nshadow:x:42:\nalice:x:1000:\ndocker:x:990:\n",
    "etc/gshadow": "root:*::\nwww:*::\nshadow:*::\nalice:!::\ndocker:!::\n",
    "etc/login.defs": "PASS_MAX_DAYS 365\nPASS_MIN_DAYS 1\nPASS_WARN_AGE 7\nUMASK 027\n"
    "ENCRYPT_METHOD YESCRYPT\nUID_MIN 1000\n",
    "etc/default/useradd": "INACTIVE=30\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    "etc/sudoers": "Defaults use_pty\nDefaults logfile=/var/log/sudo.log\nDefaults secure_path=/usr/sbin:/usr/bin\n"
    "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    "etc/sudoers.d/README": "# nothing\n",
    "etc/pam.d/login": "auth required pam_faillock.so preauth\nauth required pam_unix.so\n"
    "account required pam_unix.so\n"
    "session required pam_limits.so\nsession required pam_loginuid.so\n",
    "etc/pam.d/passwd": "password requisite pam_pwquality.so retry=3\npassword required pam_pwhistory.so remember=24\n"
    "password required pam_unix.so use_authtok yescrypt\n",
    "etc/pam.d/su": "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid group=sugroup\n"
    "auth required pam_faillock.so preauth\nauth required pam_unix.so\n",
    "etc/security/pwquality.conf": "minlen = 14\nminclass = 3\nenforce_for_root\n",
    "etc/modprobe.d/block.conf": "install cramfs /bin/false\n",
    "etc/fstab": "tmpfs /tmp tmpfs nodev,nosuid,noexec 0 0\n",
    "etc/crontab": "17 * * * * root /usr/local/sbin/job\n",
    "usr/bin/sudo": "",
    "var/lib/dpkg/status": "".join(map(STATUS.format, ("bash", "sudo", "apparmor", "auditd", "aide"))),
}
MODES = {
    "etc/shadow": 0o640,
    "etc/gshadow": 0o640,
    "etc/sudoers": 0o440,
    "etc/crontab": 0o600,
    "usr/bin/sudo": 0o4755,
    "etc/sudoers.d": 0o750,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, mode in MODES.items():
        (tmp_path / name).chmod(mode)
    return tmp_path


def verdicts(root: Path) -> dict[str, str]:
    snapshot = collect_host(LocalView(str(root)), sensor="test", now=datetime(2026, 11, 23, tzinfo=UTC))
    assessment = assess_resource(host_resource(snapshot.sections, "root"), POLICIES)
    found = {each.rule: each.verdict.value for each in assessment.findings}
    found.update(dict.fromkeys(assessment.passed, "pass"))
    found.update(dict.fromkeys(assessment.not_applicable, "not-applicable"))
    return found


def edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        text = path.read_text()
        assert old in text
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_text(text.replace(old, new))
        path.chmod(mode)

    return change


def mode(name: str, bits: int) -> Callable[[Path], None]:
    return lambda root: (root / name).chmod(bits)


def added(name: str, text: str, bits: int = 0o440) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(bits)

    return change


SCENARIOS: list[tuple[str, Callable[[Path], None], dict[str, str]]] = [
    (
        "a second root",
        edited("etc/passwd", "alice:x:1000:", "alice:x:0:"),
        {"host-account-uid-zero": "fail", "host-account-duplicate-uid": "fail", "host-account-home-exists": "pass"},
    ),
    ("an empty password", edited("etc/shadow", "$y$j9T$abc$def", ""), {"host-account-empty-password": "fail"}),
    ("an old hash", edited("etc/shadow", "$y$j9T$abc$def", "$1$abc$def"), {"host-account-weak-hash": "fail"}),
    (
        "a shell for a service",
        edited("etc/passwd", "/usr/sbin/nologin", "/bin/sh"),
        {"host-account-system-shell": "fail"},
    ),
    (
        "a password for a service",
        edited("etc/shadow", "www:*", "www:$y$x$y$z"),
        {
            "host-account-nologin-locked": "fail",
            "host-password-max-age": "fail",
            "host-password-min-age": "fail",
        },
    ),
    (
        "a member of docker",
        edited("etc/group", "docker:x:990:", "docker:x:990:alice"),
        {"host-group-privileged-members": "fail"},
    ),
    ("a group id twice", edited("etc/group", "docker:x:990:", "docker:x:1000:"), {"host-group-duplicate-gid": "fail"}),
    (
        "passwords for ever",
        edited("etc/login.defs", "PASS_MAX_DAYS 365", "PASS_MAX_DAYS 99999"),
        {"host-password-max-age": "fail"},
    ),
    ("a wide umask", edited("etc/login.defs", "UMASK 027", "UMASK 022"), {"host-account-umask": "fail"}),
    ("an open shadow file", mode("etc/shadow", 0o644), {"host-file-shadow": "fail"}),
    (
        "no password for sudo, in a drop-in",
        added("etc/sudoers.d/alice", "alice ALL=(ALL) NOPASSWD: ALL\n"),
        {
            "host-sudo-password": "fail",
            "host-sudo-password-all": "fail",
        },
    ),
    (
        "an editor by sudo, through an alias",
        added("etc/sudoers.d/web", "Cmnd_Alias E = /usr/bin/vim\nwww ALL = E\n"),
        {
            "host-sudo-escapes": "fail",
        },
    ),
    ("sudo for ever", added("etc/sudoers.d/t", "Defaults timestamp_timeout=-1\n"), {"host-sudo-timeout": "fail"}),
    (
        "empty passwords by PAM",
        edited("etc/pam.d/login", "pam_unix.so\naccount", "pam_unix.so nullok\naccount"),
        {
            "host-pam-empty-passwords": "fail",
        },
    ),
    (
        "short passwords by an argument",
        edited("etc/pam.d/passwd", "retry=3", "retry=3 minlen=6"),
        {
            "host-pam-quality-length": "fail",
        },
    ),
    (
        "no lock",
        edited("etc/pam.d/login", "auth required pam_faillock.so preauth\n", ""),
        {"host-pam-faillock": "fail"},
    ),
    (
        "su for all",
        edited("etc/pam.d/su", "auth required pam_wheel.so use_uid group=sugroup\n", ""),
        {"host-su-restricted": "fail"},
    ),
    (
        "a job from a home",
        edited("etc/crontab", "/usr/local/sbin/job", "/home/alice/job"),
        {"host-cron-root-jobs-writable": "fail"},
    ),
    (
        "a telnet client",
        edited("var/lib/dpkg/status", "Package: bash", "Package: telnet"),
        {"host-package-telnet-client": "fail"},
    ),
    ("an old release", edited("etc/os-release", '"12"', '"10"'), {"host-os-supported": "fail"}),
    (
        "a preloaded library",
        added("etc/ld.so.preload", "/lib/x.so\n", 0o644),
        {
            "host-files-preload": "fail",
            "host-file-preload": "pass",
            "host-files-linker": "pass",
        },
    ),
    ("a trusted host", added("etc/hosts.equiv", "other\n", 0o644), {"host-files-trust-between-hosts": "fail"}),
    ("nothing but a remark", added("etc/sudoers.d/x", "# a remark\n"), {}),
]


@pytest.mark.parametrize(("change", "wanted"), [each[1:] for each in SCENARIOS], ids=[each[0] for each in SCENARIOS])
def test_a_change_changes_what_it_is_about(root: Path, change: Callable[[Path], None], wanted: dict[str, str]) -> None:
    before = verdicts(root)
    change(root)
    after = verdicts(root)
    assert {rule: verdict for rule, verdict in after.items() if before[rule] != verdict} == wanted


def test_the_root_is_good_where_the_scenarios_make_it_bad(root: Path) -> None:
    before = verdicts(root)
    for _, _, wanted in SCENARIOS:
        for rule, verdict in wanted.items():
            if verdict == "fail":
                assert before[rule] == "pass", rule
