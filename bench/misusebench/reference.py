"""Reference pages made from the code: `python3 dev.py docs` writes them to `docs/`.

What they say is where the code says it: a metric's docstring, `misusesim.dataset.meanings`, the
docstrings of the scenario's models. A thing that lacks its line fails here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_MADE: Final = "<!-- made from the code by `python3 dev.py docs`; change it there -->\n\n"
_BETTER: Final = {"higher": "higher", "lower": "lower", "none": "neither"}
_OF: Final = {
    "detector": "Of detectors", "policy": "Of policies", "component": "Of speed, of any component",
    "pair": "Of a detector and the observable oracle of its tier",
}  # fmt: skip

_METRICS: Final = (
    "How to read them: [read-the-metrics.md](read-the-metrics.md). *Gates* says how much may be\n"
    "lost before `misusebench gate` calls it a regression; `gate.toml` can say otherwise, and a\n"
    "metric without it is for reading. A metric without a value says why. Families have a member\n"
    "for each kind, oddity, rung or rule: `campaign_recall/retaliation`.\n"
)
_COLUMNS: Final = (
    "A data set is a log, the context that an organisation could join to it, and, apart, the\n"
    "truth; all are Parquet and joined by ids and keys. A component sees the log and the context\n"
    "of its tier ({tiers}),\n"
    "never the truth. Only where the meaning says what null means can a value be missing. A word\n"
    "is dictionary-encoded; the lists of allowed words are in `sim/misusesim/dataset/schema.py`.\n"
)
_KEYS: Final = (
    "One file is one world. How to begin: `misusebench init`, a shipped world\n"
    "([scenarios](../scenarios/README.md)), or one like your log\n"
    "([fit-a-scenario-to-your-log.md](fit-a-scenario-to-your-log.md)). Shares are of one, rates\n"
    "carry their unit in the name. The source of a default is in brackets; *assumption* marks one\n"
    "that no public source gives.\n"
)


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    return {name: _MADE + make() for name, make in _PAGES.items()}


def metrics_page() -> str:
    """Return the page of all metrics.

    Raises
    ------
    ValueError
        If one says nothing of itself.
    """
    from misusebench.metrics.registry import REGISTRY  # noqa: PLC0415 - heavy

    out = [
        "# Metrics\n",
        _METRICS,
    ]
    for of, title in _OF.items():
        own = [(name, one) for name, one in REGISTRY.items() if one.of == of]
        if silent := [name for name, one in own if not one.doc]:
            raise ValueError(f"metrics without a docstring: {', '.join(silent)}")
        heads = ("metric", "meaning", "unit", "better", "gates", "no value where")
        rows = [
            (f"`{name}`", one.doc, one.unit.replace("_", " "), _BETTER[one.direction],
             _gates(one), one.undefined)
            for name, one in own
        ]  # fmt: skip
        out += [f"## {title}\n", *_table(heads, rows)]
    return "\n".join(out)


def _gates(metric: Any) -> str:
    if not metric.gates:
        return ""
    bounds = metric.tolerance
    parts = [f"{bounds.absolute:g}"] if bounds.absolute or not bounds.relative else []
    parts += [f"{bounds.relative:.0%} of the base"] if bounds.relative else []
    return " or ".join(parts) + (", the larger" if len(parts) > 1 else "")


def columns_page() -> str:
    """Return the page of all columns."""
    from misusesim.dataset.meanings import columns  # noqa: PLC0415 - heavy
    from misusesim.dataset.schema import TIERS  # noqa: PLC0415

    tiers = "; ".join(f"{tier} {', '.join(folders)}" for tier, folders in TIERS.items())
    out = [
        "# Columns\n",
        _COLUMNS.format(tiers=tiers),
    ]
    table = ""
    for column in columns():
        if column.table != table:
            table = column.table
            out += [f"\n## {table}\n", *_table(("column", "type", "meaning"), ())[:2]]
        out.append(_row((f"`{column.name}`", column.kind, column.meaning)))
    return "\n".join(out) + "\n"


def scenario_page() -> str:
    """Return the page of all keys of a scenario file.

    Raises
    ------
    ValueError
        If a key says nothing of itself.
    """
    from misusesim.scenario.load import json_schema  # noqa: PLC0415 - heavy

    whole = json_schema()
    defs = whole["$defs"]
    out = [
        "# Keys of a scenario\n",
        _KEYS,
        "## Top level\n", *_keys(whole, defs, tables=False),
    ]  # fmt: skip
    for key, about in whole["properties"].items():
        for model, title in _tables(key, about, defs):
            out += [f"\n## {title}\n", _first(model["description"]), "", *_keys(model, defs)]
    used = {"RungMix": "rungs", "SearchHabits": "searches", "ReasonMix": "reasons"}
    for name, model in defs.items():
        if name in used or name.endswith("Mix"):
            title = f"`{used[name]}`" if name in used else f"`{name}`"
            out += [f"\n## {title}, within a table\n", _first(model["description"]), "",
                    *_keys(model, defs)]  # fmt: skip
    return "\n".join(out) + "\n"


def _tables(
    key: str, about: Mapping[str, Any], defs: Mapping[str, Any]
) -> Iterator[tuple[Any, str]]:
    """Yield (model, title) of the tables that a top-level key stands for."""
    many = about.get("items", {})
    if choices := many.get("discriminator", {}).get("mapping"):
        for kind, ref in choices.items():
            yield _model(ref, defs), f'`[[{key}]] kind = "{kind}"`'
    elif "$ref" in many:
        yield _model(many["$ref"], defs), f"`[[{key}]]`"
    elif "$ref" in about:
        yield _model(about["$ref"], defs), f"`[{key}]`"


def _model(ref: str, defs: Mapping[str, Any]) -> Any:
    return defs[ref.rpartition("/")[2]]


def _keys(
    model: Mapping[str, Any], defs: Mapping[str, Any], *, tables: bool = True
) -> Iterable[str]:
    rows = []
    wanted = model.get("required", ())
    for key, about in model["properties"].items():
        if not tables and any(_tables(key, about, defs)):
            continue
        if "const" in about:
            continue  # the kind, which is the title
        said = about.get("description", "")
        if not said:
            raise ValueError(f"{model['title']}.{key} has no docstring")
        default = "required" if key in wanted else _value(about.get("default"))
        rows.append((f"`{key}`", _type(about), _bounds(about), default, said))
    return _table(("key", "type", "bounds", "default", "meaning"), rows)


def _type(about: Mapping[str, Any]) -> str:
    """Return a key's type in words."""
    if options := about.get("anyOf"):
        return " or ".join(_type(one) for one in options if one.get("type") != "null")
    if words := about.get("enum"):
        return ", ".join(f"`{word}`" for word in words)
    if "$ref" in about:
        return "table"
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}s"
    kind = about.get("format") or about.get("type") or "value"
    return {"integer": "whole number", "string": "text", "boolean": "true or false"}.get(kind, kind)


def _bounds(about: Mapping[str, Any]) -> str:
    """Return what a value must lie between."""
    if options := about.get("anyOf"):
        return ", ".join(filter(None, map(_bounds, options)))
    signs = {
        "minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< ",
        "minItems": "at least ", "maxItems": "at most ",
    }  # fmt: skip
    found = [f"{sign}{about[name]:,}" for name, sign in signs.items() if name in about]
    if "pattern" in about:
        found.append(f"`{about['pattern']}`")
    return ", ".join(found)


def _value(value: Any) -> str:
    return "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _first(text: str) -> str:
    return " ".join(text.split())


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(heads)
    return [_row(names), _row(["---"] * len(names)), *map(_row, rows), ""]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_first(cell).replace("|", r"\|") for cell in cells) + " |"


_PAGES: Final[dict[str, Callable[[], str]]] = {
    "columns.md": columns_page, "metrics.md": metrics_page, "scenario-keys.md": scenario_page,
}  # fmt: skip


if __name__ == "__main__":
    from misusebench.result import write_atomically

    for page, text in pages().items():
        write_atomically(Path(sys.argv[1]) / page, text.encode())
