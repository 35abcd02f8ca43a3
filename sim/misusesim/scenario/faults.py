"""Faults of a scenario in words: where, what must be, what was found, what was perhaps meant."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
import typing
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import BaseModel

from misusesim.scenario.checks import ContradictionError, cross_faults, guess
from misusesim.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from misusesim.scenario.lines import Path

#: The one key with a tagged union: pydantic puts the tag into the location after the place in it.
TAGGED: Final = "misuse"
_LONGEST: Final = 60
_TYPES: Final = {
    "int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
    "finite_number": "a finite number", "string_type": "text", "bool_type": "true or false",
    "string_unicode": "text in Unicode", "date_type": "a date such as 2024-01-01",
    "tuple_type": "a list", "model_type": "a table", "model_attributes_type": "a table",
}  # fmt: skip
_SIGNS: Final = {
    "greater_than_equal": ("≥", "ge"), "greater_than": (">", "gt"),
    "less_than_equal": ("≤", "le"), "less_than": ("<", "lt"),
}  # fmt: skip


class Fault(NamedTuple):
    """One fault of a scenario."""

    path: Path  # in the decoded file
    what: str  # goes on after the dotted path

    def __str__(self) -> str:
        """Return the fault without its place in a file."""
        dotted = ".".join(map(str, self.path))
        return f"{dotted} {self.what}" if dotted else self.what


def faults_of(error: ValidationError, data: Mapping[str, Any]) -> list[Fault]:
    """Return all faults of decoded data: those that pydantic found, then those between keys."""
    found = [_fault(e) for e in error.errors(include_url=False) if not _is_cross(e)]
    return found + [Fault(*fault) for fault in cross_faults(data)]


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it, shortened for a message."""
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = json.dumps(value, ensure_ascii=False)
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case dt.date():
            text = value.isoformat()
        case int() if abs(value) >= 10**_LONGEST:
            return "a number of many digits"
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _is_cross(error: ErrorDetails) -> bool:
    return isinstance(error.get("ctx", {}).get("error"), ContradictionError)


def _fault(error: ErrorDetails) -> Fault:
    """Return one of pydantic's errors in our words."""
    path, kind = _path(error["loc"]), error["type"]
    if kind.startswith("union_tag"):
        path = (*path, "kind")
    if kind in _SPECIAL:
        return Fault(path, _SPECIAL[kind](error))
    got = f", got {toml_value(error['input'])}"
    if kind in _SIGNS:
        sign, key = _SIGNS[kind]
        bound = error["ctx"][key]
        return Fault(path, f"must be {sign} {bound:.12g}{got}{_percent(bound, error['input'])}")
    wanted = f"must be {_TYPES[kind]}" if kind in _TYPES else error["msg"]
    return Fault(path, wanted + got + (_header(path, kind) or _retyped(kind, error["input"])))


def _wrong_kind(error: ErrorDetails) -> str:
    tag = str(error["ctx"]["tag"])
    return f"must be one of {_kinds()}, got {toml_value(tag)}{_near(tag, _kinds())}"


def _wrong_word(error: ErrorDetails) -> str:
    words = error["ctx"]["expected"].replace("'", '"')
    value = error["input"]
    return f"must be one of {words}, got {toml_value(value)}{_near(value, words)}"


def _wrong_pattern(error: ErrorDetails) -> str:
    value, pattern = error["input"], error["ctx"]["pattern"]
    return f"must match {pattern}, got {toml_value(value)}{_slug(value, pattern)}"


def _path(loc: tuple[int | str, ...]) -> Path:
    """Return the location without the tag of the union."""
    place = 2
    return loc[:place] + loc[place + 1 :] if loc[:1] == (TAGGED,) else loc


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models in a type, whatever they are wrapped in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in typing.get_args(annotation) for model in _models(inner)]


def _kinds() -> str:
    return ", ".join(f'"{_tag(m)}"' for m in _models(Scenario.model_fields[TAGGED].annotation))


def _tag(model: type[BaseModel]) -> str:
    return str(typing.get_args(model.model_fields["kind"].annotation)[0])


def _unknown_key(loc: tuple[int | str, ...]) -> str:
    """Return what to say about a key that its table does not have."""
    model: type[BaseModel] = Scenario
    for part in loc[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            inside = _models(model.model_fields[part].annotation)
            tags = [_tag(m) for m in inside] if part == TAGGED else []
            model = inside[tags.index(str(loc[2]))] if tags else inside[0]
    names = list(model.model_fields)
    hint = guess(str(loc[-1]), names)
    return f"must be a known key{hint}" if hint else f"must be a known key: {', '.join(names)}"


def _near(value: Any, expected: str) -> str:
    return guess(str(value), re.findall(r'"([^"]*)"', expected), '"')


def _slug(value: str, pattern: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
    fitting = [text for text in (slug, value.upper()) if re.match(pattern, text)]
    return f'; did you mean "{fitting[0]}"?' if fitting else ""


def _percent(bound: float, value: float) -> str:
    """Suggest the share when a percentage was given."""
    return f"; did you mean {value / 100:g}?" if bound == 1 and 1 < value <= 100 else ""  # noqa: PLR2004


def _header(path: Path, kind: str) -> str:
    """Suggest the header that makes a list of tables, or one table."""
    if kind == "tuple_type":
        return f"; did you mean [[{path[-1]}]]?"
    return f"; did you mean [{path[-1]}]?" if kind == "model_type" and len(path) == 1 else ""


def _retyped(kind: str, value: Any) -> str:
    """Suggest the same value in the type that is wanted."""
    meant: Any = None
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        meant = int(value)
    elif kind == "date_type" and isinstance(value, dt.datetime):
        meant = value.date()
    elif isinstance(value, str):
        meant = _unquoted(kind, value)
    return "" if meant is None else f"; did you mean {toml_value(meant)}?"


def _unquoted(kind: str, text: str) -> Any:
    """Return what a text would be without its quotes, if that is of the type wanted."""
    words = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
    if kind == "bool_type":
        return words.get(text.lower())
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except ValueError:
        return None
    wanted: dict[str, Any] = {"int_type": int, "float_type": (int, float), "date_type": dt.date}
    return value if isinstance(value, wanted.get(kind, ())) else None


_SPECIAL: Final[Mapping[str, Callable[[ErrorDetails], str]]] = {
    "missing": lambda _: "must be given",
    "extra_forbidden": lambda error: _unknown_key(error["loc"]),
    "union_tag_not_found": lambda _: f"must be given, one of {_kinds()}",
    "union_tag_invalid": _wrong_kind,
    "literal_error": _wrong_word,
    "string_pattern_mismatch": _wrong_pattern,
    "string_too_short": lambda _: 'must not be empty, got ""',
    "value_error": lambda error: str(error["ctx"]["error"]),
}
