"""The query language: one for search, tags, widgets, alerts and gates.

    asset.os:"debian 12" and severity>=high and kev:true and not tag:lab and package:openssl* and first_seen<7d

`parse` makes a tree, `compile_query` turns it into a condition for the database, `evaluate` judges a record in plain
Python and is what the condition is tested against, `complete` helps whoever is typing. docs/query.md tells it to
people.
"""

from bartizan.inventory.query.complete import Suggestion, complete
from bartizan.inventory.query.errors import QueryError
from bartizan.inventory.query.evaluate import evaluate
from bartizan.inventory.query.fields import FIELDS, Field, FieldType, Level
from bartizan.inventory.query.parser import parse
from bartizan.inventory.query.tree import Query, quoted

__all__ = [
    "FIELDS",
    "Field",
    "FieldType",
    "Level",
    "Query",
    "QueryError",
    "Suggestion",
    "complete",
    "evaluate",
    "parse",
    "quoted",
]
