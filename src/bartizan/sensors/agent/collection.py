"""One pass: collect, keep in the spool, hand over what waits, write the plan for the watcher, exit.

What was collected is on disk before the first byte is sent, and leaves the disk when the server has it. So a pass may
be killed at any point: the next one goes on.
"""

import contextlib
import ctypes
import os
import resource
import sqlite3
import time
from datetime import UTC, datetime

from bartizan.collect.filesystem.interface import FilesystemError
from bartizan.model.asset import AssetRef
from bartizan.model.snapshot import Snapshot
from bartizan.sensors.agent import credential as credentials
from bartizan.sensors.agent import exits, gather, plan
from bartizan.sensors.agent.log import log
from bartizan.sensors.agent.options import Options
from bartizan.sensors.agent.watcher import take_lock
from bartizan.sensors.uplink.client import Client, Server
from bartizan.sensors.uplink.delivery import NotEnrolled, Queued, Rejected, Unavailable
from bartizan.sensors.uplink.fitting import fit
from bartizan.sensors.uplink.protocol import Reply
from bartizan.sensors.uplink.spool import Entry, Spool

MEMORY_LIMIT = 1 << 30
"""Bytes of address space of a pass: a runaway reader ends itself and not its host."""
CONFIGURED = {"interval": (10, 86400), "full_interval": (600, 7 * 86400)}
"""What a server may set, with the range in which it is believed."""


def main(arguments: list[str]) -> int:
    """`full|quick [options]`, as the watcher starts it."""
    _be_modest()
    return run(arguments[0], Options.of(arguments[1:]))


def run(mode: str, options: Options) -> int:
    """One pass; its exit code. The caller holds the state folder's lock."""
    lock = take_lock(str(options.state / "pass.lock"))
    if lock is None:
        log("warning", "pass-running", state=options.state, reason="a pass of a stopped agent is not done yet")
        return exits.SERVER_AWAY
    started = time.monotonic()
    try:
        return _Pass(mode, options, started).run()
    except (OSError, sqlite3.Error, FilesystemError) as error:
        log("error", "pass-broken", mode=mode, reason=f"{type(error).__name__}: {error}")
        return exits.NO_STATE
    finally:
        os.close(lock)


class _Pass:
    def __init__(self, mode: str, options: Options, started: float) -> None:
        self._mode = mode
        self._options = options
        self._started = started
        self._where = str(options.state / "plan")
        self._plan = plan.read(self._where)
        self._plan.retry_after = 0
        self._failed: list[str] = []

    def run(self) -> int:
        with Spool(self._options.state / "spool.db") as spool:
            if spool.set_aside:
                log("error", "spool-damaged", kept_as=spool.set_aside)
            snapshot = self._collect(spool)
            changed = spool.put(snapshot)
            self._plan.watch = gather.watched(self._options.root)
            if self._mode == "full":
                self._plan.walk = gather.walked(self._options.root, snapshot)
            self._write_plan()
            code = self._deliver(spool, snapshot, changed=changed)
            self._write_plan()
        return code

    def _collect(self, spool: Spool) -> Snapshot:
        newest, now = spool.newest(), datetime.now(UTC)
        if newest is None or not spool.has(newest.manifest):
            self._mode = "full"
        if self._mode == "full" or newest is None:
            snapshot = gather.full(self._options.root, now)
        else:
            snapshot = gather.quick(self._options.root, now, newest.manifest)
        return fit(snapshot, spool.sizes(snapshot.manifest()))

    def _deliver(self, spool: Spool, snapshot: Snapshot, *, changed: bool) -> int:
        server = Server.parse(self._options.server, self._options.ca_file)
        try:
            with Client(server) as client:
                stored = self._credential(client, snapshot.asset)
                reply = self._drain(client, stored, spool, snapshot)
        except credentials.NoCredential as error:
            log("error", "not-enrolled", reason=error)
            return exits.NOT_ENROLLED
        except NotEnrolled as error:
            return self._lost_access(error, secure=server.tls)
        except Rejected as error:
            log("error", "rejected", code=error.code, reason=error)
            return exits.NOT_ENROLLED
        except Unavailable as error:
            self._plan.retry_after = error.retry_after
            log("warning", "server-away", reason=error, waiting=len(spool.waiting()), dropped=spool.dropped)
            return exits.SERVER_AWAY
        log(
            "info",
            "delivered",
            mode=self._mode,
            changed=changed,
            sections=len(snapshot.sections),
            sent=",".join(reply.changed) or "none",
            seconds=time.monotonic() - self._started,
        )
        return self._obey(reply)

    def _credential(self, client: Client, asset: AssetRef) -> credentials.Stored:
        folder, key_file = self._options.state, self._options.activation_key_file
        stored = credentials.load(folder)
        if stored is None:
            log("info", "enrolling", asset=asset.name)
            return credentials.enrol(client, folder, key_file, asset, reason="this agent is not enrolled")
        if stored.asset != asset.key:
            log("warning", "another-machine", reason="the credential here is of another machine; this one is its clone")
            return credentials.enrol(
                client, folder, key_file, asset, reason="the credential in the state folder is of another machine"
            )
        return stored

    def _drain(self, client: Client, stored: credentials.Stored, spool: Spool, snapshot: Snapshot) -> Reply:
        """Hand over what waits, oldest first; where nothing waits, say that all is as it was."""
        waiting = spool.waiting()
        newest = spool.newest()
        reply = Reply()
        for entry in waiting:
            if entry.asset.key != stored.asset:
                spool.give_up(entry)
                continue
            reply = self._hand_over(client, stored, spool, entry, entry.taken_at)
        if not waiting and newest is not None:
            reply = self._hand_over(client, stored, spool, newest, snapshot.taken_at)
        return reply

    def _hand_over(
        self, client: Client, stored: credentials.Stored, spool: Spool, entry: Entry, taken_at: str
    ) -> Reply:
        newest = spool.newest()
        try:
            reply = client.send(
                stored.credential,
                Queued(
                    asset=entry.asset,
                    taken_at=taken_at,
                    sensor=entry.sensor,
                    manifest=entry.manifest,
                    sections=lambda names: spool.sections(entry, names),
                    dropped=spool.dropped,
                ),
            )
        except Rejected as error:
            if newest is None or entry.seq == newest.seq:
                raise
            log("error", "given-up", taken_at=entry.taken_at, code=error.code, reason=error)
            spool.give_up(entry)
            return Reply()
        spool.delivered(entry)
        return reply

    def _lost_access(self, error: NotEnrolled, *, secure: bool) -> int:
        # An answer that is not signed may come from anybody who listens on the port. Over verified TLS it is the
        # server's own word that it does not know this sensor, and an activation key may be shown to it again.
        again = error.code == "unknown-sensor" and bool(self._options.activation_key_file) and secure
        if again:
            credentials.forget(self._options.state)
        log(
            "error",
            error.code,
            reason=error,
            remedy="enrols again at the next pass"
            if again
            else f"to enrol again, remove {self._options.state}/credential.json and give an activation key",
        )
        return exits.NOT_ENROLLED

    def _obey(self, reply: Reply) -> int:
        for name, value in reply.configuration.items():
            least, most = CONFIGURED.get(name, (0, -1))
            if least <= value <= most:
                setattr(self._plan, name, value)
            else:
                log("warning", "configuration-passed-over", name=name, value=value)
        unknown = sorted({command.kind for command in reply.commands} - {"collect"})
        if unknown:
            log("warning", "commands-passed-over", kinds=",".join(unknown))
        wanted = any(command.kind == "collect" for command in reply.commands)
        return exits.AGAIN if wanted and self._mode != "full" else exits.DONE

    def _write_plan(self) -> None:
        if self._options.interval:
            self._plan.interval = self._options.interval
        plan.write(self._where, self._plan)


def _be_modest() -> None:
    """Lowest priority for processor and disk, and bounded memory; a system that refuses is none the worse."""
    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    number = {"x86_64": 251, "aarch64": 30}.get(os.uname().machine)  # ioprio_set(2)
    if number is not None:
        own_process, idle = 1, 3 << 13
        ctypes.CDLL(None, use_errno=True).syscall(number, own_process, 0, idle)
