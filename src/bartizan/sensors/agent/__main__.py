"""Starts the agent: reads the options, then replaces this process by the watcher, which needs none of what was loaded.

    python -m bartizan.sensors.agent --state DIR --server URL --activation-key-file FILE [--ca-file PEM]
    python -m bartizan.sensors.agent --state DIR --server URL --once
    python -m bartizan.sensors.agent show-payload [--root DIR] [--section NAME]

Exit codes: 0 done, 2 usage, 69 not enrolled (the log says what to do), 73 state folder not usable, 75 server away
(kept in the spool), 78 another agent uses the state folder.
"""

import sys

if not __package__:
    # Started as a file by `python -I -S`, which looks in the standard library only.
    sys.path.insert(0, __file__.rpartition("/bartizan/")[0])


def main(arguments: list[str]) -> int:
    """Dispatch before anything is imported: what a verb does not need must not stay in its memory."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if verb == "watch":
        from bartizan.sensors.agent.watcher import main as watch

        return watch(rest)
    if verb == "pass":
        from bartizan.sensors.agent.collection import main as collect

        return collect(rest)
    from bartizan.sensors.agent.options import main as start

    return start(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
