"""Any server that speaks the OpenID AuthZEN Authorization API 1.0, asked over HTTP.

It is asked from our side of the process boundary, since components have no network; it gets facts
and nothing else. The policy is the server's own. A permit is `decision: true` and nothing like it;
whatever cannot be read is an error, hence a deny, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.wire import Line, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.component import Request

SINGLE: Final = "/access/v1/evaluation"
SEVERAL: Final = "/access/v1/evaluations"
_MOST_BATCH: Final = 10_000
#: Reasons of a decision that are kept, and letters of each: they are a stranger's.
_MOST_REASONS: Final = 64
_MOST_LETTERS: Final = 200


class Authzen:
    """Asks an AuthZEN server.

    Parameters
    ----------
    url
        Where it is: ``http://HOST:PORT``, or a path below it.
    batch
        Requests a question, where several are to be decided; 1 asks one by one.
    timeout_s
        Seconds within which it must answer a question.
    token_env
        Name of an environment variable with a bearer token, read on our side.
    context_in_resource
        Put the facts of the context and of the action into the resource's properties as well, as
        `context` and `action`: for servers whose conditions see officer and resource only.
    """

    name = "authzen"
    version = "AuthZEN 1.0"

    def __init__(
        self,
        url: str = "",
        *,
        batch: int = 1,
        timeout_s: float = 2.0,
        token_env: str = "",
        context_in_resource: bool = False,
    ) -> None:
        if type(batch) is not int or not 1 <= batch <= _MOST_BATCH:
            raise SuiteError(f"batch must be from 1 to {_MOST_BATCH:,}, got {batch!r:.40}")
        self.line = Line(url, timeout_s, token_env)
        self._batch, self._copied = batch, context_in_resource

    def load(self, policy: Any, facts: Any) -> None:
        """Nothing to parse: the server has its policy."""
        del facts
        no_policy(self.name, policy)

    def decide(self, request: Request) -> Decision:
        """Return the server's decision on one request."""
        try:
            return decision_of(self.line.post(SINGLE, self._body(request)))
        except UnansweredError as error:
            return refused(error)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order; `batch` requests a question."""
        if self._batch == 1:
            return [self.decide(request) for request in requests]
        return [
            decision
            for at in range(0, len(requests), self._batch)
            for decision in self._several(requests[at : at + self._batch])
        ]

    def close(self) -> None:
        """Close the connection."""
        self.line.close()

    def _several(self, requests: Sequence[Request]) -> list[Decision]:
        items = [self._body(request) for request in requests]
        try:
            answer = self.line.post(SEVERAL, {"evaluations": items})
        except UnansweredError as error:
            return [refused(error)] * len(items)
        found = answer.get("evaluations") if isinstance(answer, dict) else None
        if not isinstance(found, list) or len(found) != len(items):
            told = f"{len(found)}" if isinstance(found, list) else "no list of"
            return [Decision("deny", (), (f"{told} decisions for {len(items)} requests",))] * len(
                items
            )
        return [decision_of(one) for one in found]

    def _body(self, request: Request) -> dict[str, Any]:
        body = request.authzen()
        if self._copied:
            body["resource"]["properties"] |= {
                "context": dict(request.context),
                "action": {"name": request.action, **request.action_properties},
            }
        return body


def decision_of(answer: Any) -> Decision:
    """Return what an AuthZEN decision says; anything doubtful is an error, hence a deny.

    Examples
    --------
    >>> decision_of({"decision": True}).outcome
    'permit'
    >>> decision_of({"decision": "true"}).errors
    ("decision must be true or false, got 'true'",)
    >>> decision_of({"decision": False, "context": {"challenge": "case_number"}}).outcome
    'challenge'
    """
    if not isinstance(answer, dict):
        return Decision("deny", (), (f"a decision must be an object, got {answer!r:.40}",))
    said, context = answer.get("decision"), answer.get("context", {})
    if not isinstance(said, bool):
        return Decision("deny", (), (f"decision must be true or false, got {said!r:.40}",))
    if not isinstance(context, dict):
        return Decision("deny", (), (f"context must be an object, got {context!r:.40}",))
    return _in_context(said, context)


def _in_context(said: bool, context: Mapping[str, Any]) -> Decision:
    errors = []
    reasons = texts(context.get("reason_ids", []))
    if reasons is None:
        errors.append("reason_ids must be a list of texts")
    if context.get("error") not in (None, {}):
        errors.append(_error(context["error"]))
    asked = context.get("challenge")
    wanted = isinstance(asked, (str, list, dict)) and bool(asked)
    if not wanted and asked not in (None, False):
        errors.append(f"challenge must name what is asked for, got {asked!r:.40}")
    if said and wanted:
        errors.append("it permits and challenges at once")
    if errors:
        return Decision("deny", reasons or (), tuple(errors))
    obligations = {"challenge": asked} if wanted else {}
    outcome = "permit" if said else "challenge" if wanted else "deny"
    return Decision(outcome, reasons or (), (), obligations)  # type: ignore[arg-type]


def _error(told: Any) -> str:
    said = told.get("message", told) if isinstance(told, dict) else told
    return said[:_MOST_LETTERS] if isinstance(said, str) and said else f"{told!r:.200}"


def texts(told: Any) -> tuple[str, ...] | None:
    """Return reasons as short texts; None if they are no list of texts."""
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        return None
    return tuple(one[:_MOST_LETTERS] for one in told[:_MOST_REASONS])


def refused(error: UnansweredError) -> Decision:
    """Return the decision on a request that has no answer."""
    return Decision("deny", (), (str(error),))


def no_policy(name: str, policy: Any) -> None:
    """Refuse a policy where decisions are made elsewhere."""
    if policy is not None:
        raise SuiteError(f"{name} takes no policy: who answers has its own. Leave `policy` out.")
