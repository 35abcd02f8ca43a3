"""The Python reference of the eleven-rule policy: deny overrides, all reasons are returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.engine import is_usual
from misusebench.policies.rulebook import (
    ANY_HOUR_ROLES,
    DATABASES,
    JUSTIFICATION_LEAST,
    LOOKBACK_MOST_DAYS,
    REQUIRED,
    RULES,
    WAIVED,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from misusebench.component import Request


def _role(r: Request) -> bool:
    known = DATABASES.get(r.database["id"])
    return known is None or r.officer["role"] not in known.roles


def _active(r: Request) -> bool:
    return r.officer["active"] is not True


def _training(r: Request) -> bool:
    return bool(r.officer["training_days_left"] < 0)


def _shift(r: Request) -> bool:
    return r.officer["on_shift"] is not True and r.officer["role"] not in ANY_HOUR_ROLES


def _purpose(r: Request) -> bool:
    return r.context["purpose"] in ("", "other")


def _ccw(r: Request) -> bool:
    return r.context["purpose"] == "ccw" and r.database["clets"] is not False


def _case(r: Request) -> bool:
    return r.database["sensitivity"] > 1 and (
        r.context["case_number"] == ""
        or r.context["case_exists"] is not True
        or r.context["case_agency"] != r.officer["agency"]
    )


def _case_open(r: Request) -> bool:
    return (
        r.database["sensitivity"] > 1
        and r.context["case_exists"] is not False
        and r.context["case_open"] is not True
        and r.context["purpose"] != "court"
    )


def _juris(r: Request) -> bool:
    own = r.officer["agency"]
    return r.database["owner_agency"] != own and own not in r.database["shared_with"]


def _out_of_state(r: Request) -> bool:
    return r.action != "query" and r.context["recipient_state"] != r.officer["state"]


def _warrant(r: Request) -> bool:
    return (
        r.database["id"] == "alpr"
        and r.context["lookback_days"] > LOOKBACK_MOST_DAYS
        and r.context["warrant"] is not True
    )


_DENIES: dict[str, Callable[[Request], bool]] = dict(
    zip(
        RULES,
        (
            _role, _active, _training, _shift, _purpose, _ccw, _case, _case_open, _juris,
            _out_of_state, _warrant,
        ),
        strict=True,
    )
)  # fmt: skip


def _missing(r: Request) -> list[str]:
    """Return the facts that the request lacks: even those that would not have mattered."""
    parts = (("officer", r.officer), ("database", r.database), ("context", r.context))
    return [
        f"{place}.{fact}"
        for place, facts in parts
        if not facts.keys() >= REQUIRED[place]
        for fact in sorted(REQUIRED[place] - facts.keys())
    ]


def _glass_broken(r: Request) -> bool:
    return (
        r.context["break_glass"] is True
        and r.context["justification_len"] >= JUSTIFICATION_LEAST
        and r.officer["on_shift"] is True
    )


class ElevenRules:
    """Default deny; ROLE is the only rule that permits, the other ten deny.

    `rules` restricts the policy to some of the ten (for instance ``("CCW",)``); ROLE always holds
    unless `rules` is given without it, which makes the rest a pure deny list.
    """

    name = "eleven_rules"
    version = "1"

    def __init__(self, rules: Sequence[str] = RULES) -> None:
        unknown = [rule for rule in rules if rule not in RULES]
        if unknown:
            raise ValueError(f"rules must be among {', '.join(RULES)}, got {', '.join(unknown)}")
        self._rules = [(rule, _DENIES[rule]) for rule in RULES if rule in rules]

    def load(self, policy: Any, facts: Any) -> None:
        """Parse nothing: the rules are code, the facts come with each request.

        Raises
        ------
        SuiteError
            If the policy is any but the eleven rules.
        """
        del facts
        if not is_usual(policy):
            given = policy["name"] if isinstance(policy, dict) and "name" in policy else policy
            raise SuiteError(
                f"the policy eleven_rules has its rules as code and takes no other, got "
                f"{given!r:.60}; give that to `reference`, or to an engine of its language"
            )

    def decide(self, request: Request) -> Decision:
        """Return deny with every rule that fired, in order; a missing fact is an error."""
        errors = [f"missing fact {name}" for name in _missing(request)]
        fired = []
        broken = not errors and _glass_broken(request)
        for rule, denies in self._rules:
            try:
                if denies(request) and not (broken and rule in WAIVED):
                    fired.append(rule)
            except (KeyError, TypeError) as error:
                errors.append(f"{rule}: {type(error).__name__} {error}")
        outcome = "deny" if fired or errors else "permit"
        return Decision(outcome, tuple(fired), tuple(errors))  # type: ignore[arg-type]

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        return [self.decide(request) for request in requests]

    def close(self) -> None:
        """Nothing to release."""
