"""Whoever spreads lists over servers needs no other schema (docs/adr/0028)."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models

ROOT = Path(__file__).parents[2]
TABLES = [
    model._meta.db_table
    for room in ("lists", "returns", "sign_ups")
    for model in apps.get_app_config(room).get_models()
]


def first_columns(table: str) -> list[str]:
    """Name the first column of each key and index the database has."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            found = connection.introspection.get_constraints(cursor, table).values()
            rules = [r for r in found if r["primary_key"] or r["unique"] or r["index"]]
            return [rule["columns"][0] for rule in rules]
        cursor.execute(
            "SELECT i.name FROM pragma_index_list(%s) AS l, pragma_index_info(l.name)"
            " AS i WHERE i.seqno = 0",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize("table", TABLES)
def test_every_key_and_index_begins_with_the_list(table: str) -> None:
    assert set(first_columns(table)) == {"list_id"}


@pytest.mark.parametrize("table", TABLES)
def test_no_foreign_key_points_at_a_table_of_lists_or_away_from_it(table: str) -> None:
    pointing = [
        (model._meta.db_table, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and table in (model._meta.db_table, field.related_model._meta.db_table)
    ]

    assert pointing == []


def test_citus_distributes_all_of_them_by_list() -> None:
    script = (ROOT / "deploy/citus.sql").read_text()

    distributed = re.findall(r"create_distributed_table\('(\w+)', '(\w+)'", script)
    assert sorted(distributed) == sorted((table, "list_id") for table in TABLES)
    assert "UNTESTED" in script
