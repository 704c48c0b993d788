"""Sections `kernel`, `modules`, `mounts`, `files` on folders and on this machine."""

import hashlib
import json
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host import files, kernel, modules, mounts, sysctl
from bartizan.collect.host.glob import glob
from bartizan.collect.host.watched_files import WATCHED_FILES
from bartizan.collect.interface import NEEDS_LIVE, Problems
from host_folder import Host, Seen, see

ProblemsOf = Callable[[Seen], dict[str, str]]


def test_sysctl_files_count_in_order_of_their_names_and_folders(host: Host) -> None:
    section = host.section(
        kernel.COLLECTOR,
        {
            "/etc/sysctl.d/50-a.conf": "kernel.kptr_restrict = 1\nnet/ipv4/ip_forward=1\n; comment\n",
            "/usr/lib/sysctl.d/90-b.conf": "kernel.kptr_restrict=2\nnet.ipv4.conf.*.rp_filter = 2\n",
            "/usr/lib/sysctl.d/50-a.conf": "kernel.dmesg_restrict=1\n",
            "/etc/sysctl.d/99-sysctl.conf": "-> ../sysctl.conf",
            "/etc/sysctl.conf": "-fs.suid_dumpable = 0\nkernel.unknown=SECRET\n-net.ipv4.conf.all.rp_filter\n",
            "/usr/lib/systemd/systemd-sysctl": "",
        },
    )
    assert section.facts["configured"] == {
        "fs.suid_dumpable": "0",
        "kernel.kptr_restrict": "2",
        "net.ipv4.conf.default.rp_filter": "2",
        "net.ipv4.ip_forward": "1",
    }
    assert section.facts["configured_in"]["kernel.kptr_restrict"] == "/usr/lib/sysctl.d/90-b.conf"
    assert "SECRET" not in json.dumps(section.facts)


def test_a_folder_cannot_tell_what_runs(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(kernel.COLLECTOR, {"/boot/vmlinuz-6.1.0-1-amd64": ""})
    found = problems_of(section)
    assert found["@runtime"] == found["@lockdown"] == found["@secure_boot"] == NEEDS_LIVE
    assert section.facts["runtime"] is None
    assert section.facts["installed"] == ["6.1.0-1-amd64"]


def test_only_named_boot_parameters_leave_the_command_line() -> None:
    line = 'BOOT_IMAGE=/x root=UUID=1 token=SECRET lsm="lockdown,yama" quiet selinux=0 panic=SECRET! -- audit=0'
    found = kernel.parameters(line)
    assert found == {"lsm": "lockdown,yama", "quiet": "", "selinux": "0", "panic": ""}


def test_the_boot_loader_tells_whether_it_asks_for_a_password(host: Host) -> None:
    text = 'set superusers="root"\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.SECRET\n'
    next_start = 'GRUB_CMDLINE_LINUX="audit=1"\n'
    facts = host.facts(kernel.COLLECTOR, {"/boot/grub/grub.cfg": text, "/etc/default/grub": next_start})
    assert facts["boot_loader"] == {"path": "/boot/grub/grub.cfg", "superusers": True, "password": True}
    assert facts["boot_parameters"] == {"audit": "1"}
    assert "SECRET" not in json.dumps(facts)


def test_this_kernel_agrees_with_proc() -> None:
    facts = see(kernel.COLLECTOR, LocalView("/")).facts
    assert facts["release"] == os.uname().release
    for key in ("kernel.randomize_va_space", "fs.protected_symlinks", "net.ipv4.ip_forward"):
        with open("/proc/sys/" + key.replace(".", "/")) as file:
            assert facts["runtime"][key] == file.read().strip()


def test_modules_that_are_kept_from_loading(host: Host) -> None:
    facts = host.facts(
        modules.COLLECTOR,
        {
            "/etc/modprobe.d/x.conf": "install cramfs /bin/false\ninstall usb-storage /usr/bin/logger SECRET\n"
            "blacklist dccp # no\noptions x y=SECRET\ninstall udf \\\n /bin/true\n",
            "/usr/lib/modprobe.d/x.conf": "install hidden /bin/true\n",
            "/lib/modules/6.1/modules.dep": "kernel/fs/udf/udf.ko.xz: kernel/lib/crc.ko\n"
            "kernel/drivers/usb-storage.ko:\n",
            "/lib/modules/6.1/modules.builtin": "kernel/fs/squashfs/squashfs.ko\nkernel/fs/ext4/ext4.ko\n",
            "/etc/modules-load.d/net.conf": "br_netfilter\n",
        },
    )
    assert facts["blocked"] == ["cramfs", "udf"]
    assert facts["blacklisted"] == ["dccp"]
    assert facts["available"] == ["udf", "usb_storage"]
    assert facts["builtin"] == ["squashfs"]
    assert facts["at_start"] == ["br_netfilter"]
    assert facts["loaded"] is None
    assert "SECRET" not in json.dumps(facts)


def test_loaded_modules_are_named_without_counters() -> None:
    text = "nf_tables 323584 12 nft_chain_nat, Live 0x0000000000000000\next4 1 1 - Live 0x0\n"
    assert modules.parse_loaded(text) == ("ext4", "nf_tables")


def test_fstab_keeps_named_options_only(host: Host, problems_of: ProblemsOf) -> None:
    section = host.section(
        mounts.COLLECTOR,
        {
            "/etc/fstab": "# x\nUUID=ab /var/my\\040tmp ext4 nodev,nosuid,noexec 0 2\n"
            "//user:SECRET@server/share /mnt cifs username=u,password=SECRET,ro\nbroken\n"
        },
    )
    assert section.facts["fstab"] == [
        {"point": "/var/my tmp", "type": "ext4", "source": "UUID=ab", "options": ["nodev", "noexec", "nosuid"]},
        {"point": "/mnt", "type": "cifs", "source": "//server/share", "options": ["ro"]},
    ]
    assert set(problems_of(section)) == {"@mounted", "/etc/fstab:4"}


def test_mounts_of_this_machine_agree_with_the_kernel() -> None:
    mounted = {mount["point"]: mount for mount in see(mounts.COLLECTOR, LocalView("/")).facts["mounted"]}
    assert mounted["/proc"]["type"] == "proc"
    assert not os.path.ismount("/") or "/" in mounted


def test_files_tell_owner_mode_and_a_digest_where_that_is_allowed(host: Host) -> None:
    facts = host.facts(
        files.COLLECTOR,
        {
            "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n",
            "/etc/group": "root:x:0:\nshadow:x:42:\n",
            "/etc/shadow": "root:SECRET:1::::::\n",
            "/etc/sudoers": "root ALL=ALL\n",
            "/etc/ssh/ssh_host_rsa_key": "PRIVATE",
            "/etc/ssh/ssh_host_rsa_key.pub": "ssh-rsa AAAA\n",
            "/home/alice/.ssh/authorized_keys": "ssh-rsa AAAA\n",
            "/etc/motd": "-> /etc/issue",
            "/etc/issue": "hello\n",
        },
    )
    found = {file["path"]: file for file in facts["files"]}
    assert found["/etc/sudoers"]["digest"] == "sha256:" + hashlib.sha256(b"root ALL=ALL\n").hexdigest()
    assert found["/etc/shadow"]["digest"] is None
    assert found["/etc/ssh/ssh_host_rsa_key"]["group"] == "ssh-host-keys"
    assert found["/etc/ssh/ssh_host_rsa_key"]["digest"] is None
    assert found["/home/alice/.ssh/authorized_keys"]["kind"] == "file"
    assert found["/etc/motd"]["target"] == "/etc/issue"
    assert found["/etc/shadow"]["acl"] is False
    assert "/etc/gshadow" not in found


def test_no_digest_of_anything_that_is_secret() -> None:
    secret = {
        "shadow",
        "ssh-host-keys",
        "ssh-user",
        "user-secrets",
        "private-keys",
        "package-credentials",
        "user-history",
    }
    assert {group.name for group in WATCHED_FILES if group.digest}.isdisjoint(secret)


@pytest.mark.parametrize("pattern", ["/etc/*.d", "/e*/[a-c]", "/etc", "/no*/x", "/etc/passwd/*"])
def test_patterns(host: Host, pattern: str) -> None:
    host.section(files.COLLECTOR, {"/etc/a": "", "/etc/x.d/": "", "/etc/.h.d/": "", "/etc/passwd": ""})
    found = glob(LocalView(str(host.root)), Problems(), pattern)
    expected = {"/etc/*.d": ["/etc/x.d"], "/e*/[a-c]": ["/etc/a"], "/etc": ["/etc"]}
    assert found == expected.get(pattern, [])


@given(st.text(max_size=200))
def test_no_text_breaks_the_parsers(text: str) -> None:
    sysctl.parse(text)
    kernel.parameters(text)
    modules.parse_modprobe(text)
    modules.parse_loaded(text)
    mounts.parse_fstab(text, Problems())
    mounts.source(text)
