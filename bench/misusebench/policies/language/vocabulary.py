"""The facts that a request can carry, with their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from misusebench.component import Request
    from misusebench.policies.language.syntax import Kind

#: Parts of a request; `query` has its id only.
PLACES: Final = ("officer", "action", "database", "query", "context")
#: Facts that `facts.build_facts` resolves for each query of a log.
FACT_KINDS: Final[dict[str, Kind]] = {
    "officer.role": "text", "officer.agency": "text", "officer.state": "text",
    "officer.active": "truth", "officer.training_days_left": "number", "officer.on_shift": "truth",
    "action.name": "text", "database.id": "text", "database.sensitivity": "number",
    "database.clets": "truth", "database.owner_agency": "text", "database.shared_with": "texts",
    "context.purpose": "text", "context.case_number": "text", "context.case_exists": "truth",
    "context.case_open": "truth", "context.case_agency": "text", "context.case_assigned": "truth",
    "context.warrant": "truth", "context.lookback_days": "number",
    "context.recipient_state": "text", "context.break_glass": "truth",
    "context.justification_len": "number",
}  # fmt: skip
#: What every request has of itself.
IDS: Final[dict[str, Kind]] = {"officer.id": "text", "query.id": "text"}
TYPES: Final[dict[Kind, type]] = {"text": str, "number": int, "truth": bool, "texts": list}
#: Whole numbers that every engine can hold are nearer to 0: doubles end here.
MOST: Final = 2**53
#: What is wrong with a text that is not :func:`sayable`.
UNSAYABLE: Final = "holds NUL or half a surrogate"
KIND_WORDS: Final[dict[Kind, str]] = {
    "text": "a text", "number": "a whole number", "truth": "true or false",
    "texts": "a list of texts",
}  # fmt: skip


def sayable(text: str) -> bool:
    r"""Return whether every engine can hold a text: no NUL in it, no half of a surrogate pair.

    CEL cuts a text at NUL; half a surrogate is no UTF-8, so engines raise, or end the process.

    Examples
    --------
    >>> sayable("Zo\u00eb"), sayable("a\0b"), sayable("\ud800")
    (True, False, False)
    """
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def parts_of(request: Request) -> dict[str, dict[str, Any]]:
    """Return a request's facts by place, as every engine's text names them."""
    return {
        "officer": {"id": request.officer_id, **request.officer},
        "action": {"name": request.action, **request.action_properties},
        "database": dict(request.database),
        "query": {"id": request.query_id},
        "context": dict(request.context),
    }


def value_of(request: Request, fact: str) -> Any:
    """Return the value of a fact, None if the request lacks it."""
    place, _, name = fact.partition(".")
    return parts_of(request).get(place, {}).get(name)
