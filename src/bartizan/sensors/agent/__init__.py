"""The host agent: a small watcher that starts a short-lived collector. Standard library only."""
