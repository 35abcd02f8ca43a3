"""A policy's file: facts of its own, lists, tables, definitions, what permits, what denies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from misusebench.errors import SuiteError
from misusebench.faults import Faults
from misusebench.policies.language.parse import ConditionError, Names, parse
from misusebench.policies.language.syntax import Every, Negation, facts_of
from misusebench.policies.language.vocabulary import FACT_KINDS, IDS, PLACES, TYPES, sayable
from misusebench.reading import read_text, toml_of
from misusebench.specs import guess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusebench.policies.language.syntax import Condition, Kind

SETS: Final = Path(__file__).parent.parent / "sets"
_TOP: Final = ("name", "version", "about", "facts", "lists", "tables", "define", "permit", "rule")
_PERMIT: Final = ("id", "when", "says")
_RULE: Final = ("id", "when", "unless", "effect", "says")
EFFECTS: Final = ("deny", "challenge")


@dataclass(frozen=True, slots=True)
class Rule:
    """What denies, or challenges, if it holds."""

    id: str
    when: Condition
    effect: Literal["deny", "challenge"] = "deny"
    says: str = ""
    line: int = 0  # in its file


@dataclass(frozen=True, slots=True)
class Policyfile:
    """A policy: default deny, one condition permits, rules take back; all reasons are told.

    The first rule is the permit turned round: it denies where nothing permits.
    """

    name: str
    version: str
    rules: tuple[Rule, ...]
    permit: Condition
    kinds: Mapping[str, Kind]  # of the facts that it asks for
    defaults: Mapping[str, Any]  # of facts that a request need not have
    text: str
    about: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        """Return the ids of the rules in the order in which a decision names them."""
        return tuple(rule.id for rule in self.rules)

    @property
    def challenges(self) -> frozenset[str]:
        """Return the ids of the rules that challenge."""
        return frozenset(rule.id for rule in self.rules if rule.effect == "challenge")


def shipped() -> list[str]:
    """Return the names of the shipped policies."""
    return sorted(path.stem for path in SETS.glob("*.toml"))


def read_policy(source: str | Path, text: str | None = None) -> Policyfile:
    """Read a policy: the name of a shipped one, or a TOML file, or its text.

    Parameters
    ----------
    source
        Name or path; with a text, what messages call it.
    text
        Instead of what the file holds.

    Raises
    ------
    SuiteError
        All faults at once, one a line, each with file and line.
    """
    path = Path(source)
    if text is None:
        if path.suffix != ".toml":
            if str(source) not in shipped():
                raise SuiteError(f"no policy {source}{guess(str(source), shipped())}; give a name "
                                 "of `list rules` or a TOML file")  # fmt: skip
            path = SETS / f"{source}.toml"
        text = read_text(path)
    data = toml_of(path, text)  # first: the scanner of lines takes valid TOML only
    return _Reader(path, text).policy(data)


class _Reader:
    """Turns parsed TOML into a policy and collects every fault with its line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text, self._faults = path, text, Faults(path, text)
        self._facts: dict[str, Kind] = {**FACT_KINDS, **IDS}
        self._defaults: dict[str, Any] = {}
        self._defined: dict[str, Condition] = {}

    def policy(self, data: dict[str, Any]) -> Policyfile:
        """Return the policy, or raise all faults."""
        self._faults.keys(data, list(_TOP), ())
        self._own_facts(self._table(data, "facts"))
        lists, tables = self._lists(data), self._tables(data)
        names = Names(self._facts, lists, tables, self._defined)
        for key, text in self._table(data, "define").items():
            found = self._condition(text, names, ("define", key))
            if found is not None:
                self._defined[key] = found
        permit = self._permit(self._table(data, "permit"), names)
        rules = self._rules(data.get("rule", []), names)
        self._faults.tell()
        assert permit is not None
        rules = [permit, *rules]
        self._apart(rules)
        kinds = {fact.name: fact.kind for rule in rules for fact in facts_of(rule.when)}
        condition = cast("Negation", permit.when).part
        return Policyfile(
            str(data.get("name", self._path.stem)), str(data.get("version", "1")), tuple(rules),
            condition, dict(sorted(kinds.items())), self._defaults, self._text,
            str(data.get("about", "")),
        )  # fmt: skip

    def _table(self, data: dict[str, Any], key: str) -> dict[str, Any]:
        found = data.get(key, {})
        if isinstance(found, dict):
            return found
        self._faults.add((key,), f"{key} must be a table, got {found!r:.40}")
        return {}

    def _own_facts(self, data: dict[str, Any]) -> None:
        """Take over facts that the file declares: a kind, or a default for one that may lack."""
        for name, value in data.items():
            place, dot, _ = name.partition(".")
            if not dot or place not in PLACES:
                what = f"a fact is named place.name with a place of {', '.join(PLACES)}"
                self._faults.add(("facts", name), f"{name}: {what}")
            elif isinstance(value, str) and value in TYPES:
                self._facts[name] = value
            elif isinstance(value, dict) and set(value) == {"default"} and _kind(value["default"]):
                self._facts[name] = cast("Kind", _kind(value["default"]))
                self._defaults[name] = value["default"]
            else:
                what = f"{name} must be one of {', '.join(TYPES)}, or {{ default = ... }}"
                self._faults.add(("facts", name), f"{what}, got {value!r:.60}")

    def _lists(self, data: dict[str, Any]) -> dict[str, Any]:
        found = self._table(data, "lists")
        for name, value in found.items():
            if not isinstance(value, list):
                self._faults.add(("lists", name), f"{name} must be a list, got {value!r:.40}")
        return {name: value for name, value in found.items() if isinstance(value, list)}

    def _tables(self, data: dict[str, Any]) -> dict[str, Any]:
        good = {}
        for name, lines in self._table(data, "tables").items():
            if isinstance(lines, dict) and all(isinstance(v, list) for v in lines.values()):
                good[name] = lines
            else:
                self._faults.add(("tables", name), f"{name} must be a table of lists")
        return good

    def _condition(self, text: Any, names: Names, place: tuple[str | int, ...]) -> Condition | None:
        if not isinstance(text, str):
            self._faults.add(place, f"a condition is a text, got {text!r:.40}")
            return None
        try:
            return parse(text, names)
        except ConditionError as error:
            self._faults.add(place, str(error))
            return None

    def _permit(self, data: dict[str, Any], names: Names) -> Rule | None:
        self._faults.keys(data, list(_PERMIT), ("permit",))
        if "when" not in data:
            self._faults.add(("permit",), "[permit] with `id` and `when` must say what is allowed")
            return None
        found = self._condition(data["when"], names, ("permit", "when"))
        if found is None:
            return None
        return Rule(str(data.get("id", "PERMIT")), Negation(found), says=str(data.get("says", "")))

    def _rules(self, data: Any, names: Names) -> list[Rule]:
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            self._faults.add(("rule",), "rules are tables: [[rule]]")
            return []
        found = (self._rule(nth, one, names) for nth, one in enumerate(data))
        return [rule for rule in found if rule is not None]

    def _rule(self, nth: int, data: dict[str, Any], names: Names) -> Rule | None:
        place = ("rule", nth)
        for key in data:
            if key not in _RULE:
                self._faults.add((*place, key), f"no key rule.{key}{guess(key, list(_RULE))}")
        lacking = [key for key in ("id", "when") if key not in data]
        if lacking:
            self._faults.add(place, f"[[rule]] lacks {' and '.join(lacking)}")
            return None
        effect = data.get("effect", "deny")
        if effect not in EFFECTS:
            self._faults.add(
                (*place, "effect"), f"effect must be {' or '.join(EFFECTS)}, got {effect!r:.40}"
            )
            return None
        when = self._condition(data["when"], names, (*place, "when"))
        if "unless" in data and when is not None:
            unless = self._condition(data["unless"], names, (*place, "unless"))
            when = None if unless is None else Every((Negation(unless), when))
        return None if when is None else Rule(
            str(data["id"]), when, effect, str(data.get("says", "")), self._faults.line(place)
        )  # fmt: skip

    def _apart(self, rules: list[Rule]) -> None:
        """Refuse two rules of one id, and ids that some engine could not say."""
        seen = set()
        for nth, rule in enumerate(rules, -1):
            if not (rule.id.isascii() and rule.id.isidentifier()):
                self._faults.add(("rule", nth), f"id {rule.id!r} must be a word of letters and _")
            if rule.id in seen:
                self._faults.add(("rule", nth), f"two rules are called {rule.id}")
            seen.add(rule.id)
        self._faults.tell()


def _kind(value: Any) -> str:
    """Return the kind of a default, "" if it has none."""
    texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    if not all(isinstance(one, str) and sayable(one) for one in texts):
        return ""
    return next((kind for kind, wanted in TYPES.items() if type(value) is wanted), "")


def only(policy: Policyfile, ids: set[str]) -> Policyfile:
    """Return the policy with some of its rules: its permit, and those named.

    Used to find out what each rule is worth.
    """
    kept = tuple(r for nth, r in enumerate(policy.rules) if nth == 0 or r.id in ids)
    kinds = {f.name: f.kind for rule in kept for f in facts_of(rule.when)}
    return Policyfile(
        policy.name, policy.version, kept, policy.permit, dict(sorted(kinds.items())),
        policy.defaults, policy.text, policy.about,
    )  # fmt: skip
