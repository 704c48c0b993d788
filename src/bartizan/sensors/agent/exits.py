"""Exit codes of the agent and of one pass (after sysexits.h), and the numbers both its programs agree on."""

DONE = 0
USAGE = 2
AGAIN = 3
"""The pass is done and the server asks for a full one now."""
NOT_ENROLLED = 69
"""No credential and no way to get one, or access was taken away."""
NO_STATE = 73
"""The state folder cannot be written."""
SERVER_AWAY = 75
"""Nothing is lost: the spool has it."""
OCCUPIED = 78
"""Another agent holds the state folder."""
