"""A real Debian 12 in a folder, set up as a careful administrator would: made once a test run.

Packages come from the archives that apt of this machine is set up for. What only a running system tells is not there.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from debian_root import NoDebian, keep_copyright_files

PACKAGES = (
    *("aide-common", "apparmor", "auditd", "cron", "dbus", "kmod", "libpam-modules", "libpam-pwquality", "login"),
    *("logrotate", "nftables", "openssh-server", "passwd", "procps", "rsyslog", "sudo", "systemd"),
    *("systemd-journal-remote", "systemd-sysv", "systemd-timesyncd"),
)
ROOM = ("usr/share/man", "usr/share/locale", "usr/share/info", "var/cache/apt", "var/lib/apt/lists")

_CALLS = """
-a always,exit -F arch={arch} -S chmod,fchmod,fchmodat -F auid>=1000 -F auid!=unset -k perm
-a always,exit -F arch={arch} -S chown,fchown,lchown -F auid>=1000 -F auid!=unset -k perm
-a always,exit -F arch={arch} -S fchownat -F auid>=1000 -F auid!=-1 -k perm
-a always,exit -F arch={arch} -S setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr -F auid>=1000 -F auid!=unset -k perm
-a always,exit -F arch={arch} -S creat,open,openat,truncate,ftruncate -F exit=-EACCES -F auid>=1000 -F auid!=unset -k access
-a always,exit -F arch={arch} -S creat,open,openat,truncate,ftruncate -F exit=-EPERM -F auid>=1000 -F auid!=unset -k access
-a always,exit -F arch={arch} -S unlink,unlinkat,rename,renameat -F auid>=1000 -F auid!=unset -k delete
-a always,exit -F arch={arch} -S mount -F auid>=1000 -F auid!=unset -k mounts
-a always,exit -F arch={arch} -S adjtimex,settimeofday -k time-change
-a always,exit -F arch={arch} -S clock_settime -F a0=0x0 -k time-change
-a always,exit -F arch={arch} -S sethostname,setdomainname -k system-locale
-a always,exit -F arch={arch} -C euid!=uid -F auid!=unset -S execve -k user_emulation
-a always,exit -F arch={arch} -S init_module,finit_module,delete_module -F auid>=1000 -F auid!=unset -k modules
"""  # noqa: E501 - one rule is one line
WATCHED = (
    *(
        "/etc/sudoers",
        "/etc/sudoers.d",
        "/var/log/sudo.log",
        "/etc/issue",
        "/etc/issue.net",
        "/etc/hosts",
        "/etc/networks",
        "/etc/network",
    ),
    *("/etc/group", "/etc/passwd", "/etc/gshadow", "/etc/shadow", "/etc/security/opasswd", "/etc/nsswitch.conf"),
    *("/etc/pam.d", "/var/run/utmp", "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog", "/var/run/faillock"),
    *("/etc/apparmor/", "/etc/apparmor.d/", "/etc/localtime"),
)
_COMMANDS = ("/usr/bin/chcon", "/usr/sbin/usermod", "/usr/bin/kmod")
_SSH = """\
AllowGroups ssh-users
Banner /etc/issue.net
ClientAliveInterval 300
ClientAliveCountMax 3
DisableForwarding yes
GSSAPIAuthentication no
LoginGraceTime 60
LogLevel VERBOSE
MaxAuthTries 4
MaxSessions 10
MaxStartups 10:30:60
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
X11Forwarding no
Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
"""
_MODULES = ("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2", "udf", "usb-storage", "dccp", "tipc", "rds", "sctp")
_PAM_AUTH = """\
auth required pam_faillock.so preauth
auth [success=1 default=ignore] pam_unix.so
auth [default=die] pam_faillock.so authfail
auth required pam_permit.so
"""
_PAM_PASSWORD = """\
password requisite pam_pwquality.so retry=3
password requisite pam_pwhistory.so remember=24 enforce_for_root use_authtok
password [success=1 default=ignore] pam_unix.so use_authtok yescrypt
password requisite pam_deny.so
password required pam_permit.so
"""


def debian_host(cache: Path) -> Path:
    """The folder of the root, made in `cache` once for all workers of a run. Whoever changes it puts it back."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made, maker = cache / "made", Path(__file__).read_text()
        if not made.exists() or made.read_text() != maker:  # a run before this one may have left what it made
            _make(cache / "root")
            harden(cache / "root")
            made.write_text(maker)
    return cache / "root"


def _make(root: Path) -> None:
    if os.geteuid() != 0:
        raise NoDebian("debootstrap needs root")
    if not shutil.which("debootstrap"):
        raise NoDebian("debootstrap is not installed. On Debian: apt-get install debootstrap")
    shutil.rmtree(root, ignore_errors=True)
    command = ("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", str(root))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=800)
    if done.returncode:
        raise NoDebian(f"debootstrap failed: {done.stdout[-500:]}")
    for folder in ROOM:
        shutil.rmtree(root / folder, ignore_errors=True)
    keep_copyright_files(root / "usr/share/doc")


def harden(root: Path) -> None:
    """Set the root up so that nearly every policy is content with it."""

    def put(name: str, text: str, mode: int = 0o644) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def edit(name: str, *changes: tuple[str, str]) -> None:
        path = root / name
        text = path.read_text()
        for old, new in changes:
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new)
        path.write_text(text)

    put("etc/ssh/sshd_config.d/10-site.conf", _SSH)
    for name in ("etc/issue", "etc/issue.net", "etc/motd"):
        put(name, "Authorised use only.\n")
    put("etc/modprobe.d/site.conf", "".join(f"install {name} /bin/false\nblacklist {name}\n" for name in _MODULES))
    put(
        "etc/sudoers.d/site",
        "Defaults use_pty\nDefaults logfile=/var/log/sudo.log\nDefaults timestamp_timeout=5\n",
        0o440,
    )
    put("etc/systemd/journald.conf.d/site.conf", "[Journal]\nStorage=persistent\nCompress=yes\nSystemMaxUse=1G\n")
    put(
        "etc/rsyslog.d/60-forward.conf",
        'action(type="omfwd" target="logs.example.org" port="6514" protocol="tcp"'
        ' StreamDriver="gtls" StreamDriverMode="1")\n',
    )
    rules = "".join(f"-w {path} -p wa -k site\n" for path in WATCHED)
    privileged = sorted(
        "/" + str(path.relative_to(root))
        for path in (root / "usr").rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o6000
    )
    rules += "".join(
        f"-a always,exit -F path={path} -F perm=x -F auid>=1000 -F auid!=unset -k use\n"
        for path in (*privileged, *_COMMANDS)
    )
    put("etc/audit/rules.d/50-site.rules", rules + "".join(_CALLS.format(arch=arch) for arch in ("b64", "b32")), 0o640)
    put("etc/audit/rules.d/99-finalize.rules", "-e 2\n", 0o640)
    subprocess.run(["chroot", str(root), "augenrules"], check=True, capture_output=True)
    edit(
        "etc/audit/auditd.conf",
        ("max_log_file_action = ROTATE", "max_log_file_action = keep_logs"),
        ("\nspace_left_action = SYSLOG", "\nspace_left_action = email"),
        ("admin_space_left_action = SUSPEND", "admin_space_left_action = single"),
        ("disk_full_action = SUSPEND", "disk_full_action = halt"),
        ("disk_error_action = SUSPEND", "disk_error_action = syslog"),
    )
    edit(
        "etc/login.defs",
        ("PASS_MAX_DAYS\t99999", "PASS_MAX_DAYS\t365"),
        ("PASS_MIN_DAYS\t0", "PASS_MIN_DAYS\t1"),
        ("UMASK\t\t022", "UMASK\t\t027"),
    )
    put("etc/default/useradd", "SHELL=/bin/sh\nINACTIVE=30\n")
    put("etc/pam.d/common-auth", _PAM_AUTH)
    put("etc/pam.d/common-password", _PAM_PASSWORD)
    put("etc/security/faillock.conf", "deny = 5\nunlock_time = 900\neven_deny_root\n")
    put(
        "etc/security/pwquality.conf",
        "minlen = 14\nminclass = 4\ndifok = 2\nmaxrepeat = 3\nmaxsequence = 3\ndictcheck = 1\nenforcing = 1\n"
        "enforce_for_root\n",
    )
    put("etc/security/limits.d/site.conf", "* hard core 0\n")
    edit(
        "etc/pam.d/su",
        (
            "auth       sufficient pam_rootok.so",
            "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid group=sugroup",
        ),
    )
    with (root / "etc/group").open("a") as file:
        file.write("sugroup:x:990:\nssh-users:x:991:alice\nalice:x:1000:\n")
    with (root / "etc/gshadow").open("a") as file:
        file.write("sugroup:!::\nssh-users:!::alice\nalice:!::\n")
    with (root / "etc/passwd").open("a") as file:
        file.write("alice:x:1000:1000::/home/alice:/bin/bash\n")
    with (root / "etc/shadow").open("a") as file:
        file.write("alice:$y$j9T$abc$def:19000:1:365:7:30::\n")
    (root / "home/alice").mkdir(mode=0o750)
    os.chown(root / "home/alice", 1000, 1000)
    put("etc/sysctl.d/60-site.conf", "net.ipv4.ip_forward = 0\nkernel.randomize_va_space = 2\nfs.suid_dumpable = 0\n")
    put("etc/fstab", "tmpfs /tmp tmpfs nodev,nosuid,noexec 0 0\n")
    for name in ("etc/cron.allow", "etc/at.allow"):
        put(name, "root\n", 0o640)
    for name, mode in (
        ("crontab", 0o600),
        *((f"cron.{each}", 0o700) for each in ("hourly", "daily", "weekly", "monthly", "d")),
    ):
        (root / "etc" / name).chmod(mode)
    (root / "etc/ssh/sshd_config").chmod(0o600)
    for path in (root / "var/log").rglob("*"):
        if path.is_file() and path.name not in ("wtmp", "btmp", "lastlog"):
            path.chmod(0o640)
