"""Values that the estate has, for completing queries."""

from sqlalchemy import ColumnElement, Connection, select

from bartizan.inventory.query.compile import like
from bartizan.inventory.query.complete import Values
from bartizan.inventory.query.fields import Field
from bartizan.inventory.schema import estate, judgement

LIMIT = 15


def values_of(conn: Connection, org: int) -> Values:
    """For `query.complete`: values of a field by their beginning."""

    def values(field: Field, beginning: str) -> list[str]:
        column = _columns().get(field.name)
        if column is None:
            return []
        plain = beginning.replace("*", "").replace("?", "")
        inside = field.name in ("asset.os", "title")
        table = column.table
        query = (
            select(column)
            .where(table.c.org_id == org, column != "", like(plain if inside else plain + "*", inside=inside)(column))
            .distinct()
            .order_by(column)
            .limit(LIMIT)
        )
        return list(conn.execute(query).scalars())

    return values


def _columns() -> dict[str, ColumnElement[str]]:
    detail, asset = judgement.finding_detail, estate.asset
    return {
        "rule": detail.c.rule,
        "title": detail.c.title,
        "package": detail.c.package,
        "installed": detail.c.installed,
        "layer": detail.c.layer,
        "base": detail.c.base,
        "locator": judgement.finding_key.c.locator,
        "asset.name": asset.c.name,
        "asset.key": asset.c.key,
        "asset.os": asset.c.os,
        "asset.source": estate.observation.c.source,
        "source": estate.observation.c.source,
        "tag": estate.tag.c.name,
    }
