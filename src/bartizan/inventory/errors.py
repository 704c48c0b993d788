"""What can go wrong with the store, and what to do about it."""


class InventoryError(Exception):
    """Anything that the inventory raises on purpose. The message is for a person and names the remedy."""


class StoreError(InventoryError):
    """The database cannot be used as it is."""


class SchemaTooNew(StoreError):
    """The database was written by a newer program."""

    def __init__(self, url: str, found: str, known: str) -> None:
        super().__init__(
            f"{url}: the database has schema {found}, this program knows schemas up to {known}. "
            "Nothing was changed. Install the newer release that wrote it, or restore a backup made before the upgrade."
        )
        self.found = found
        self.known = known


class SchemaMissing(StoreError):
    """The database has no schema, or an older one."""


class StoreNotWritable(StoreError):
    """The database file or its folder cannot be written."""


class NotADatabase(StoreError):
    """The file is something else, or is damaged."""


class BadInput(InventoryError):
    """A caller handed over something that cannot be stored; nothing was written."""


class DigestMismatch(BadInput):
    """A section's content does not have the digest that its manifest claims."""


class SectionsMissing(BadInput):
    """A manifest names sections that are neither stored nor handed over."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(f"sections neither stored nor sent: {', '.join(sorted(names))}. Send them with the manifest.")
        self.names = names


class NotFound(InventoryError):
    """No such row in this organisation."""


class Conflict(InventoryError):
    """The row is there already, or is in a state that forbids the change."""


class BadCursor(BadInput):
    """A page cursor that this list did not hand out."""


class NotAllowed(InventoryError):
    """The organisation's rules forbid it: an approver who is the requester, a key that is used up."""
