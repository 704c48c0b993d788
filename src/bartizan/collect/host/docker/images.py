"""Section `docker_images`: what the engine holds, as `GET /images/<id>/json` and `/history` tell.

{"RepoTags": ["web:1"], "Config": {"User": "", "Env": [...], "ExposedPorts": {"80/tcp": {}}}}
[{"CreatedBy": "RUN /bin/sh -c apt-get update # buildkit"}, ...]
"""

import re
from collections.abc import Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.docker.containers import secret_names
from bartizan.collect.host.docker.engine import Engine, EngineError, installed, reachable
from bartizan.collect.interface import Collector, Problems
from bartizan.model.resource import Resource
from bartizan.model.wire import plain

SECTION = "docker_images"
_ADD = re.compile(r"^(?:/bin/sh -c #\(nop\) )?ADD (?!.*\sin /\s*$)(?!\S+ / #)")
_UPDATE = re.compile(r"\b(?:apt-get|apt|apk|aptitude)\s+(?:-\S+\s+)*update\b")
_INSTALL = re.compile(r"\b(?:install|upgrade|dist-upgrade|full-upgrade|add)\b")


def collect(view: FilesystemView, problems: Problems, engine: Engine | None = None) -> dict[str, Any]:
    """The images that the engine holds."""
    engine = engine or Engine()
    if not installed(view, engine.path):
        return {"present": False, "resources": []}
    if not reachable(view, problems, engine, SECTION):
        return {"present": True, "resources": []}
    resources = []
    try:
        for each in engine.mappings("/images/json"):
            target = f"/images/{each.get('Id')}"
            try:
                found = image(engine.mapping(f"{target}/json"), engine.mappings(f"{target}/history"))
            except EngineError as error:
                # One that was removed since it was listed is none that the engine holds.
                if "status 404" not in str(error):
                    problems.add(str((each.get("RepoTags") or [each.get("Id")])[0]), str(error))
            else:
                resources.append(plain(found))
    except EngineError as error:
        problems.add(engine.path, str(error))
    return {"present": True, "resources": sorted(resources, key=lambda each: str(each["id"]))}


def image(inspected: Mapping[str, Any], history: Any) -> Resource:
    """The resource that an inspected image stands for."""
    config = inspected.get("Config")
    config = config if isinstance(config, Mapping) else {}
    tags = sorted(str(each) for each in inspected.get("RepoTags") or [])
    name = tags[0] if tags else str(inspected.get("Id", ""))[:19]
    user = str(config.get("User") or "")
    variables = {key: value for key, _, value in (str(each).partition("=") for each in config.get("Env") or [])}
    steps = [str(each.get("CreatedBy", "")) for each in history] if isinstance(history, list) else []
    health = config.get("Healthcheck")
    attributes: dict[str, Any] = {
        "tags": tags,
        "user": user,
        "root": user.partition(":")[0] in ("", "0", "root"),
        "healthcheck": isinstance(health, Mapping) and (health.get("Test") or ["NONE"]) != ["NONE"],
        "ports": sorted(
            int(p) for p in (str(k).partition("/")[0] for k in config.get("ExposedPorts") or {}) if p.isdigit()
        ),
        "environment": sorted(variables),
        "secret_variables": secret_names(variables),
        "onbuild": bool(config.get("OnBuild")),
        "added": any(_ADD.match(step) for step in steps),
        "update_alone": any(_UPDATE.search(step) and not _INSTALL.search(step) for step in steps),
    }
    return Resource(type="docker.image", id=name, name=name, provider="docker", attributes=attributes)


COLLECTOR = Collector(section=SECTION, collect=collect, watches=("/var/lib/docker/image", "/var/run/docker.pid"))
