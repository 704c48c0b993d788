"""Facts of a Linux host, one module per section, read from files, `/proc` and `/sys`; no process is started."""
