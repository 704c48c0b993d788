"""How a host keeps its logs: systemd's journal, rsyslog, log rotation, the permissions of log files."""
