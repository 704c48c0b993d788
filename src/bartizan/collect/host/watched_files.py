"""Which files the section `files` looks at, grouped by what they mean. Data only; patterns as in glob(7).

`~` stands for each home folder of an account that can sign in. What matches nothing is left out of the facts.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files with one meaning."""

    name: str
    patterns: tuple[str, ...]
    digest: bool = False
    """Whether a digest of the contents may leave the host. Never for what is secret or small enough to be guessed."""


WATCHED_FILES: tuple[Group, ...] = (
    Group(
        name="accounts",
        patterns=(
            "/etc/passwd",
            "/etc/passwd-",
            "/etc/group",
            "/etc/group-",
            "/etc/subuid",
            "/etc/subgid",
            "/etc/shells",
        ),
    ),
    Group(
        name="shadow",
        patterns=("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd"),
    ),
    Group(name="sudo", patterns=("/etc/sudoers", "/etc/sudoers.d", "/etc/sudoers.d/*", "/etc/doas.conf"), digest=True),
    Group(
        name="programs-with-privileges", patterns=("/usr/bin/sudo", "/usr/bin/su", "/usr/bin/passwd", "/usr/bin/pkexec")
    ),
    Group(
        name="ssh", patterns=("/etc/ssh", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/ssh/sshd_config.d/*")
    ),
    Group(name="ssh-host-keys", patterns=("/etc/ssh/ssh_host_*_key",)),
    Group(name="ssh-host-public-keys", patterns=("/etc/ssh/ssh_host_*_key.pub",), digest=True),
    Group(
        name="ssh-user",
        patterns=("~/.ssh", "~/.ssh/authorized_keys", "~/.ssh/authorized_keys2", "~/.ssh/config", "~/.ssh/id_*"),
    ),
    Group(
        name="user-secrets",
        patterns=(
            "~/.netrc",
            "~/.pgpass",
            "~/.my.cnf",
            "~/.aws/credentials",
            "~/.azure",
            "~/.config/gcloud",
            "~/.docker/config.json",
            "~/.kube/config",
            "~/.gnupg",
            "~/.git-credentials",
            "~/.vault-token",
        ),
    ),
    Group(
        name="user-trust", patterns=("~/.rhosts", "~/.shosts", "~/.forward", "/etc/hosts.equiv", "/etc/shosts.equiv")
    ),
    Group(
        name="user-start",
        patterns=("~/.bashrc", "~/.bash_profile", "~/.profile", "~/.zshrc", "~/.bash_logout"),
    ),
    Group(name="user-history", patterns=("~/.bash_history", "~/.zsh_history", "~/.python_history", "~/.mysql_history")),
    Group(
        name="cron",
        patterns=(
            "/etc/crontab",
            "/etc/anacrontab",
            "/etc/cron.d",
            "/etc/cron.hourly",
            "/etc/cron.daily",
            "/etc/cron.weekly",
            "/etc/cron.monthly",
            "/etc/cron.allow",
            "/etc/cron.deny",
            "/etc/at.allow",
            "/etc/at.deny",
            "/var/spool/cron",
            "/var/spool/cron/crontabs",
        ),
    ),
    Group(
        name="boot",
        patterns=(
            "/boot/grub/grub.cfg",
            "/boot/grub2/grub.cfg",
            "/boot/grub2/user.cfg",
            "/boot/efi/EFI/*/grub.cfg",
            "/boot/loader/loader.conf",
            "/etc/default/grub",
            "/etc/grub.d",
        ),
    ),
    Group(
        name="login",
        patterns=("/etc/login.defs", "/etc/pam.d", "/etc/pam.d/*", "/etc/securetty", "/etc/security/*.conf"),
        digest=True,
    ),
    Group(name="banners", patterns=("/etc/issue", "/etc/issue.net", "/etc/motd"), digest=True),
    Group(
        name="environment",
        patterns=("/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/profile.d", "/etc/profile.d/*.sh"),
        digest=True,
    ),
    Group(name="environment-values", patterns=("/etc/environment",)),
    Group(name="linker", patterns=("/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/*.conf"), digest=True),
    Group(
        name="system",
        patterns=("/", "/etc", "/root", "/home", "/boot", "/usr/local/bin", "/usr/local/sbin", "/var/log", "/opt"),
    ),
    Group(name="temporary", patterns=("/tmp", "/var/tmp", "/dev/shm")),  # noqa: S108 - looked at, not written to
    Group(
        name="audit",
        patterns=(
            "/etc/audit",
            "/etc/audit/auditd.conf",
            "/etc/audit/audit.rules",
            "/etc/audit/rules.d/*",
            "/var/log/audit",
        ),
    ),
    Group(
        name="logs",
        patterns=(
            "/etc/rsyslog.conf",
            "/etc/systemd/journald.conf",
            "/var/log/auth.log",
            "/var/log/syslog",
            "/var/log/btmp",
        ),
    ),
    Group(
        name="packages",
        patterns=(
            "/etc/apt/sources.list",
            "/etc/apt/sources.list.d/*",
            "/etc/apt/trusted.gpg.d/*",
            "/etc/yum.repos.d/*",
        ),
    ),
    Group(name="package-credentials", patterns=("/etc/apt/auth.conf", "/etc/apt/auth.conf.d/*")),
    Group(
        name="name-resolution",
        patterns=("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts.allow", "/etc/hosts.deny"),
    ),
    Group(name="private-keys", patterns=("/etc/ssl/private", "/etc/ssl/private/*", "/etc/pki/tls/private/*")),
    Group(
        name="containers",
        patterns=(
            "/run/docker.sock",
            "/run/containerd/containerd.sock",
            "/etc/docker",
            "/etc/docker/daemon.json",
            "/etc/containerd/config.toml",
            "/etc/docker/certs.d",
            "/var/lib/docker",
        ),
    ),
    Group(
        name="kubernetes",
        patterns=(
            "/etc/kubernetes/*.conf",
            "/etc/kubernetes/manifests/*.yaml",
            "/etc/kubernetes/pki",
            "/etc/kubernetes/pki/*",
            "/var/lib/kubelet/config.yaml",
            "/var/lib/etcd",
        ),
    ),
)
