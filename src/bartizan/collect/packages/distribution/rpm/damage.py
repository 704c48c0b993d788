"""What the three stores raise when their file is not what it claims."""


class Damaged(Exception):
    """The store cannot be read further; the message says why. Headers read before it are good."""
