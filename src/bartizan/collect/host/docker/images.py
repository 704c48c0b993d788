"""Section `docker_images`: what the engine holds, as `GET /images/<id>/json` and `/history` tell.

{"RepoTags": ["web:1"], "Config": {"User": "", "Env": [...], "ExposedPorts": {"80/tcp": {}}}}
[{"CreatedBy": "RUN /bin/sh -c apt-get update # buildkit"}, ...]
"""

from collections.abc import Mapping
from typing import Any

from bartizan.collect.filesystem.interface import FilesystemView
from bartizan.collect.host.docker.containers import is_root, secret_names
from bartizan.collect.host.docker.engine import Engine, EngineError, installed, reachable
from bartizan.collect.host.text import number
from bartizan.collect.interface import Collector, Problems
from bartizan.collect.resources.docker import history
from bartizan.model.resource import Resource
from bartizan.model.wire import plain

SECTION = "docker_images"


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


def image(inspected: Mapping[str, Any], built: Any) -> Resource:
    """The resource that an inspected image stands for."""
    config = inspected.get("Config")
    config = config if isinstance(config, Mapping) else {}
    tags = sorted(str(each) for each in inspected.get("RepoTags") or [])
    name = tags[0] if tags else str(inspected.get("Id", ""))[:19]
    user = str(config.get("User") or "")
    variables = {key: value for key, _, value in (str(each).partition("=") for each in config.get("Env") or [])}
    # The newest comes first.
    steps = [str(each.get("CreatedBy", "")) for each in reversed(built)] if isinstance(built, list) else []
    health = config.get("Healthcheck")
    attributes: dict[str, Any] = {
        "tags": tags,
        "user": user,
        "root": is_root(user),
        "healthcheck": isinstance(health, Mapping) and (health.get("Test") or ["NONE"]) != ["NONE"],
        "ports": sorted(
            port for key in config.get("ExposedPorts") or {} if (port := number(str(key).partition("/")[0])) is not None
        ),
        "environment": sorted(variables),
        "secret_variables": secret_names(variables),
        "onbuild": bool(config.get("OnBuild")),
        "runs": list(history.runs(steps)),
        "copies": list(history.copies(steps)),
    }
    return Resource(type="docker.image", id=name, name=name, provider="docker", attributes=attributes)


COLLECTOR = Collector(section=SECTION, collect=collect, watches=("/var/lib/docker/image", "/var/run/docker.pid"))
