"""Section `updates_apt`: security updates that apt knows of. `section` compares, the others read lists."""
