"""How lifelike the log is: the share of published statistics it meets (Q13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.audit.verdict import Check
from misusesim.realism.material import material
from misusesim.realism.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusesim.dataset.reader import Dataset
    from misusesim.realism.verdict import Verdict

#: Statistics that must apply, and the share of those that must be met, as in `prove realism`.
LEAST, MET = 20, 0.95
#: A log too small for so many statistics is not judged.
_WORDS: Final = {"pass": True, "fail": False, "not applicable": None}


def checks_of_realism(data: Dataset) -> list[Check]:
    """Return a check of all counted statistics together, and each of them, told only."""
    return of_verdicts(judge(material(data)))


def of_verdicts(verdicts: Sequence[Verdict]) -> list[Check]:
    """Return the checks of some verdicts; single ones fail together or not at all."""
    counted = [one for one in verdicts if one.statistic.counted]
    words = [_WORDS[one.word] for one in counted]
    met, apply = words.count(True), len(words) - words.count(None)
    missed = ", ".join(one.statistic.id for one in counted if one.word == "fail") or "none"
    what = f"{met} of {apply} that apply; missed: {missed}"
    enough = apply >= LEAST
    whole = Check(
        "Q13", "statistics of real logs met", met / apply if apply else None,
        f"≥ {MET:g} of at least {LEAST}", met >= MET * apply if enough else None, what,
    )  # fmt: skip
    return [whole, *(_one(one) for one in counted)]


def _one(one: Verdict) -> Check:
    return Check("Q13", one.statistic.id, one.value, "told only", None,
                 f"{one.word}: {one.reason or one.asked}")  # fmt: skip
