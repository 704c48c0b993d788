"""Hosts of Red Hat's family: the same policies answer, from the paths that these hosts use.

Rocky Linux 9 and AlmaLinux 8 as their installers leave them, in the parts that the policies below read.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bartizan.assess.policy.engine import assess_resource, host_resource, load_policies
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.snapshot import collect_host
from bartizan.model.policy import PolicyResult

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the files of the root have to belong to root")
POLICIES = load_policies()
PASS, FAIL, UNKNOWN, LEFT = PolicyResult.PASS, PolicyResult.FAIL, PolicyResult.UNKNOWN, PolicyResult.NOT_APPLICABLE

RELEASES = {
    "rocky 9": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\n',
    "alma 8": 'ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"\nPLATFORM_ID="platform:el8"\n',
}
AUTH = """\
auth        required      pam_env.so
auth        required      pam_faillock.so preauth silent
auth        sufficient    pam_unix.so
auth        required      pam_faillock.so authfail
auth        required      pam_deny.so
account     required      pam_faillock.so
account     required      pam_unix.so
password    requisite     pam_pwquality.so local_users_only
password    sufficient    pam_unix.so sha512 shadow use_authtok
password    required      pam_deny.so
session     required      pam_limits.so
session     required      pam_unix.so
"""
NULLOK = AUTH.replace("sufficient    pam_unix.so\n", "sufficient    pam_unix.so nullok\n")
STACK = "auth substack {0}\naccount include {0}\npassword include {0}\nsession include {0}\n"
WATCHED = ("/etc/issue", "/etc/issue.net", "/etc/hosts", "/etc/sysconfig/network", "/etc/NetworkManager")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "etc/shadow": "root:!:19000:0:99999:7:::\n",
    "etc/group": "root:x:0:\n",
    "etc/login.defs": "PASS_MAX_DAYS 365\nPASS_MIN_DAYS 1\nUMASK 027\nENCRYPT_METHOD SHA512\n",
    "etc/pam.d/system-auth": AUTH,
    "etc/pam.d/password-auth": AUTH,
    "etc/pam.d/sshd": STACK.format("password-auth"),
    **{f"etc/pam.d/{name}": STACK.format("system-auth") for name in ("login", "passwd", "sudo", "su")},
    "etc/security/faillock.conf": "deny = 5\nunlock_time = 900\n",
    "etc/security/pwquality.conf": "minlen = 14\n",
    "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n",
    "etc/ssh/sshd_config.d/50-redhat.conf": (
        "Include /etc/crypto-policies/back-ends/opensshserver.config\nUsePAM yes\nX11Forwarding yes\n"
    ),
    "etc/crypto-policies/back-ends/opensshserver.config": "Ciphers aes256-gcm@openssh.com\nMACs hmac-sha1\n",
    "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    "etc/default/grub": 'GRUB_CMDLINE_LINUX="rhgb quiet"\n',
    "boot/grub2/grub.cfg": "menuentry x\n",
    "boot/grub2/user.cfg": "GRUB2_PASSWORD=grub.pbkdf2.sha512.10000.AB.CD\n",
    "etc/audit/auditd.conf": "max_log_file = 8\n",
    "etc/audit/rules.d/network.rules": "".join(f"-w {path} -p wa\n" for path in WATCHED)
    + "-w /etc/sysconfig/network-scripts/ -p wa\n",
    "usr/sbin/sshd": "",
    "usr/sbin/auditd": "",
}
MODES = {"usr/sbin/sshd": 0o755, "usr/sbin/auditd": 0o755, "boot/grub2/grub.cfg": 0o700, "boot/grub2/user.cfg": 0o600}


def verdicts(root: Path, files: dict[str, str], modes: dict[str, int]) -> dict[str, PolicyResult]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(modes.get(name, 0o644))
    snapshot = collect_host(LocalView(str(root)), sensor="test", now=datetime(2026, 11, 23, tzinfo=UTC))
    found = assess_resource(host_resource(snapshot.sections, "root"), POLICIES)
    out = dict.fromkeys(found.passed, PASS) | dict.fromkeys(found.not_applicable, LEFT)
    return out | {each.rule: PolicyResult(each.verdict.value) for each in found.findings}


ANSWERS = {
    "host-audit-network": PASS,
    "host-audit-accounts": FAIL,
    "host-file-grub": LEFT,
    "host-file-grub2": PASS,
    "host-file-grub2-password": PASS,
    "host-file-apt-credentials": LEFT,
    "host-pam-empty-passwords": PASS,
    "host-pam-faillock": PASS,
    "host-pam-history": FAIL,
    "host-ssh-x11-forwarding": FAIL,
    "host-ssh-macs": FAIL,
    "host-ssh-ciphers": PASS,
}


@pytest.mark.parametrize("release", RELEASES)
def test_policies_answer_from_the_paths_of_the_family(tmp_path: Path, release: str) -> None:
    found = verdicts(tmp_path, {**FILES, "etc/os-release": RELEASES[release]}, MODES)
    assert {rule: found.get(rule) for rule in ANSWERS} == ANSWERS


@pytest.mark.parametrize(
    ("files", "modes", "rule"),
    [
        ({"etc/audit/rules.d/network.rules": "-w /etc/issue -p wa\n"}, {}, "host-audit-network"),
        ({}, {"boot/grub2/grub.cfg": 0o644}, "host-file-grub2"),
        ({}, {"boot/grub2/user.cfg": 0o644}, "host-file-grub2-password"),
        ({"etc/pam.d/password-auth": AUTH.replace("pam_faillock", "pam_tally")}, {}, "host-pam-faillock"),
        ({"etc/pam.d/system-auth": NULLOK}, {}, "host-pam-empty-passwords"),
    ],
)  # fmt: skip
def test_a_change_there_changes_the_answer(
    tmp_path: Path, files: dict[str, str], modes: dict[str, int], rule: str
) -> None:
    changed = {**FILES, "etc/os-release": RELEASES["rocky 9"], **files}
    assert verdicts(tmp_path, changed, {**MODES, **modes})[rule] is FAIL
