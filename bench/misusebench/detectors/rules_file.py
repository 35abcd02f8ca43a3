"""Files of rules: TOML with SQL in it, for people to edit."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from misusebench.errors import SuiteError

KEYS: Final = frozenset({"id", "reason", "weight", "tier", "sql"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the file."""

    id: str
    reason: str
    weight: float
    tier: str
    sql: str

    def fingerprint(self) -> str:
        """Return a hash of what decides whether it hits: its SQL, however it is laid out."""
        return hashlib.sha256(" ".join(self.sql.split()).encode()).hexdigest()[:16]


def load_rules(path: str | Path | None = None) -> list[Rule]:
    """Return the rules of a TOML file (or of its text, of several lines), by default the shipped.

    Raises
    ------
    SuiteError
        All faults of the file, one a line, with what is allowed.
    """
    given = str(path) if path and "\n" in str(path) else None
    where = Path(path) if path and given is None else None
    shipped = resources.files("misusebench.detectors") / "rules.toml"
    try:
        text = given or (where or shipped).read_text(encoding="utf-8")
        entries = tomllib.loads(text).get("rule", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SuiteError(f"{where or 'rules.toml'}: {error}") from error
    faults = [f for number, entry in enumerate(entries) for f in _faults(where, number, entry)]
    if not entries:
        faults.append(f"{where}: no [[rule]] found; a rule has the keys {', '.join(sorted(KEYS))}")
    if faults:
        raise SuiteError("\n".join(faults))
    return [Rule(**{**entry, "weight": float(entry["weight"])}) for entry in entries]


def _faults(where: Path | None, number: int, entry: dict[str, Any]) -> list[str]:
    name = f"{where or 'rules.toml'}: rule {number + 1} ({entry.get('id', 'without id')})"
    found = [f"{name}: unknown key {key}" for key in entry.keys() - KEYS]
    found += [f"{name}: {key} is missing" for key in sorted(KEYS - entry.keys())]
    weight = entry.get("weight", 0.5)
    if not isinstance(weight, int | float) or not 0 < weight <= 1:
        found.append(f"{name}: weight must be in (0, 1], got {weight!r}")
    if entry.get("tier", "T0") not in ("T0", "T1", "T2", "T3"):
        found.append(f"{name}: tier must be T0, T1, T2 or T3, got {entry['tier']!r}")
    return found
