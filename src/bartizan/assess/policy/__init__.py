"""Policies: the envelope as content, CEL evaluation over resources, and results that admit the unknown."""
