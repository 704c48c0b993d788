"""Section `cron`: schedules and users, never what a command says."""

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bartizan.collect.host.cron import COLLECTOR, parse
from bartizan.collect.interface import Problems
from host_folder import Host, Seen


def test_tables_of_the_system_and_of_users(host: Host) -> None:
    facts = host.facts(
        COLLECTOR,
        {
            "/etc/crontab": "PATH=/bin\nTOKEN = SECRET\n17 * * * *\troot\tcd / && run\n"
            "@reboot alice /opt/a --key SECRET\n",
            "/etc/cron.d/ok-job": "*/5 1-3,7 * jan mon-fri www-data /usr/bin/php -f /x\n",
            "/etc/cron.d/ignored.bak": "* * * * * root /bad\n",
            "/var/spool/cron/crontabs/bob": "0 5 * * 1 /home/bob/run.sh SECRET\n@daily curl -u SECRET\n",
            "/etc/cron.daily/logrotate": "#!/bin/sh\n",
            "/etc/cron.daily/x.sh": "",
            "/etc/cron.allow": "root\nalice\n",
        },
    )
    assert [(job["user"], job["schedule"], job["program"]) for job in facts["jobs"]] == [
        ("root", "17 * * * *", ""),
        ("alice", "@reboot", "/opt/a"),
        ("www-data", "*/5 1-3,7 * jan mon-fri", "/usr/bin/php"),
        ("bob", "0 5 * * 1", "/home/bob/run.sh"),
        ("bob", "@daily", ""),
    ]
    assert facts["scripts"]["daily"] == ["logrotate"]
    assert facts["allow"] == ["root", "alice"]
    assert facts["deny"] is None
    assert "SECRET" not in json.dumps(facts)


def test_what_is_no_job_is_a_problem(host: Host, problems_of: Callable[[Seen], dict[str, str]]) -> None:
    section = host.section(COLLECTOR, {"/etc/crontab": "hello\n* * * * root\n$(x) * * * * root y\n"})
    assert list(problems_of(section)) == ["/etc/crontab:1", "/etc/crontab:2", "/etc/crontab:3"]


@given(st.text(max_size=120), st.sampled_from(["", "bob"]))
def test_no_text_breaks_it(text: str, user: str) -> None:
    list(parse(text, "f", user, Problems()))
