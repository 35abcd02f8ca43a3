"""An OPA server, asked over its REST interface: ``POST /v1/data/PATH`` with the facts as `input`.

The document is that of the policies we compile to Rego: ``input.officer.role`` and so on. The rule
that is asked may be true or false, or an object of `allow` and `reasons`. A rule that is undefined
has no `result`: that is a deny, and says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.authzen import no_policy, refused, texts
from misusebench.policies.language.vocabulary import parts_of
from misusebench.policies.wire import Line, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request

#: The reason of a deny where the rule that was asked is undefined.
UNDEFINED: Final = "UNDEFINED"
_PATH: Final = re.compile(r"[\w.~-]+(/[\w.~-]+)*")


class Opa:
    """Asks a rule of an OPA server.

    Parameters
    ----------
    url
        Where it is: ``http://HOST:PORT``.
    path
        The rule: ``police/allow`` for the rule `allow` of the package `police`.
    timeout_s, token_env
        As for AuthZEN.
    """

    name = "opa"
    version = "OPA REST v1"

    def __init__(
        self, url: str = "", *, path: str = "", timeout_s: float = 2.0, token_env: str = ""
    ) -> None:
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise SuiteError(f"path must name a rule, as in police/allow, got {path!r:.80}")
        self.line = Line(url, timeout_s, token_env)
        self._path = f"/v1/data/{path}"

    def load(self, policy: Any, facts: Any) -> None:
        """Nothing to parse: the server has its policy."""
        del facts
        no_policy(self.name, policy)

    def decide(self, request: Request) -> Decision:
        """Return the server's decision on one request."""
        try:
            return result_of(self.line.post(self._path, {"input": parts_of(request)}))
        except UnansweredError as error:
            return refused(error)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order: OPA has no batches."""
        return [self.decide(request) for request in requests]

    def close(self) -> None:
        """Close the connection."""
        self.line.close()


def result_of(answer: Any) -> Decision:
    """Return what the reply to a query of data says.

    Examples
    --------
    >>> result_of({"result": {"allow": False, "reasons": ["CASE"]}}).reasons
    ('CASE',)
    >>> result_of({})
    Decision(outcome='deny', reasons=('UNDEFINED',), errors=(), obligations={})
    """
    if not isinstance(answer, dict):
        return Decision("deny", (), (f"a reply must be an object, got {answer!r:.40}",))
    if "result" not in answer:
        return Decision("deny", (UNDEFINED,))
    said: Any = answer["result"]
    reasons = texts(said.get("reasons", []) if isinstance(said, dict) else [])
    if isinstance(said, dict):
        said = said.get("allow")
    if not isinstance(said, bool):
        return Decision("deny", (), (f"result must be true or false, got {said!r:.40}",))
    if reasons is None:
        return Decision("deny", (), ("reasons must be a list of texts",))
    return Decision("permit" if said else "deny", reasons)
