"""Pages made from the code: nothing without its line, and nothing told of what is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from misusebench import reference
from misusebench.metrics.registry import REGISTRY
from misusesim.dataset import meanings, schema


def test_every_column_means_something() -> None:
    """Every column of every table has a line, a nullable one says what null means."""
    found = list(meanings.columns())

    assert len(found) == 31 + sum(
        len(table) for tables in schema.CONTEXT.values() for table in tables.values()
    ) + sum(len(table) for table in schema.TRUTH.values())
    assert all(one.meaning.endswith(".") for one in found)
    assert [(o.table, o.name) for o in found if o.nullable and "Null: " not in o.meaning] == []
    assert [(o.table, o.name) for o in found if not o.nullable and "Null: " in o.meaning] == []


def test_no_meaning_is_of_a_column_that_is_gone() -> None:
    """Tables and columns are those of the schemas."""
    context = {f"{f}/{n}": table for f, tables in schema.CONTEXT.items()
               for n, table in tables.items()}  # fmt: skip
    told = {"log": meanings.LOG, **meanings.CONTEXT, **meanings.TRUTH}
    known = {"log": schema.LOG, **context, **schema.TRUTH}

    assert set(told) == set(known)
    assert [(table, name) for table, columns in told.items() for name in columns
            if name not in known[table].names] == []  # fmt: skip


def test_a_column_without_meaning_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named."""
    monkeypatch.delitem(meanings.LOG, "hit")

    with pytest.raises(KeyError, match="hit"):
        reference.columns_page()


def test_a_metric_without_meaning_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named."""

    def silent() -> None:
        pass

    monkeypatch.setitem(REGISTRY, "lift", replace(REGISTRY["lift"], fn=silent))

    with pytest.raises(ValueError, match="without a docstring: lift"):
        reference.metrics_page()


def test_a_key_without_meaning_fails() -> None:
    """It is named with its table."""
    model = {"title": "Noise", "properties": {"lost": {"type": "number"}}}

    with pytest.raises(ValueError, match=r"Noise\.lost has no docstring"):
        list(reference._keys(model, {}))


COLUMN = "| `subject_plate` | string | Plate as typed. Null: not asked by plate. |"
KEY = (
    "| `lost_share` | number | ≥ 0, ≤ 1 | `0.0005` | Rows lost before the log (assumption); "
    "counted in the manifest. |"
)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("metrics.md", "| `fail_open` | "),
        ("columns.md", COLUMN),
        ("scenario-keys.md", KEY),
        (
            "scenario-keys.md",
            "| `days` | whole number | ≥ 1, ≤ 3,660 | required | Days asked for. |",
        ),
        ("scenario-keys.md", '## `[[misuse]] kind = "scope_excess"`'),
    ],
)
def test_pages_say(name: str, line: str) -> None:
    """Meaning, type, bounds and default stand in one line."""
    assert line in reference.pages()[name]
