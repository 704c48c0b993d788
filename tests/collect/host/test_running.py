"""What only a running system tells, from a folder that stands in for one with its `/proc` and `/sys`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.host import cloud, kernel, modules, mounts, os, sockets, time
from bartizan.collect.host.units.section import COLLECTOR as UNITS
from bartizan.collect.interface import Collector
from host_folder import Files, Seen, see, write

ProblemsOf = Callable[[Seen], dict[str, str]]
Look = Callable[[Collector, Files], Seen]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def collect(collector: Collector, files: Files) -> Seen:
        write(tmp_path, files)
        view = LocalView(str(tmp_path))
        view.live = True
        return see(collector, view)

    return collect


@pytest.mark.parametrize("top", ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"])
def test_units_run_that_have_a_control_group(look: Look, top: str) -> None:
    facts = look(
        UNITS,
        {
            "/run/systemd/system/": "",
            "/usr/lib/systemd/system/web.service": "[Service]\nExecStart=/bin/web\nProtectHome=1\n",
            "/usr/lib/systemd/system/once.service": "[Service]\nType=oneshot\nExecStart=/bin/once\n",
            "/usr/lib/systemd/system/idle.service": "[Service]\nExecStart=/bin/idle\n",
            "/usr/lib/systemd/system/getty@.service": "[Service]\nExecStart=/bin/getty\n",
            f"{top}/system.slice/web.service/": "",
            f"{top}/system.slice/once.service/": "",
            f"{top}/system.slice/system-getty.slice/getty@tty1.service/": "",
        },
    ).facts
    assert facts["running_manager"] is True
    assert {unit["name"]: unit["running"] for unit in facts["units"]} == {
        "getty@.service": False,
        "getty@tty1.service": True,
        "idle.service": False,
        "once.service": False,
        "web.service": True,
    }
    web = facts["units"][-1]
    assert (web["state"], web["confinement"], web["programs"]) == ("static", {"ProtectHome": "yes"}, ["/bin/web"])


def test_listening_sockets_with_process_unit_and_container(look: Look) -> None:
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    def row(address: str, state: str, inode: int) -> str:
        return f"   0: {address} 00000000:0000 {state} 0:0 00:0 0 1000 0 {inode} 1\n"

    mapped = "0000000000000000FFFF00000100007F"
    facts = look(
        sockets.COLLECTOR,
        {
            "/proc/net/tcp": head + row("00000000:0016", "0A", 7) + row("00000000:0016", "0A", 8),
            "/proc/net/tcp6": head.replace("sl", "sl ") + row(f"{mapped}:1F90", "0A", 9),
            "/proc/net/udp": head + row("00000000:0035", "07", 10) + row("00000000:9C40", "07", 11),
            "/proc/12/fd/3": "-> socket:[7]",
            "/proc/12/fd/4": "-> socket:[8]",
            "/proc/12/comm": "sshd\n",
            "/proc/12/exe": "-> /usr/sbin/sshd (deleted)",
            "/proc/12/cgroup": "0::/system.slice/ssh.service\n",
            "/proc/99/fd/0": "-> socket:[9]",
            "/proc/99/comm": "app\n",
            "/proc/99/cgroup": "0::/system.slice/docker-0123.scope\n",
            "/proc/notes/": "",
        },
    ).facts["listening"]
    assert [(s["protocol"], s["port"], s["address"], s["process"], s["unit"], s["container"]) for s in facts] == [
        ("tcp", 22, "0.0.0.0", "sshd", "ssh.service", False),
        ("tcp", 8080, "127.0.0.1", "app", "", True),
        ("udp", 53, "0.0.0.0", "", "", False),
    ]
    assert facts[0]["program"] == "/usr/sbin/sshd"
    assert facts[1]["local"] is True


def test_what_the_kernel_enforces(look: Look, problems_of: ProblemsOf) -> None:
    seen = look(
        kernel.COLLECTOR,
        {
            "/proc/cmdline": "quiet lockdown=integrity secret=1\n",
            "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
            "/sys/kernel/security/lsm": "lockdown,yama,apparmor",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/sys/kernel/security/apparmor/profiles": (
                "/usr/bin/man (enforce)\nlsb_release (complain)\n:ns:x (enforce)\n"
            ),
            "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": b"\x06\0\0\0\x01",
            "/sys/fs/selinux/enforce": "0",
            "/proc/sys/kernel/tainted": "12289\n",
            "/proc/sys/kernel/kptr_restrict": "2\n",
            "/proc/sys/kernel/core_pattern": "|/usr/lib/handler %p SECRET\n",
            "/proc/sys/net/ipv4/ip_forward": "-> ip_forward",
            "/sys/devices/system/cpu/vulnerabilities/meltdown": "Mitigation: PTI\n",
        },
    )
    facts = seen.facts
    assert facts["parameters"] == {"quiet": "", "lockdown": "integrity"}
    assert (facts["lockdown"], facts["efi"], facts["secure_boot"]) == ("integrity", True, True)
    assert facts["security_modules"] == ["lockdown", "yama", "apparmor"]
    assert facts["apparmor_profiles"] == {"/usr/bin/man": "enforce", "lsb_release": "complain"}
    assert facts["selinux"] == "permissive"
    assert facts["tainted"] == ["proprietary-module", "out-of-tree-module", "unsigned-module"]
    assert facts["runtime"] == {"kernel.kptr_restrict": "2", "kernel.core_pattern": "|/usr/lib/handler"}
    assert facts["cpu_vulnerabilities"] == {"meltdown": "Mitigation: PTI"}
    assert list(problems_of(seen)) == ["@runtime.net.ipv4.ip_forward"]


def test_secure_boot_without_its_variable_is_unknown(look: Look, problems_of: ProblemsOf) -> None:
    seen = look(kernel.COLLECTOR, {"/sys/firmware/efi/": ""})
    assert seen.facts["secure_boot"] is None
    assert "@secure_boot" in problems_of(seen)


def test_modules_that_are_loaded(look: Look) -> None:
    facts = look(
        modules.COLLECTOR, {"/proc/modules": "ext4 1 2 - Live 0x0\n", "/proc/sys/kernel/osrelease": "6.1\n"}
    ).facts
    assert (facts["supported"], facts["loaded"], facts["available"]) == (True, ["ext4"], [])
    assert look(kernel.COLLECTOR, {}).facts["selinux"] is None


def test_a_kernel_without_modules(look: Look) -> None:
    facts = look(modules.COLLECTOR, {"/proc/version": "Linux\n"}).facts
    assert (facts["supported"], facts["loaded"]) == (False, [])


def test_mounts_that_last(look: Look) -> None:
    text = (
        "1 0 8:1 / / rw,relatime - ext4 /dev/sda rw,errors=remount-ro\n"
        "2 1 0:5 / /tmp rw,nosuid - tmpfs tmpfs rw,size=512k\n"
        "3 1 8:2 / /tmp ro,nodev - ext4 /dev/sdb rw\n"
        "4 1 0:9 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw\n"
        "5 1 0:9 / /run/user/1000 rw - tmpfs tmpfs rw\n"
    )
    facts = look(mounts.COLLECTOR, {"/proc/self/mountinfo": text}).facts
    assert facts["mounted"] == [
        {"point": "/", "type": "ext4", "source": "/dev/sda", "options": ["errors=remount-ro", "relatime", "rw"]},
        {"point": "/tmp", "type": "ext4", "source": "/dev/sdb", "options": ["nodev", "ro"]},
    ]


def test_a_restart_that_is_due_and_a_clock_that_is_set(look: Look) -> None:
    files: Files = {
        "/etc/os-release": "ID=debian\n",
        "/run/reboot-required": "",
        "/run/reboot-required.pkgs": "linux-image\nlibc6\nlinux-image\n",
        "/run/systemd/timesync/synchronized": "",
    }
    facts = look(os.COLLECTOR, files).facts
    assert (facts["reboot_required"], facts["reboot_packages"]) == (True, ["libc6", "linux-image"])
    assert look(time.COLLECTOR, {}).facts["synchronised"] is True


def test_a_machine_in_no_cloud(look: Look) -> None:
    facts = look(cloud.COLLECTOR, {"/sys/class/dmi/id/sys_vendor": "Dell Inc.\n"}).facts
    assert facts == {"provider": "", "instance": None, "token_required": None}
