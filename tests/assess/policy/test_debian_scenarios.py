"""A real, well kept Debian that is changed in one way has exactly the verdicts changed that the change is about.

Facts come from the collectors, verdicts from all built-in policies. What the audit rules come to is asked of the real
augenrules, what the journal reads of the real systemd, whether rsyslog understands its files of the real rsyslogd.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.assess.policy.engine import assess_resource, host_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.audit.merged import merge
from bartizan.collect.host.audit.rules import lines_of
from bartizan.collect.host.audit.section import COLLECTOR as AUDIT
from bartizan.collect.host.logging.section import COLLECTOR as LOGGING
from bartizan.collect.host.snapshot import collect_host
from bartizan.collect.interface import run
from debian_host import debian_host
from debian_root import NoDebian

pytestmark = [pytest.mark.component, pytest.mark.timeout(900), pytest.mark.xdist_group("debian-host")]
POLICIES = load_policies()
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of this worker's own: scenarios change it."""
    try:
        made = debian_host(tmp_path_factory.getbasetemp().parent / "debian-host")
    except NoDebian as error:
        pytest.skip(str(error))
    own = tmp_path_factory.mktemp("host") / "root"
    subprocess.run(["cp", "-a", str(made), str(own)], check=True)
    yield own
    shutil.rmtree(own)


def verdicts(root: Path) -> dict[str, str]:
    snapshot = collect_host(LocalView(str(root)), sensor="test", now=NOW)
    assessment = assess_resource(host_resource(snapshot.sections, "root"), POLICIES)
    found = {each.rule: each.verdict.value for each in assessment.findings}
    found.update(dict.fromkeys(assessment.passed, "pass"))
    found.update(dict.fromkeys(assessment.not_applicable, "not-applicable"))
    return found


@pytest.fixture(scope="module")
def before(root: Path) -> dict[str, str]:
    return verdicts(root)


@dataclass(frozen=True)
class Change:
    """What is done to one file, and undone."""

    path: str
    make: Callable[[Path], None]

    @contextmanager
    def on(self, root: Path) -> Iterator[None]:
        place = root / self.path
        there = os.path.lexists(place)
        made = [each for each in reversed(place.parents) if not each.exists()]
        keep = root.parent / "kept"
        stat = place.lstat() if there else None
        if there and not place.is_dir():
            subprocess.run(["cp", "-a", str(place), str(keep)], check=True)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self.make(place)
            yield
        finally:
            if stat is None:
                shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)
                for folder in reversed(made):
                    folder.rmdir()
            elif keep.exists() or keep.is_symlink():
                place.unlink(missing_ok=True)
                keep.rename(place)
            else:
                os.chown(place, stat.st_uid, stat.st_gid)
                place.chmod(stat.st_mode & 0o7777)


def edit(path: str, old: str, new: str) -> Change:
    def make(place: Path) -> None:
        text = place.read_text()
        assert old in text, f"{path} has no {old!r}"
        place.write_text(text.replace(old, new))

    return Change(path, make)


def mode(path: str, bits: int) -> Change:
    return Change(path, lambda place: place.chmod(bits))


def owner(path: str, uid: int, gid: int) -> Change:
    return Change(path, lambda place: os.chown(place, uid, gid))


def put(path: str, text: str = "", bits: int = 0o644) -> Change:
    def make(place: Path) -> None:
        place.unlink(missing_ok=True)
        place.write_text(text)
        place.chmod(bits)

    return Change(path, make)


def orphan(path: str) -> Change:
    def make(place: Path) -> None:
        place.touch()
        os.chown(place, 4242, 0)

    return Change(path, make)


def folder(path: str, bits: int) -> Change:
    def make(place: Path) -> None:
        place.mkdir()
        place.chmod(bits)

    return Change(path, make)


def gone(path: str) -> Change:
    return Change(path, lambda place: place.unlink())


def link(path: str, target: str) -> Change:
    def make(place: Path) -> None:
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    return Change(path, make)


SITE = "etc/audit/rules.d/50-site.rules"
SSH = "etc/ssh/sshd_config.d/10-site.conf"
QUALITY = "etc/security/pwquality.conf"


def ssh(old: str, new: str) -> Change:
    return edit(SSH, old, new)


SCENARIOS: list[tuple[str, Change, dict[str, str]]] = [
    # logging
    (
        "the journal in memory",
        put("etc/systemd/journald.conf.d/z.conf", "[Journal]\nStorage=volatile\n"),
        {"host-journal-size": "not-applicable"},
    ),
    (
        "the journal not compressed",
        put("etc/systemd/journald.conf.d/z.conf", "[Journal]\nCompress=no\n"),
        {"host-journal-compress": "fail"},
    ),
    ("compression off, and on again later", put("etc/systemd/journald.conf.d/a.conf", "[Journal]\nCompress=no\n"), {}),
    (
        "nothing forwarded",
        put("usr/lib/systemd/journald.conf.d/z.conf", "[Journal]\nForwardToSyslog=no\n"),
        {"host-journal-forwards": "fail"},
    ),
    (
        "the journal without a limit",
        edit("etc/systemd/journald.conf.d/site.conf", "SystemMaxUse=1G\n", ""),
        {"host-journal-size": "fail"},
    ),
    (
        "journald masked",
        link("etc/systemd/system/systemd-journald.service", "/dev/null"),
        {"host-journal-runs": "fail"},
    ),
    (
        "open logs from now on",
        edit("etc/rsyslog.conf", "$FileCreateMode 0640", "$FileCreateMode 0644"),
        {"host-rsyslog-file-mode": "fail"},
    ),
    (
        "a mode of its own for one file",
        put("etc/rsyslog.d/a.conf", 'action(type="omfile" file="/var/log/a" fileCreateMode="0666")\n'),
        {"host-rsyslog-file-mode": "fail"},
    ),
    (
        "rsyslog listens",
        put("etc/rsyslog.d/in.conf", 'module(load="imtcp")\ninput(type="imtcp"\n  port="514")\n'),
        {"host-rsyslog-listens": "fail"},
    ),
    (
        "rsyslog listens, said the old way",
        put("etc/rsyslog.d/in.conf", "$ModLoad imudp\n$UDPServerRun 514\n"),
        {"host-rsyslog-listens": "fail"},
    ),
    ("a module that nothing uses", put("etc/rsyslog.d/in.conf", 'module(load="imtcp")\n'), {}),
    ("an input that is commented out", put("etc/rsyslog.d/in.conf", '#input(type="imtcp" port="514")\n'), {}),
    (
        "a line that nobody understands",
        put("etc/rsyslog.d/zz.conf", "what is this\n"),
        {"host-rsyslog-file-mode": "unknown", "host-rsyslog-listens": "unknown"},
    ),
    (
        "sent in the clear",
        edit("etc/rsyslog.d/60-forward.conf", ' StreamDriver="gtls" StreamDriverMode="1"', ""),
        {"host-rsyslog-forward-tls": "fail"},
    ),
    (
        "sent nowhere",
        gone("etc/rsyslog.d/60-forward.conf"),
        {"host-rsyslog-forward": "fail", "host-rsyslog-forward-tls": "not-applicable"},
    ),
    ("an open log file", mode("var/log/dpkg.log", 0o644), {"host-log-files-closed": "fail"}),
    ("nothing rotates", link("etc/systemd/system/logrotate.timer", "/dev/null"), {}),
    # audit
    ("one rule is missing", edit(SITE, "-w /etc/sudoers.d -p wa -k site\n", ""), {"host-audit-sudo-rules": "fail"}),
    (
        "writing alone is watched",
        edit(SITE, "-w /etc/shadow -p wa", "-w /etc/shadow -p w"),
        {"host-audit-accounts": "fail"},
    ),
    (
        "one interface is missing",
        edit(SITE, "-F arch=b32 -S mount", "-F arch=b64 -S mount"),
        {"host-audit-mounts": "fail"},
    ),
    ("spread over several options", edit(SITE, "-S chmod,fchmod,fchmodat", "-S chmod -S fchmodat -S fchmod"), {}),
    ("one call is missing", edit(SITE, "-S chown,fchown,lchown", "-S chown,fchown"), {"host-audit-owners": "fail"}),
    (
        "some people only",
        edit(
            SITE, "-S unlink,unlinkat,rename,renameat -F auid>=1000", "-S unlink,unlinkat,rename,renameat -F auid>=2000"
        ),
        {"host-audit-deletion": "fail"},
    ),
    ("another way to write it", edit(SITE, "-C euid!=uid -F auid!=unset", "-F auid!=4294967295 -C uid!=euid"), {}),
    ("one error is missing", edit(SITE, "-F exit=-EPERM", "-F exit=-EACCES"), {"host-audit-refused-access": "fail"}),
    ("the sudo log", edit(SITE, "-w /var/log/sudo.log -p wa -k site\n", ""), {"host-audit-sudo-log": "fail"}),
    ("sessions", edit(SITE, "-w /var/run/utmp -p wa -k site\n", ""), {"host-audit-sessions": "fail"}),
    ("a folder instead of its files", edit(SITE, "-w /var/log/lastlog -p wa", "-w /var/log -p wa"), {}),
    (
        "the clock",
        edit(SITE, "-S clock_settime -F a0=0x0", "-S clock_settime -F a0=0x1"),
        {"host-audit-clock-set": "fail"},
    ),
    (
        "a program with privileges",
        edit(SITE, "-F path=/usr/bin/sudo -F perm=x", "-F path=/usr/bin/sudoedit -F perm=x"),
        {"host-audit-privileged-programs": "fail"},
    ),
    (
        "the use of usermod",
        edit(SITE, "-F path=/usr/sbin/usermod", "-F path=/usr/sbin/userdel"),
        {"host-audit-use-of-usermod": "fail"},
    ),
    ("rules may change", gone("etc/audit/rules.d/99-finalize.rules"), {"host-audit-immutable": "fail"}),
    ("an earlier lock counts last all the same", put("etc/audit/rules.d/00-lock.rules", "-e 1\n", 0o640), {}),
    ("an open rule file", mode(SITE, 0o644), {"host-audit-files-configuration": "fail"}),
    ("a tool of somebody else", owner("usr/sbin/auditctl", 1000, 0), {"host-audit-files-tools": "fail"}),
    ("an open folder of logs", mode("var/log/audit", 0o755), {"host-audit-files-log-folder": "fail"}),
    (
        "logs that turn over",
        edit("etc/audit/auditd.conf", "max_log_file_action = keep_logs", "max_log_file_action = ROTATE"),
        {"host-audit-log-kept": "fail"},
    ),
    (
        "a small log",
        edit("etc/audit/auditd.conf", "max_log_file = 8", "max_log_file = 1"),
        {"host-audit-log-size": "fail"},
    ),
    (
        "a full disk is borne",
        edit("etc/audit/auditd.conf", "disk_full_action = halt", "disk_full_action = SUSPEND"),
        {"host-audit-log-full": "fail"},
    ),
    (
        "nobody is told",
        edit("etc/audit/auditd.conf", "\nspace_left_action = email", "\nspace_left_action = SYSLOG"),
        {"host-audit-log-filling": "fail"},
    ),
    (
        "records of others",
        edit("etc/audit/auditd.conf", "##tcp_listen_port", "tcp_listen_port"),
        {"host-audit-receives": "fail"},
    ),
    # the whole disk
    (
        "a back door",
        put("usr/local/bin/sh", "", 0o4755),
        {"host-disk-privileged-packaged": "fail", "host-audit-privileged-programs": "fail"},
    ),
    ("a file for everybody", put("opt/run.sh", "", 0o777), {"host-disk-writable-files": "fail"}),
    ("a file for everybody where nobody gets to", put("root/run.sh", "", 0o777), {}),
    ("a folder for everybody", folder("opt/drop", 0o777), {"host-disk-writable-folders": "fail"}),
    ("a folder for everybody, each for their own", folder("opt/drop", 0o1777), {}),
    (
        "a file of nobody",
        orphan("opt/old"),
        {"host-disk-orphans": "fail"},
    ),
    # sign-in
    (
        "root signs in",
        ssh("PermitRootLogin no", "PermitRootLogin yes"),
        {"host-ssh-root-login": "fail", "host-ssh-root-login-none": "fail"},
    ),
    ("the first value counts", edit("etc/ssh/sshd_config", "UsePAM yes", "UsePAM yes\nMaxAuthTries 20"), {}),
    ("many tries", put("etc/ssh/sshd_config.d/00-a.conf", "MaxAuthTries 20\n"), {"host-ssh-max-tries": "fail"}),
    (
        "weak ciphers",
        ssh("Ciphers aes256-gcm@openssh.com", "Ciphers aes128-cbc,aes256-gcm@openssh.com"),
        {"host-ssh-ciphers": "fail"},
    ),
    (
        "weak codes",
        ssh("MACs hmac-sha2-512-etm@openssh.com", "MACs hmac-md5,hmac-sha2-512-etm@openssh.com"),
        {"host-ssh-macs": "fail"},
    ),
    ("no banner", ssh("Banner /etc/issue.net\n", ""), {"host-ssh-banner": "fail"}),
    ("a long grace", ssh("LoginGraceTime 60", "LoginGraceTime 2m"), {"host-ssh-login-grace": "fail"}),
    ("dead connections stay", ssh("ClientAliveInterval 300", "ClientAliveInterval 0"), {"host-ssh-idle": "fail"}),
    ("everybody signs in", ssh("AllowGroups ssh-users\n", ""), {"host-ssh-access-list": "fail"}),
    (
        "open host configuration",
        mode("etc/ssh/sshd_config", 0o666),
        {"host-file-sshd-config": "fail", "host-files-sshd-drop-ins": "fail", "host-disk-writable-files": "fail"},
    ),
    (
        "sudo without a password",
        put("etc/sudoers.d/alice", "alice ALL=(ALL) NOPASSWD: /bin/ls\n", 0o440),
        {"host-sudo-password": "fail"},
    ),
    (
        "sudo without a log",
        edit("etc/sudoers.d/site", "Defaults logfile=/var/log/sudo.log\n", ""),
        {"host-sudo-log": "fail", "host-audit-sudo-log": "not-applicable"},
    ),
    (
        "sudo remembers for long",
        edit("etc/sudoers.d/site", "timestamp_timeout=5", "timestamp_timeout=60"),
        {"host-sudo-timeout": "fail"},
    ),
    (
        "su for everybody",
        edit("etc/pam.d/su", "auth required pam_wheel.so use_uid group=sugroup", ""),
        {"host-su-restricted": "fail"},
    ),
    ("short passwords", edit(QUALITY, "minlen = 14", "minlen = 8"), {"host-pam-quality-length": "fail"}),
    ("passwords that repeat", edit(QUALITY, "maxrepeat = 3", "maxrepeat = 0"), {"host-pam-quality-repeats": "fail"}),
    ("quality is advice", edit(QUALITY, "enforcing = 1", "enforcing = 0"), {"host-pam-quality-enforcing": "fail"}),
    ("not for root", edit(QUALITY, "enforce_for_root\n", ""), {"host-pam-quality-root": "fail"}),
    (
        "the argument beats the file",
        edit("etc/pam.d/common-password", "pam_pwquality.so retry=3", "pam_pwquality.so retry=3 minlen=6"),
        {"host-pam-quality-length": "fail"},
    ),
    (
        "many tries at the console",
        edit("etc/security/faillock.conf", "deny = 5", "deny = 50"),
        {"host-pam-lock-deny": "fail"},
    ),
    (
        "a short lock",
        edit("etc/security/faillock.conf", "unlock_time = 900", "unlock_time = 10"),
        {"host-pam-lock-time": "fail"},
    ),
    (
        "weak hashes",
        edit("etc/pam.d/common-password", "use_authtok yescrypt", "use_authtok md5"),
        {"host-pam-hash": "fail"},
    ),
    ("dumps of memory", gone("etc/security/limits.d/site.conf"), {"host-pam-core-limit": "fail"}),
    # accounts
    (
        "a second root",
        edit("etc/passwd", "alice:x:1000:", "alice:x:0:"),
        {
            "host-account-uid-zero": "fail",
            "host-account-duplicate-uid": "fail",
            "host-account-homes": "fail",
            "host-disk-orphans": "fail",
        },
    ),
    (
        "an empty password",
        edit("etc/shadow", "alice:$y$j9T$abc$def:", "alice::"),
        {"host-account-empty-password": "fail"},
    ),
    (
        "an old hash",
        edit("etc/shadow", "alice:$y$j9T$abc$def:", "alice:$1$abc$def:"),
        {"host-account-weak-hash": "fail"},
    ),
    (
        "passwords for ever",
        edit("etc/login.defs", "PASS_MAX_DAYS\t365", "PASS_MAX_DAYS\t99999"),
        {"host-password-max-age": "fail"},
    ),
    (
        "a name twice",
        edit("etc/group", "sugroup:x:990:", "sugroup:x:990:\nsugroup:x:989:"),
        {"host-group-duplicate-name": "fail"},
    ),
    (
        "members of shadow",
        edit("etc/group", "shadow:x:42:", "shadow:x:42:alice"),
        {"host-group-shadow-empty": "fail", "host-group-privileged-members": "fail"},
    ),
    (
        "a shell for a service",
        edit("etc/passwd", "games:/usr/games:/usr/sbin/nologin", "games:/usr/games:/bin/sh"),
        {"host-account-system-shell": "fail", "host-account-homes": "fail"},
    ),
    # files, kernel, mounts, services
    ("an open shadow file", mode("etc/shadow", 0o644), {"host-file-shadow": "fail"}),
    (
        "a crontab of somebody",
        owner("etc/crontab", 1000, 0),
        {"host-file-crontab": "fail", "host-files-cron-tables": "fail"},
    ),
    (
        "everybody plans jobs",
        gone("etc/cron.allow"),
        {"host-file-cron-allow": "not-applicable", "host-files-cron-restricted": "fail"},
    ),
    (
        "packets are forwarded",
        edit("etc/sysctl.d/60-site.conf", "net.ipv4.ip_forward = 0", "net.ipv4.ip_forward = 1"),
        {"host-kernel-ip-forwarding": "fail"},
    ),
    (
        "addresses are not randomised",
        edit("etc/sysctl.d/60-site.conf", "kernel.randomize_va_space = 2", "kernel.randomize_va_space = 0"),
        {"host-kernel-aslr": "fail"},
    ),
    (
        "auditd does not start",
        link("etc/systemd/system/auditd.service", "/dev/null"),
        {"host-service-auditd-starts": "fail"},
    ),
    (
        "a shell for debugging",
        link(
            "etc/systemd/system/sysinit.target.wants/debug-shell.service", "/usr/lib/systemd/system/debug-shell.service"
        ),
        {"host-service-debug-shell": "fail"},
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"), [(c, e) for _, c, e in SCENARIOS], ids=[name for name, _, _ in SCENARIOS]
)
def test_one_change(root: Path, before: dict[str, str], change: Change, expected: dict[str, str]) -> None:
    with change.on(root):
        if change.path.startswith("etc/audit/rules.d/"):
            subprocess.run(["chroot", str(root), "augenrules"], check=True, capture_output=True)
        after = verdicts(root)
    if change.path.startswith("etc/audit/rules.d/"):
        subprocess.run(["chroot", str(root), "augenrules"], check=True, capture_output=True)
    assert {key: after[key] for key in after if after[key] != before[key]} == expected


def test_nothing_fails_that_could_be_set_in_a_folder(before: dict[str, str]) -> None:
    assert {key for key, verdict in before.items() if verdict == "fail"} <= {
        "host-package-unattended-upgrades-present",
        "host-ssh-ignore-user-known-hosts",
        "host-ssh-rsa-size",
        "host-time-authenticated",
        "host-time-servers",
        "host-updates-security-pocket",
    }


def test_augenrules_makes_the_same_of_the_folder(root: Path) -> None:
    """Names whose order differs between bytes and versions, and each directive in several files."""
    files = {
        "9-a.rules": "-b 100\n-e 2\n-w /a -p wa\n",
        "10-b.rules": "-f 2\n\n# note\n-D\n-w /b -p wa\n",
        "10-b2.rules": "-w /b2 -p r\n-e 1\n",
        "10-b10.rules": "-w /b10 -p r\n-D\n",
        "a.conf": "-w /never -p r\n",
    }
    place = root / "etc/audit/rules.d"
    try:
        for name, text in files.items():
            (place / name).write_text(text)
        subprocess.run(["chroot", str(root), "augenrules"], check=True, capture_output=True)
        facts = run(AUDIT, LocalView(str(root))).facts
        assert isinstance(facts, dict)
        assert facts["in_step"] is True
        theirs = list(lines_of((root / "etc/audit/audit.rules").read_text(), "audit.rules"))
        assert [each.text for each in merge(theirs)] == [each.text for each in theirs]
        assert [each["path"] for each in facts["rules"] if each["path"].startswith(("/a", "/b"))][:4] == [
            "/a",
            "/b",
            "/b2",
            "/b10",
        ]
    finally:
        for name in files:
            (place / name).unlink()
        subprocess.run(["chroot", str(root), "augenrules"], check=True, capture_output=True)


def test_systemd_reads_the_same_files_of_the_journal_in_the_same_order(root: Path) -> None:
    changes = [
        put("etc/systemd/journald.conf.d/50-a.conf", "[Journal]\n"),
        put("usr/lib/systemd/journald.conf.d/40-b.conf", "[Journal]\n"),
        put("usr/lib/systemd/journald.conf.d/50-a.conf", "[Journal]\n"),
        put("usr/lib/systemd/journald.conf.d/60-c", "[Journal]\n"),
    ]
    with changes[0].on(root), changes[1].on(root), changes[2].on(root), changes[3].on(root):
        command = ["chroot", str(root), "systemd-analyze", "cat-config", "--no-pager", "systemd/journald.conf"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        facts = run(LOGGING, LocalView(str(root))).facts
    assert isinstance(facts, dict)
    assert facts["journal"]["sources"] == [line[2:] for line in told.splitlines() if line.startswith("# /")]


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("*.=info;mail.none\t-/var/log/info\n", True),
        ('if $programname == "x" then {\n action(type="omfile" file="/var/log/x")\n stop\n}\n', True),
        ('$FileCreateMode 0640\n:msg, contains, "x" /var/log/x\n& stop\n', True),
        ("what is this\n", False),
    ],
)
def test_rsyslogd_takes_what_is_understood_and_refuses_what_is_not(root: Path, text: str, understood: bool) -> None:
    with put("etc/rsyslog.d/test.conf", text).on(root):
        done = subprocess.run(["chroot", str(root), "rsyslogd", "-N1"], check=False, capture_output=True, text=True)
        facts = run(LOGGING, LocalView(str(root))).facts
    assert isinstance(facts, dict)
    assert facts["rsyslog"]["understood"] is understood
    assert ("error" not in done.stderr) is understood, done.stderr
