"""The part that stays: looks at the size, time and inode of a list of paths every few seconds, and starts passes.

It imports next to nothing, so it costs little more than an interpreter. A pass is another process, which gives its
memory back when it ends. The loop sleeps in sigtimedwait(2), so SIGTERM and the end of a pass wake it at once.
"""
# ruff: noqa: PTH116, PTH118 - pathlib would double what stays in memory

import fcntl
import os
import signal
import sys
import time

from bartizan.sensors.agent import exits, plan
from bartizan.sensors.agent.log import log
from bartizan.sensors.uplink.backoff import delay

POLL = 5.0
"""Seconds between looks. A change is acted on at the second look that finds it at rest."""
SETTLE = 10.0
"""Seconds after which a change is acted on though it goes on."""
CALM = 10.0
"""Seconds at least between passes."""
FULL_SOON = 45.0
"""Seconds from a quick pass that a change asked for to the full one that follows it."""
FULL_SHARE = 50
"""A full pass starts no sooner than this many times the last one's duration after it."""
LONGEST = 1800.0
"""Seconds after which a pass is stopped."""
GRACE = 10.0
"""Seconds that a pass has to end after SIGTERM."""
STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

State = tuple[tuple[int, int, int], ...]


class Watch:
    """What to do next, decided from the clock and from what changed; holds no process and does no waiting."""

    def __init__(self, now: float, chance: "Chance") -> None:
        self._chance = chance
        self._seen: tuple[State, State] | None = None
        self._changed_at = 0.0
        self._moving = False
        self._want_quick = now
        self._want_full = now
        self._full_allowed = now
        self._calm_until = now
        self._failures = 0

    def look(self, now: float, paths: plan.Plan) -> None:
        """Compare the watched paths with the last look."""
        seen = (state(paths.watch), state(paths.walk))
        before, self._seen = self._seen, seen
        if before is None or len(before[0]) != len(seen[0]) or len(before[1]) != len(seen[1]):
            return  # another list of paths: nothing to compare with
        if before != seen:
            if not self._moving:
                self._changed_at, self._moving = now, True
            if before[1] != seen[1]:
                self._want_full = min(self._want_full, now)
            if now - self._changed_at < SETTLE:
                return
        if self._moving:
            self._moving = False
            self._failures = 0
            self._want_quick = now
            self._want_full = min(self._want_full, now + FULL_SOON)

    def due(self, now: float) -> str:
        """`full`, `quick`, or nothing to do."""
        if now < self._calm_until or self._moving:
            return ""
        if now >= max(self._want_full, self._full_allowed):
            return "full"
        return "quick" if now >= self._want_quick else ""

    def ended(self, mode: str, code: int, started: float, now: float, paths: plan.Plan) -> None:
        """A pass is over."""
        self._calm_until = now + CALM
        self._want_quick = now + paths.interval
        failed = code not in (exits.DONE, exits.AGAIN)
        self._failures = self._failures + 1 if failed else 0
        if failed:
            wait = delay(self._failures, self._chance, paths.retry_after)
            self._want_quick = now + max(CALM, wait)
        if mode == "full":
            self._full_allowed = now + FULL_SHARE * (now - started)
            # What a full pass saw is in the spool even where the server is away; only one that broke is repeated.
            kept = code in (exits.DONE, exits.AGAIN, exits.SERVER_AWAY)
            self._want_full = now + paths.full_interval if kept else self._want_quick
        if code == exits.AGAIN:
            self._want_full = self._full_allowed = now

    @property
    def failures(self) -> int:
        return self._failures


class Chance:
    """Numbers from 0 to 1 for jitter, without the weight of the module `random`."""

    def __call__(self) -> float:
        return int.from_bytes(os.urandom(4), "big") / 0xFFFFFFFF


def state(paths: list[str]) -> State:
    """Inode, size and time of each path; zeros for what is not there."""
    out = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            out.append((0, 0, 0))
        else:
            out.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(out)


def main(arguments: list[str]) -> int:
    """`STATE POLL [options of a pass...]`."""
    folder, poll, rest = arguments[0], float(arguments[1]), arguments[2:]
    lock = take_lock(os.path.join(folder, "lock"))
    if lock is None:
        log("error", "occupied", state=folder, remedy="another agent uses this folder; stop it or name another --state")
        return exits.OCCUPIED
    signal.pthread_sigmask(signal.SIG_BLOCK, {*STOP, signal.SIGCHLD})
    log("info", "watching", state=folder, process=os.getpid())
    watch = Watch(time.monotonic(), Chance())
    where = os.path.join(folder, "plan")
    paths = plan.read(where)
    while True:
        watch.look(time.monotonic(), paths)
        mode = watch.due(time.monotonic())
        if not mode:
            if _stopped(poll):
                break
            continue
        started = time.monotonic()
        code = run_pass(mode, rest)
        if code is None:
            break
        paths = plan.read(where)
        watch.ended(mode, code, started, time.monotonic(), paths)
        if watch.failures:
            log("warning", "pass-failed", mode=mode, code=code, failures=watch.failures)
    log("info", "stopped")
    os.close(lock)
    return exits.DONE


def take_lock(path: str) -> int | None:
    """A descriptor that holds the lock until it is closed or the process ends; None where somebody else has it."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def run_pass(mode: str, rest: list[str]) -> int | None:
    """Start a pass and wait for it; its exit code, or None where the agent is to stop."""
    program = __file__.rpartition("/")[0] + "/__main__.py"
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", program, "pass", mode, *rest],
        os.environ,
        setsigmask=(),
        setsigdef=(*STOP, signal.SIGCHLD),
    )
    deadline = time.monotonic() + LONGEST
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        got = signal.sigtimedwait({*STOP, signal.SIGCHLD}, max(0.0, deadline - time.monotonic()))
        if got is None or got.si_signo != signal.SIGCHLD:
            if got is None:
                log("error", "pass-stopped", mode=mode, reason=f"ran longer than {LONGEST:.0f} seconds")
            code = _end(child)
            return code if got is None else None


def _end(child: int) -> int:
    os.kill(child, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        signal.sigtimedwait({signal.SIGCHLD}, max(0.0, deadline - time.monotonic()))


def _stopped(seconds: float) -> bool:
    """Sleep; whether a signal asked to stop meanwhile."""
    got = signal.sigtimedwait({*STOP, signal.SIGCHLD}, seconds)
    return got is not None and got.si_signo != signal.SIGCHLD
