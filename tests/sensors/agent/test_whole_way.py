"""The agent against a real server, from a folder that looks like a host to findings that open and close."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bartizan.sensors.agent import exits
from bartizan.sensors.uplink.spool import Spool
from server_process import SOURCE, Browser, Running, wait_until
from small_feeds import FIXED, VULNERABLE, status

Make = Callable[..., Any]


def vulnerabilities(browser: Browser, state: str = "open") -> list[dict[str, Any]]:
    answer = browser.get(f"/api/v1/findings?query=kind:vulnerability%20and%20state:{state}")
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_an_upgrade_closes_its_finding(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    agent.start()
    browser = informed.browser()
    (found,) = wait_until(lambda: vulnerabilities(browser), 60)
    assert (found["rule"], found["package"], found["installed"]) == ("CVE-2026-0001", "hello", VULNERABLE)
    assert found["fix"]["version"] == FIXED
    # dpkg writes a new file and renames it.
    fresh = agent.root / "var/lib/dpkg/status-new"
    fresh.write_text(status(FIXED))
    changed = time.monotonic()
    fresh.replace(agent.root / "var/lib/dpkg/status")
    wait_until(lambda: not vulnerabilities(browser), 60)
    assert time.monotonic() - changed < 60
    (fixed,) = vulnerabilities(browser, "fixed")
    assert fixed["id"] == found["id"]
    assert fixed["fixed_at"]
    events = browser.get(f"/api/v1/assets/{found['asset_id']}/timeline").json()["items"]
    assert {"finding-fixed", "section-changed", "finding-opened"} <= {event["kind"] for event in events}
    assert agent.stop() == 0
    assert "event=stopped" in agent.told()


def test_nothing_is_lost_while_the_server_is_away(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    assert agent.once() == exits.DONE
    assert informed.stop() == 0
    agent.root.joinpath("etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\na:x:1000:1000::/home/a:/bin/sh\n")
    assert agent.once() == exits.SERVER_AWAY
    time.sleep(1.1)
    agent.root.joinpath("etc/hostname").write_text("renamed\n")
    assert agent.once() == exits.SERVER_AWAY
    with Spool(agent.state / "spool.db") as spool:
        assert len(spool.waiting()) == 2
    informed.start()
    assert agent.once() == exits.DONE
    browser = informed.browser()
    (asset,) = browser.get("/api/v1/assets").json()["items"]
    assert asset["name"] == "renamed"
    changes = [
        event
        for event in browser.get(f"/api/v1/assets/{asset['id']}/timeline").json()["items"]
        if event["kind"] == "section-changed"
    ]
    assert len({event["at"] for event in changes}) == 2


def test_a_pass_that_is_killed_is_made_up_for(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    for number in range(6):
        process = subprocess.Popen(
            agent.words("--once"), stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": SOURCE}
        )
        time.sleep(0.05 + 0.12 * number)
        process.kill()
        process.wait(20)
    assert agent.once() == exits.DONE
    browser = informed.browser()
    assert wait_until(lambda: vulnerabilities(browser), 30)
    assert len(browser.get("/api/v1/assets").json()["items"]) == 1


def test_a_server_that_is_killed_goes_on_where_it_was(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    assert agent.once() == exits.DONE
    informed.kill()
    informed.start()
    assert wait_until(lambda: vulnerabilities(informed.browser()), 60)
    assert agent.once() == exits.DONE


def test_two_agents_on_one_state_folder_refuse(server: Running, make_agent: Make) -> None:
    agent = make_agent(server)
    agent.start()
    wait_until(lambda: "event=delivered" in agent.told(), 30)
    assert agent.once() == exits.OCCUPIED
    assert "another agent uses this folder" in agent.told()
    assert agent.stop() == 0


def test_a_clone_enrols_as_itself(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    assert agent.once() == exits.DONE
    agent.root.joinpath("etc/machine-id").write_text("f" * 32 + "\n")
    assert agent.once() == exits.DONE
    assert "another-machine" in agent.told()
    browser = informed.browser()
    assert len(browser.get("/api/v1/assets").json()["items"]) == 2
    assert len(browser.get("/api/v1/sensors").json()["items"]) == 2


def test_a_clone_without_an_activation_key_says_what_it_needs(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    assert agent.once() == exits.DONE
    agent.root.joinpath("etc/machine-id").write_text("f" * 32 + "\n")
    agent.key_file.unlink()
    assert agent.once() == exits.NOT_ENROLLED
    assert "of another machine" in agent.told()
    assert "activation key" in agent.told()


def test_a_revoked_agent_stops_sending_and_says_how_to_come_back(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    assert agent.once() == exits.DONE
    browser = informed.browser()
    (sensor,) = browser.get("/api/v1/sensors").json()["items"]
    assert browser.post(f"/api/v1/sensors/{sensor['id']}/revoke").status == 200
    assert agent.once() == exits.NOT_ENROLLED
    assert "credential.json" in agent.told()


def test_the_server_asks_for_a_full_pass(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    agent.start()
    wait_until(lambda: "event=delivered" in agent.told(), 30)
    browser = informed.browser()
    (sensor,) = browser.get("/api/v1/sensors").json()["items"]
    assert browser.post(f"/api/v1/sensors/{sensor['id']}/collect").status == 202
    agent.root.joinpath("etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    wait_until(lambda: len(re.findall("event=delivered mode=full", agent.told())) == 2, 60)
    assert agent.stop() == 0


def test_a_pass_in_progress_ends_with_the_agent(server: Running, make_agent: Make) -> None:
    agent = make_agent(server)
    agent.start()
    time.sleep(0.6)
    assert agent.stop() == 0


def test_a_state_folder_that_cannot_be_made_is_told(server: Running, make_agent: Make) -> None:
    agent = make_agent(server)
    agent.state.write_text("a file is in the way")
    assert agent.once() == exits.NO_STATE
    assert "--state" in agent.told()


def test_what_would_be_sent_is_shown_and_nothing_is_sent(make_agent: Make, server: Running) -> None:
    agent = make_agent(server)
    words = [sys.executable, "-m", "bartizan.sensors.agent", "show-payload", "--root", str(agent.root)]
    shown = subprocess.run(words, capture_output=True, env={**os.environ, "PYTHONPATH": SOURCE}, check=True, text=True)
    document = json.loads(shown.stdout)
    assert document["asset"]["name"] == "greeter"
    assert document["sections"]["packages_deb"]["facts"][0]["name"] == "hello"
    assert server.browser().get("/api/v1/assets").json()["items"] == []


def test_secrets_of_a_host_leave_it_nowhere(informed: Running, make_agent: Make) -> None:
    canary = "CANARY7f3a9c"
    agent = make_agent(informed)
    places = {
        "etc/shadow": f"root:$y$j9T${canary}$x:19000:0:99999:7:::\n",
        "root/.ssh/id_ed25519": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{canary}\n-----END OPENSSH PRIVATE KEY-----\n",
        "root/.pgpass": f"db:5432:*:app:{canary}\n",
        "root/.bash_history": f"export TOKEN={canary}\n",
        "root/.kube/config": f"token: {canary}\n",
        "etc/ssh/ssh_host_ed25519_key": f"{canary}\n",
        "etc/ssl/private/site.key": f"{canary}\n",
        "srv/app/.env": f"PASSWORD={canary}\n",
        "etc/cron.d/job": f"* * * * * root TOKEN={canary} /usr/bin/true\n",
    }
    for name, text in places.items():
        path = agent.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.chmod(path, 0o600)
    words = [sys.executable, "-m", "bartizan.sensors.agent", "show-payload", "--root", str(agent.root)]
    environment = {**os.environ, "PYTHONPATH": SOURCE, "SECRET": canary}
    shown = subprocess.run(words, capture_output=True, env=environment, check=True)
    assert canary.encode() not in shown.stdout + shown.stderr
    assert agent.once() == exits.DONE
    secret = agent.key_file.read_text().strip()
    credential = json.loads((agent.state / "credential.json").read_text())["key"]
    for path in (*agent.state.iterdir(), agent.log, informed.log, *informed.settings.data_dir.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            assert canary.encode() not in content, path
            assert path == agent.key_file or secret.encode() not in content, path
            assert path.name == "credential.json" or credential.encode() not in content, path
            assert informed.password.encode() not in content, path


def test_an_agent_that_was_killed_leaves_its_place_free(informed: Running, make_agent: Make) -> None:
    agent = make_agent(informed)
    agent.start()
    wait_until(lambda: "event=delivered" in agent.told(), 30)
    assert agent.process is not None
    os.kill(agent.process.pid, signal.SIGKILL)
    agent.process.wait(10)
    wait_until(lambda: agent.once() == exits.DONE, 30)
