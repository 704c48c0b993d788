"""A whole pass: what leaves a host, that it leaves no secret, and that an unchanged host has unchanged digests."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartizan.collect.filesystem.interface import FileKind
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host.collectors import COLLECTORS
from bartizan.collect.host.snapshot import collect_host, host_asset
from bartizan.collect.interface import run
from bartizan.model.snapshot import Section, Snapshot
from bartizan.model.wire import canonical
from host_folder import Host, write

NOW = datetime(2026, 11, 23, 10, 37, 0, tzinfo=UTC)
MARK = "CANARY"
SECTIONS = {
    *("os", "kernel", "modules", "users", "groups", "sudo", "files", "mounts", "units", "sockets", "sshd", "pam"),
    *("cron", "firewall", "time", "logging", "audit", "disk", "cloud", "updates_apt"),
}

SECRETS: dict[str, str | bytes] = {
    "/etc/os-release": "ID=debian\nVERSION_ID=12\n# CANARY\nAPI_KEY=CANARY\n",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/hostname": "web\n",
    "/etc/passwd": "root:x:0:0:CANARY:/root:/bin/sh\nold:CANARYCANARY.:5:5::/:/bin/sh\n"
    "alice:x:1000:1000::/home/alice:/bin/sh\nCANARY\n",
    "/etc/shadow": "root:$6$CANARYsalt$CANARYhash:1:0:9:7:::\nalice:$y$j9T$CANARY$CANARY:1:::::CANARY:\n"
    "bob:!$1$CANARY$CANARY:1::::::\nsvc:CANARYCANARY1:1::::::\nCANARY\n",
    "/etc/shadow-": "root:$6$CANARY$CANARY:1:0:9:7:::\n",
    "/etc/gshadow": "adm:$6$CANARY$CANARY::\nCANARY\n",
    "/etc/group": "root:x:0:\nadm:CANARYCANARY1:4:alice\n",
    "/etc/security/opasswd": "alice:1000:1:$6$CANARY\n",
    "/etc/login.defs": "# CANARY\nMOTD_FILE CANARY\nUMASK 022\n",
    "/etc/environment": "DB_PASSWORD=CANARY\n",
    "/usr/sbin/rsyslogd": "",
    "/etc/rsyslog.conf": "# CANARY\n*.* :ommysql:db,logs,me,CANARY\nCANARY what is this\nset $.t = 'CANARY';\n"
    'action(type="ommysql" server="db" uid="me" pwd="CANARY")\naction(type="omhttp" uid="CANARY" pwd=CANARY\n',
    "/usr/sbin/auditd": "",
    "/etc/audit/auditd.conf": "space_left_action = exec /bin/x CANARY\nCANARY\n",
    "/etc/audit/rules.d/a.rules": "-w /a -p wa -k CANARY\nCANARY\n-CANARY x\n-a always,exit -F CANARY -S x\n",
    "/usr/lib/systemd/systemd-journald": "",
    "/usr/lib/systemd/systemd-journal-upload": "",
    "/etc/systemd/journald.conf": "[Journal]\nStorage=CANARY\nCANARY=CANARY\n",
    "/etc/systemd/journal-upload.conf": "[Upload]\nURL=https://me:CANARY@logs.example.org\nCANARY=CANARY\n",
    "/etc/profile.d/x.sh": "export TOKEN=CANARY\n",
    "/etc/ssh/ssh_host_ed25519_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n",
    "/etc/ssl/private/site.key": "-----BEGIN PRIVATE KEY-----\nCANARY\n",
    "/root/.ssh/id_rsa": "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n",
    "/root/.netrc": "machine x password CANARY\n",
    "/root/.pgpass": "*:*:*:*:CANARY\n",
    "/root/.bash_history": "mysql -pCANARY\n",
    "/home/alice/.aws/credentials": "aws_secret_access_key=CANARY\n",
    "/home/alice/.kube/config": "token: CANARY\n",
    "/home/alice/.docker/config.json": '{"auths": {"x": {"auth": "CANARY"}}}',
    "/home/alice/.ssh/authorized_keys": 'command="CANARY" ssh-ed25519 CANARY CANARY\n',
    "/usr/bin/sudo": "",
    "/etc/sudoers": '# CANARY\nDefaults passprompt="CANARY", env_keep="A=CANARY"\n'
    "alice ALL = NOPASSWD: /usr/bin/curl -u CANARY, sha224:CANARY /bin/ls\nDefaults!CANARY\nCANARY\n",
    "/etc/sudoers.d/extra": "alice ALL=(root) CWD=/CANARY /bin/x CANARY # CANARY\n",
    "/etc/crontab": "TOKEN=CANARY\n0 0 * * * root curl -H CANARY\n0 1 * * * root /bin/x --key=CANARY\nCANARY\n",
    "/var/spool/cron/crontabs/alice": "0 0 * * * PASSWORD=CANARY /bin/job\n@daily mysql -pCANARY\n",
    "/etc/cron.daily/job": "#!/bin/sh\nexport PASSWORD=CANARY\n",
    "/etc/pam.d/sshd": "auth required pam_ldap.so bindpw=CANARY CANARY # CANARY\nCANARY required pam_x.so\n"
    "auth CANARY pam_x.so\n",
    "/etc/security/pwquality.conf": "minlen=8\nsecret=CANARY\n",
    "/etc/fstab": "//u:CANARY@server/x /mnt cifs username=u,password=CANARY,credentials=/CANARY 0 0\nCANARY\n",
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet token=CANARY init=CANARY"\n',
    "/boot/grub/grub.cfg": 'set superusers="CANARY"\npassword_pbkdf2 CANARY grub.pbkdf2.sha512.CANARY\n',
    "/etc/sysctl.d/1.conf": "kernel.core_pattern=|/bin/handler --key CANARY\nx.y=CANARY\n# CANARY\n",
    "/etc/modprobe.d/1.conf": "options wl key=CANARY\ninstall x /bin/sh -c CANARY\n",
    "/usr/sbin/sshd": b"OpenSSH_9.2p1 Debian-2\0",
    "/etc/ssh/sshd_config": "# CANARY\nCANARY yes\nForceCommand /bin/x CANARY\nSetEnv A=CANARY\nPermitTunnel CANARY\n"
    "Subsystem x /bin/x CANARY\nAuthorizedKeysCommand /bin/x CANARY\nMatch CANARY x\n",
    "/etc/default/ssh": 'SSHD_OPTS="-o CANARY=1"\n',
    "/etc/systemd/system/app.service": "[Service]\nEnvironment=KEY=CANARY\nExecStart=/bin/app --token CANARY\n"
    "ExecStartPre=CANARY\nLoadCredential=x:CANARY\n[Install]\nWantedBy=multi-user.target\n",
    "/etc/systemd/system/multi-user.target.wants/app.service": "-> ../app.service",
    "/etc/systemd/system/app.service.d/1.conf": "[Service]\nEnvironment=CANARY\nSetCredential=CANARY\n",
    "/usr/sbin/chronyd": "",
    "/etc/chrony/chrony.conf": "server a.example key 1\nkeyfile /CANARY\ncommandkey CANARY\n",
    "/etc/chrony/chrony.keys": "1 SHA1 HEX:CANARY\n",
    "/etc/nftables.conf": "# CANARY\n",
    "/etc/iptables/rules.v4": "*filter\n:INPUT DROP [0:0]\n-A INPUT -m comment --comment CANARY -j DROP\nCOMMIT\n",
    "/etc/apt/auth.conf": "machine x login u password CANARY\n",
    "/var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nVersion: 1\n"
    "Architecture: all\nMaintainer: CANARY\n",
    "/srv/app/.env": "SECRET_KEY=CANARY\n",
}


def take(root: Path) -> Snapshot:
    return collect_host(LocalView(str(root)), sensor="test/1", now=NOW)


def test_fifty_planted_secrets_and_none_leaves_the_host(tmp_path: Path) -> None:
    write(tmp_path, SECRETS)
    planted = sum(text.count(MARK) if isinstance(text, str) else 0 for text in SECRETS.values())
    assert planted >= 50
    snapshot = take(tmp_path)
    for name, section in snapshot.sections.items():
        sent = canonical({"facts": section.facts, "problems": section.problems})
        assert MARK.encode() not in sent, (name, sent[max(0, sent.find(b"CANARY") - 200) :][:400])
    assert snapshot.facts("users")["shadow"][0]["algorithm"] == "sha512"
    assert snapshot.facts("sudo")["grants"][0]["nopasswd"] is True


def test_every_section_is_there(tmp_path: Path) -> None:
    write(tmp_path, {"/etc/os-release": "ID=debian\n", "/etc/hostname": "web\n"})
    told: list[str] = []
    zone = timezone(timedelta(hours=2))
    snapshot = collect_host(
        LocalView(str(tmp_path)), sensor="cli/0.1.0", now=NOW.astimezone(zone), progress=told.append
    )
    assert set(snapshot.sections) >= SECTIONS
    assert [collector.section for collector in COLLECTORS] == told[: len(COLLECTORS)]
    assert set(told) >= SECTIONS - {"disk"}, "that one comes with the packages"
    assert snapshot.taken_at == "2026-11-23T10:37:00Z"
    assert snapshot.asset.name == "web"
    assert snapshot.asset.key == "name:web"


def test_the_machine_id_itself_is_not_told(host: Host) -> None:
    write(host.root, {"/etc/machine-id": "0123456789abcdef0123456789abcdef\n", "/etc/hostname": "web"})
    asset = host_asset(LocalView(str(host.root)))
    assert "0123456789abcdef" not in asset.key
    assert len(asset.key) == 32
    assert host_asset(LocalView(str(host.root))) == asset


def test_two_passes_over_an_unchanged_host_are_equal() -> None:
    """This very machine; what listens and what runs may change meanwhile, so those two are compared elsewhere."""
    moving = {"sockets", "units"}
    passes = [{c.section: run(c, LocalView("/")) for c in COLLECTORS if c.section not in moving} for _ in range(2)]
    assert {name: s.digest for name, s in passes[0].items()} == {name: s.digest for name, s in passes[1].items()}


def test_two_passes_over_an_unchanged_folder_are_equal_in_every_section(tmp_path: Path) -> None:
    write(tmp_path, SECRETS)
    assert take(tmp_path).manifest() == take(tmp_path).manifest()


def test_facts_are_proper_text_whatever_the_files_hold(tmp_path: Path) -> None:
    write(tmp_path, {name: b"\xff\xfe\0" + bytes(range(256)) for name in SECRETS if not name.startswith("/usr")})
    for section in take(tmp_path).sections.values():
        if section.name in SECTIONS:
            canonical({"facts": section.facts, "problems": section.problems}).decode("utf-8", "strict")


def test_a_host_of_loops_and_pipes_gives_unknowns_and_no_crash(tmp_path: Path) -> None:
    for name in SECRETS:
        path = tmp_path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(path.name)
    sections = {c.section: run(c, LocalView(str(tmp_path))) for c in COLLECTORS}
    paths = {name: {problem.path for problem in section.problems} for name, section in sections.items()}
    assert "@shadow" in paths["users"]
    assert "@groups" in paths["groups"]
    assert "@services" in paths["pam"]
    assert "@jobs" in paths["cron"]
    assert "@id" in paths["os"]


def test_folders_that_cannot_be_listed_make_what_they_hold_unknown(tmp_path: Path) -> None:
    files = {"/usr/bin/sudo": "", "/etc/sudoers": "@includedir /etc/sudoers.d\n", "/usr/lib/pam.d/x": ""}
    folders = ("sudoers.d", "cron.d", "pam.d", "sysctl.d", "modprobe.d")
    write(tmp_path, files | {f"/etc/{name}": f"-> {name}" for name in folders})
    paths = {c.section: {p.path for p in run(c, LocalView(str(tmp_path))).problems} for c in COLLECTORS}
    assert "@grants" in paths["sudo"]
    assert "@jobs" in paths["cron"]
    assert "@services" in paths["pam"]
    assert "@configured" in paths["kernel"]
    assert "@blocked" in paths["modules"]


@settings(max_examples=30, deadline=None)
@given(data=st.lists(st.binary(max_size=60), min_size=8, max_size=8))
def test_no_contents_break_any_section(tmp_path_factory: pytest.TempPathFactory, data: list[bytes]) -> None:
    root = tmp_path_factory.mktemp("host")
    write(root, {name: data[i % 8] + b"\n" + data[(i + 3) % 8] for i, name in enumerate(SECRETS)})
    for collector in COLLECTORS:
        assert isinstance(run(collector, LocalView(str(root))), Section)


def test_watches_name_paths_whose_change_matters() -> None:
    for collector in COLLECTORS:
        assert collector.watches, collector.section
        assert all(path.startswith("/") and "*" not in path for path in collector.watches)
    assert LocalView("/").stat("/etc/passwd").kind is FileKind.FILE
