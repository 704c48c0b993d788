"""Facts of a Linux host, one module per section, read from files, `/proc`, `/sys` and the engine's socket.

No process is started.
"""
