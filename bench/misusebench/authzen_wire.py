"""AuthZEN 1.0 bodies: an access evaluation becomes a request of ours, a decision becomes a reply.

Subject, action and resource of AuthZEN are our officer, action and query; properties of the
resource are facts of the database. Fields that we do not know are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Request
from misusebench.policies.authzen import SEVERAL, SINGLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.component import Decision, Policy

METADATA: Final = "/.well-known/authzen-configuration"
EXECUTE_ALL: Final = "execute_all"
#: When a batch ends early: with the first decision that is so.
_ENDS_WITH: Final = {
    EXECUTE_ALL: None, "deny_on_first_deny": False, "permit_on_first_permit": True,
}  # fmt: skip
_ENTITIES: Final = {"subject": ("type", "id"), "action": ("name",), "resource": ("type", "id")}
_PARTS: Final = (*_ENTITIES, "context")


class BadRequestError(Exception):
    """A body is no access evaluation; its message says what is wrong."""


def request_of(body: Mapping[str, Any]) -> Request:
    """Return an access evaluation as a request.

    The id of an entity is its own: a property that is called as its id (`id` of the subject, `name`
    of the action) counts for nothing.

    Raises
    ------
    BadRequestError
        If something that is required is not there, or is of another type.
    """
    found = {name: _entity(body, name, keys) for name, keys in _ENTITIES.items()}
    context = body.get("context", {})
    if not isinstance(context, dict):
        raise BadRequestError("context must be an object")
    facts = {name: dict(one.get("properties", {})) for name, one in found.items()}
    facts["subject"].pop("id", None)
    facts["action"].pop("name", None)
    return Request(
        officer_id=found["subject"]["id"], officer=facts["subject"],
        action=found["action"]["name"], query_id=found["resource"]["id"],
        database=facts["resource"], context=context, action_properties=facts["action"],
    )  # fmt: skip


def _entity(body: Mapping[str, Any], name: str, keys: Sequence[str]) -> dict[str, Any]:
    if name not in body:
        raise BadRequestError(f"{name} is missing")
    one = body[name]
    if not isinstance(one, dict):
        raise BadRequestError(f"{name} must be an object")
    for key in keys:
        if key not in one:
            raise BadRequestError(f"{name}.{key} is missing")
        if not isinstance(one[key], str):
            raise BadRequestError(f"{name}.{key} must be a string")
    if not isinstance(one.get("properties", {}), dict):
        raise BadRequestError(f"{name}.properties must be an object")
    return one


def reply_of(decision: Decision) -> dict[str, Any]:
    """Return a decision as a reply; an error is a `false` that says so.

    Examples
    --------
    >>> from misusebench.component import Decision
    >>> reply_of(Decision("challenge", ("CASE",)))
    {'decision': False, 'context': {'reason_ids': ['CASE'], 'challenge': ['CASE']}}
    """
    context: dict[str, Any] = {}
    if decision.reasons:
        context["reason_ids"] = list(decision.reasons)
    if decision.errors:
        context["error"] = {"status": 400, "message": "; ".join(decision.errors)}
    elif decision.outcome == "challenge":
        context["challenge"] = decision.obligations.get("challenge") or list(decision.reasons) or [
            "justification"
        ]  # fmt: skip
    permitted = decision.outcome == "permit" and not decision.errors
    return {"decision": permitted, **({"context": context} if context else {})}


def _failed(status: int, message: str) -> dict[str, Any]:
    return {"decision": False, "context": {"error": {"status": status, "message": message}}}


def evaluation(policy: Policy, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply to one access evaluation.

    Raises
    ------
    BadRequestError
        If the body is none.
    """
    return _decided(policy, [request_of(body)])[0]


def evaluations(policy: Policy, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply to several; without any it is that to a single one.

    Raises
    ------
    BadRequestError
        If the body as a whole is wrong. An item that is wrong is denied, and says so.
    """
    items, options = body.get("evaluations", []), body.get("options", {})
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise BadRequestError("evaluations must be an array of objects")
    if not isinstance(options, dict):
        raise BadRequestError("options must be an object")
    semantic = options.get("evaluations_semantic", EXECUTE_ALL)
    if not isinstance(semantic, str) or semantic not in _ENDS_WITH:
        raise BadRequestError(f"evaluations_semantic must be one of {', '.join(_ENDS_WITH)}")
    if not items:
        return evaluation(policy, body)
    usual = {part: body[part] for part in _PARTS if part in body}
    whole = [{**usual, **one} for one in items]  # an item's entity replaces the usual one whole
    if semantic == EXECUTE_ALL:
        return {"evaluations": _all(policy, whole)}
    return {"evaluations": _until(policy, whole, _ENDS_WITH[semantic])}


def _all(policy: Policy, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return all replies; those that can be are decided together."""
    replies: list[dict[str, Any]] = [{}] * len(bodies)
    good: list[tuple[int, Request]] = []
    for place, body in enumerate(bodies):
        try:
            good.append((place, request_of(body)))
        except BadRequestError as error:
            replies[place] = _failed(400, str(error))
    decided = _decided(policy, [request for _, request in good]) if good else []
    for (place, _), reply in zip(good, decided, strict=True):
        replies[place] = reply
    return replies


def _until(
    policy: Policy, bodies: Sequence[Mapping[str, Any]], end: bool | None
) -> list[dict[str, Any]]:
    replies: list[dict[str, Any]] = []
    for body in bodies:
        replies += _all(policy, [body])
        if replies[-1]["decision"] is end:
            break
    return replies


def _decided(policy: Policy, requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Return the replies to requests; a policy that raises, or answers less, denies them all."""
    try:
        found = [policy.decide(requests[0])] if len(requests) == 1 else (
            policy.decide_batch(requests)
        )  # fmt: skip
        replies = [reply_of(one) for one in found]
    except Exception as error:  # noqa: BLE001 - the contract: an error is a deny
        return [_failed(500, f"the policy raised {type(error).__name__}")] * len(requests)
    if len(replies) != len(requests):
        told = f"the policy gave {len(replies)} decisions for {len(requests)} requests"
        return [_failed(500, told)] * len(requests)
    return replies


def metadata(url: str) -> dict[str, Any]:
    """Return what a server at an address says of itself; what is not there is not offered."""
    return {
        "policy_decision_point": url,
        "access_evaluation_endpoint": url + SINGLE,
        "access_evaluations_endpoint": url + SEVERAL,
    }
