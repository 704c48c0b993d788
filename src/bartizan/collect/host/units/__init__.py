"""Section `units`: services, sockets and timers of systemd. `unit_file` reads one unit, `section` knows which count."""
