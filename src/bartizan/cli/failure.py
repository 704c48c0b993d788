"""How a verb fails: an exit code and three sentences for a person.

error: cannot read the advisory file /var/lib/bartizan/advisories.db: not a database
  Without it no package can be judged, so nothing was scanned.
  Import the feeds again: bartizan feeds import DIR
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a verb's exit code means to a pipeline. Documented in docs/usage/scan-host.md."""

    CLEAN = 0
    FINDINGS = 1
    """Findings at or over the threshold, or the verb failed at what it was asked to do."""
    USAGE = 2
    INCOMPLETE = 3
    """Nothing at or over the threshold, but not everything that might have been could be judged."""
    INTERRUPTED = 130
    """Stopped by the user, as a shell reports SIGINT."""


class Failure(Exception):
    """The verb cannot go on."""

    def __init__(self, what: str, *, meaning: str = "", remedy: str = "", code: ExitCode = ExitCode.FINDINGS) -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning
        self.remedy = remedy
        self.code = code

    def text(self) -> str:
        """The lines that are shown on standard error."""
        lines = [f"error: {self.what}", *(f"  {line}" for line in (self.meaning, self.remedy) if line)]
        return "\n".join(lines)


class UsageError(Failure):
    """The command line is wrong."""

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy, code=ExitCode.USAGE)

    def of(self, path: str) -> "UsageError":
        """With where to look, for the verb that was called."""
        return UsageError(self.what, remedy=self.remedy or f"See what it takes: {path} --help")


def told_by(error: Exception, *, meaning: str = "", code: ExitCode = ExitCode.FINDINGS) -> Failure:
    """A failure in the words of an error that names what happened and, in the sentences after it, what to do."""
    what, _, remedy = str(error).partition(". ")
    return Failure(what, meaning=meaning, remedy=remedy, code=code)
