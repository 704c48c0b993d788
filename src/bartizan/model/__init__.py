"""The records that cross a door between rooms. Standard library only; frozen, slotted, keyword-only dataclasses."""
