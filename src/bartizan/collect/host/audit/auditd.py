"""auditd.conf(5): how much is kept, and what happens when the room for it ends.

    log_file = /var/log/audit/audit.log
    max_log_file = 8                    # megabytes
    max_log_file_action = keep_logs
    space_left_action = exec /usr/local/bin/tell-somebody

Names and actions count in any case; of `exec` only the word is kept, for arguments may hold anything. Defaults are
those of the daemon where the file says nothing.
"""

from dataclasses import dataclass

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.text import number, read_attribute, uncommented
from bartizan.collect.interface import Problems

CONFIGURATION = "/etc/audit/auditd.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """What auditd is set up to do."""

    log_file: str = "/var/log/audit/audit.log"
    log_group: str = "root"
    write_logs: bool = True
    max_log_file: int = 0
    """Megabytes of one log file; 0 where nothing is set."""
    num_logs: int = 0
    """Log files that rotation keeps."""
    max_log_file_action: str = "ignore"
    """`ignore`, `syslog`, `suspend`, `rotate`, `keep_logs`."""
    space_left: str = "0"
    """Megabytes, or percent with its sign."""
    space_left_action: str = "ignore"
    """`ignore`, `syslog`, `rotate`, `email`, `exec`, `suspend`, `single`, `halt`; so of the next three."""
    admin_space_left: str = "0"
    admin_space_left_action: str = "ignore"
    disk_full_action: str = "ignore"
    disk_error_action: str = "syslog"
    action_mail_acct: str = "root"
    tcp_listen_port: int = -1
    """Port on which records of other machines are taken; -1 where they are not."""


def daemon(view: FilesystemView, problems: Problems) -> Daemon:
    return parse(read_attribute(view, problems, CONFIGURATION, "daemon") or "", problems)


def parse(text: str, problems: Problems) -> Daemon:
    given: dict[str, str] = {}
    for line, said in uncommented(text):
        name, equals, value = said.partition("=")
        if equals:
            given[name.strip().lower()] = value.strip()
        else:
            problems.add(f"{CONFIGURATION}:{line}", "is not of the form name = value, and auditd would not start")

    def count(name: str, default: int) -> int:
        read = number(given.get(name, str(default)))
        if read is None:
            problems.add(f"@daemon.{name}", f"{CONFIGURATION}: is not a number")
        return default if read is None else read

    def action(name: str, default: str) -> str:
        return given.get(name, default).partition(" ")[0].lower()[:20]

    return Daemon(
        log_file=given.get("log_file", "/var/log/audit/audit.log")[:1024],
        log_group=given.get("log_group", "root")[:64],
        write_logs=given.get("write_logs", "yes").lower() != "no",
        max_log_file=count("max_log_file", 0),
        num_logs=count("num_logs", 0),
        max_log_file_action=action("max_log_file_action", "ignore"),
        space_left=given.get("space_left", "0")[:20],
        space_left_action=action("space_left_action", "ignore"),
        admin_space_left=given.get("admin_space_left", "0")[:20],
        admin_space_left_action=action("admin_space_left_action", "ignore"),
        disk_full_action=action("disk_full_action", "ignore"),
        disk_error_action=action("disk_error_action", "syslog"),
        action_mail_acct=given.get("action_mail_acct", "root")[:255],
        tcp_listen_port=count("tcp_listen_port", -1),
    )
