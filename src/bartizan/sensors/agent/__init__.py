"""The host agent: a small watcher that stays, and a collector that it starts, which collects, sends and exits.

    python -m bartizan.sensors.agent --state DIR --server URL [--activation-key-file FILE]

Standard library only; see `__main__` for the options, `watcher` for what stays in memory, `collection` for a pass.
"""
