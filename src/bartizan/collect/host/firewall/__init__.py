"""Section `firewall`: what filters the network. `nftables` asks the kernel, `section` reads what is configured."""
