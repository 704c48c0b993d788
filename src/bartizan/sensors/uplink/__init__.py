"""The protocol between sensors and server: enrol, sign, send digests, then what is missing. Standard library only."""
