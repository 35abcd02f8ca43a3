"""Decisions that were made elsewhere, read from a file: so that closed products can be judged.

One JSON object a line, of a query's id and either an outcome (``{"query_id": 7, "outcome": "deny",
"reasons": ["CASE"]}``, errors too if there were any) or a logged AuthZEN reply (``{"query_id": 7,
"decision": false, "context": {"reason_ids": ["CASE"]}}``). Ids are those of the log. A query that
the file does not have is denied, with an error, and counted.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import OUTCOMES, Decision
from misusebench.errors import SuiteError
from misusebench.policies.authzen import decision_of, no_policy, texts
from misusebench.policies.wire import strict_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request

_LOGGED: Final = {"query_id", "decision", "context"}
_OWN: Final = {"query_id", "outcome", "reasons", "errors"}
_ID: Final = re.compile(r"0|[1-9][0-9]{0,19}")
LACKING: Final = Decision("deny", (), ("no decision in the file",))


class Decisions:
    """Answers each query as a file says.

    Parameters
    ----------
    file
        JSON, an object a line.

    Raises
    ------
    SuiteError
        If there is no such file; from `load`, at the first line that is wrong.
    """

    name = "decisions"
    version = "1"

    def __init__(self, file: str = "") -> None:
        self._path = Path(file)
        if not file or not self._path.is_file():
            raise SuiteError(f"decisions: no file {file or '(none given)'}; "
                             'give parameters = { file = "decisions.jsonl" }')  # fmt: skip
        self._known: dict[str, Decision] = {}

    def load(self, policy: Any, facts: Any) -> None:
        """Read the file."""
        del facts
        no_policy(self.name, policy)
        same: dict[Any, Decision] = {}
        lines: dict[str, int] = {}
        try:
            with self._path.open("rb") as rows:
                for number, line in enumerate(rows, 1):
                    if line.strip():
                        self._take(line, number, lines, same)
        except OSError as error:
            raise SuiteError(f"{self._path} cannot be read: {error.strerror}") from error

    def decide(self, request: Request) -> Decision:
        """Return the decision of the file; a deny with an error if it has none."""
        return self._known.get(request.query_id, LACKING)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        return [self._known.get(request.query_id, LACKING) for request in requests]

    def close(self) -> None:
        """Forget the file."""
        self._known = {}

    def _take(
        self, line: bytes, number: int, lines: dict[str, int], same: dict[Any, Decision]
    ) -> None:
        """Take over one line; equal decisions are one object: a file may have millions."""
        try:
            query, decision = _parsed(line)
        except ValueError as error:
            raise SuiteError(f"{self._path}:{number}: {error}") from error
        if query in lines:
            raise SuiteError(f"{self._path}:{number}: query {query} is decided in line "
                             f"{lines[query]} already")  # fmt: skip
        lines[query] = number
        key = (decision.outcome, decision.reasons, decision.errors)
        self._known[query] = same.setdefault(key, decision)


def _parsed(line: bytes) -> tuple[str, Decision]:
    told = strict_json(line)
    if not isinstance(told, dict):
        raise ValueError(f"a line must be an object, got {told!r:.40}")  # noqa: TRY004 - one class
    query = told.get("query_id")
    if isinstance(query, bool) or not _ID.fullmatch(str(query)):
        raise ValueError(f"query_id must be the number of a query, got {query!r:.40}")
    if "decision" in told:
        return str(query), decision_of(_known_keys(told, _LOGGED))
    return str(query), _own(_known_keys(told, _OWN))


def _known_keys(told: dict[str, Any], allowed: set[str]) -> dict[str, Any]:
    if unknown := sorted(set(told) - allowed):
        raise ValueError(f"no key {unknown[0]!r:.40}; there are {', '.join(sorted(allowed))}")
    return told


def _own(told: dict[str, Any]) -> Decision:
    reasons, errors = texts(told.get("reasons", [])), texts(told.get("errors", []))
    if told.get("outcome") not in OUTCOMES:
        raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}, "
                         f"got {told.get('outcome')!r:.40}")  # fmt: skip
    if reasons is None or errors is None:
        raise ValueError("reasons and errors must be lists of texts")
    return Decision("deny" if errors else told["outcome"], reasons, errors)
