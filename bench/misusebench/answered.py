"""What a component answers, as the plain numbers and words that leave its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench.component import OUTCOMES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from misusebench.component import Alert, Decision


class WrongAnswerError(Exception):
    """A component answered something else than the contract says."""


def refusal(error: Exception) -> Decision:
    """Return the deny that an error comes to."""
    from misusebench.component import Decision  # noqa: PLC0415 - after confinement

    return Decision("deny", (), (f"{type(error).__name__}: {error}",))


def scores_of(scores: Any) -> NDArray[np.float64]:
    """Return scores, one a row, if they are what the contract says."""
    import numpy as np  # noqa: PLC0415 - after confinement

    if not isinstance(scores, np.ndarray) or scores.dtype != np.float64 or scores.ndim != 1:
        shape = getattr(scores, "shape", "")
        found = f"{getattr(scores, 'dtype', type(scores).__name__)}{shape}"
        raise WrongAnswerError(f"score() must return a float64 array of one dimension, got {found}")
    return np.ascontiguousarray(scores)


def alert_row(alert: Alert) -> list[Any]:
    """Return an alert as JSON can hold it."""
    level, key, time_us, score, evidence, reason, *rule = alert
    return [
        str(level), str(key), int(time_us), float(score), [int(q) for q in evidence], str(reason),
        str(rule[0]) if rule else "",
    ]  # fmt: skip


def decisions_of(answers: Any, took: list[int]) -> tuple[dict[str, Any], bytes]:
    """Return outcomes as bytes and each row's place in the list of distinct explanations."""
    import numpy as np  # noqa: PLC0415 - after confinement

    places: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    outcomes = np.empty(len(answers), np.int8)
    explained = np.empty(len(answers), np.int32)
    for i, answer in enumerate(answers):
        outcome = getattr(answer, "outcome", None)
        if outcome not in OUTCOMES:
            raise WrongAnswerError(f"decide() must answer one of {OUTCOMES}, got {answer!r:.80}")
        why = (tuple(map(str, answer.reasons)), tuple(map(str, answer.errors)))
        outcomes[i] = OUTCOMES.index("deny" if why[1] else outcome)
        explained[i] = places.setdefault(why, len(places))
    return {"ns": took, "why": list(places)}, outcomes.tobytes() + explained.tobytes()


def coded(answers: Any, took: int) -> tuple[dict[str, Any], bytes]:
    """Return answers on a table, which are codes already; an error makes each a deny."""
    import numpy as np  # noqa: PLC0415 - after confinement

    try:
        outcome, why, explanations = answers
        told = [(tuple(map(str, reasons)), tuple(map(str, errors)))
                for reasons, errors in explanations]  # fmt: skip
        outcome, why = np.array(outcome, np.int8), np.array(why, np.int32)
        failed = np.array([bool(errors) for _, errors in told], bool)
        outcome[failed[why]] = OUTCOMES.index("deny")
    except (IndexError, TypeError, ValueError) as error:
        raise WrongAnswerError(
            "decide_table() must return outcome codes, places and explanations of equal length: "
            f"{error}"
        ) from error
    return {"ns": [took], "why": told}, outcome.tobytes() + why.tobytes()
