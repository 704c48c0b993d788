"""Section `sudo`: who may run what as whom (sudoers(5)). `grammar` reads the files, `section` resolves them."""
