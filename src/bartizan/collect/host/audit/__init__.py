"""Linux auditing: what auditd is set up to do, and which rules the kernel is given."""
