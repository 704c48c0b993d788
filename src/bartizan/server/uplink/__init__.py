"""The server's end of the uplink: who is sending, what they still have to send, what they are told."""
