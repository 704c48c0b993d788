"""The uplink: how every sensor enrols with a server, proves who it is and hands over what it saw.

`signing` and `protocol` are the wire (sans-I/O, used by both ends), `delivery` is the conversation, `spool` keeps what
is not delivered yet, `client` moves bytes. Standard library only.
"""
