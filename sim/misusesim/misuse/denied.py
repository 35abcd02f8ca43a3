"""What the author of a denied query of misuse would do next, by kind and rung.

No source tells it: every weight here is an assumption, made after the reason for which a kind is
done. Whoever wants one person goes on trying, whoever was curious or careless gives up, whoever
thinks his unit is right asks again, and a script can do nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from misusesim.dataset.schema import MISUSE_KINDS, REACTIONS, RUNGS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: In the order of REACTIONS: give_up, recode, borrow_case, ask_colleague, break_glass, resubmit,
#: ask_supervisor.
Weights = tuple[int, int, int, int, int, int, int]


class Persistence(NamedTuple):
    """Weights of the steps after a first and after a second denial; the third is giving up."""

    first: Weights
    second: Weights


_FOLLOWS: Final = Persistence((20, 30, 26, 18, 2, 4, 0), (40, 20, 22, 16, 2, 0, 0))
_CURIOUS: Final = Persistence((66, 12, 3, 8, 2, 9, 0), (86, 5, 2, 5, 1, 1, 0))
_UNIT: Final = Persistence((8, 32, 4, 4, 2, 44, 6), (30, 34, 4, 4, 2, 12, 14))
_CARELESS: Final = Persistence((78, 6, 1, 4, 1, 9, 1), (92, 2, 0, 2, 0, 2, 2))
#: Personal kinds: who is after one person persists; who is curious does not.
_PERSONAL: Final = {
    "romantic_interest": _FOLLOWS,
    "retaliation": _FOLLOWS,
    "dating_screening": Persistence((38, 28, 12, 8, 2, 12, 0), (68, 14, 8, 6, 2, 2, 0)),
    "name_hunting": Persistence((26, 30, 20, 14, 2, 8, 0), (52, 18, 14, 12, 2, 2, 0)),
    "favour": Persistence((44, 16, 5, 26, 2, 6, 1), (68, 8, 4, 18, 1, 0, 1)),
    "self_lookup": _CARELESS,
    "celebrity": _CURIOUS,
    "descriptor": Persistence((30, 44, 4, 4, 2, 15, 1), (60, 24, 6, 4, 2, 3, 1)),
}
#: Commercial kinds: who sells has a buyer waiting and asks a colleague; who trades in cars says
#: it is for something else.
_COMMERCIAL: Final = {
    "selling": Persistence((18, 16, 10, 50, 1, 5, 0), (42, 12, 10, 34, 1, 1, 0)),
    "personal_business": Persistence((26, 32, 24, 10, 1, 7, 0), (54, 18, 18, 8, 1, 1, 0)),
}
#: Institutional kinds: the unit thinks it is right, asks again as it is, then in other words.
_INSTITUTIONAL: Final = {
    **dict.fromkeys(("permit_checks", "wrong_code", "immigration", "protest"), _UNIT),
    "health": Persistence((12, 30, 8, 5, 10, 29, 6), (36, 28, 8, 6, 6, 6, 10)),
}
#: Kinds of access: who works under a colleague's account has him do it; an account that nobody
#: should have can ask nobody.
_ACCESS: Final = {
    "credential_sharing": Persistence((30, 8, 2, 50, 1, 9, 0), (58, 6, 2, 32, 1, 1, 0)),
    "ghost_account": Persistence((46, 24, 18, 0, 2, 10, 0), (70, 14, 12, 0, 1, 3, 0)),
}
#: Kinds of excess: a script stops or sends the same again; own matters are searched again.
_EXCESS: Final = {
    "bulk_harvest": Persistence((58, 0, 0, 0, 0, 42, 0), (80, 0, 0, 0, 0, 20, 0)),
    "live_testing": _CARELESS,
    "scope_excess": Persistence((30, 10, 1, 3, 6, 38, 12), (56, 6, 1, 4, 4, 9, 20)),
}
#: Kind -> what its authors do.
PERSISTENCE: Final = {**_PERSONAL, **_COMMERCIAL, **_INSTITUTIONAL, **_ACCESS, **_EXCESS}
#: What a rung changes, in tenths of the kind's weights: who says openly what it is about says
#: something else, who has said something else already looks for a case, who has a case of somebody
#: else looks less for another, who has his own hardly at all.
_TENTHS: Final[dict[str, Weights]] = {
    "declared": (10, 20, 8, 10, 10, 10, 10),
    "miscoded": (10, 6, 15, 10, 10, 10, 10),
    "plausible_case": (10, 10, 7, 10, 10, 10, 10),
    "own_case": (10, 10, 1, 10, 10, 10, 10),
}
_COLLEAGUE: Final = REACTIONS.index("ask_colleague")


def chances(step: int) -> list[list[int]]:
    """Return the weights of all reactions after a number of denials.

    Returns
    -------
    list
        A row of weights, in the order of REACTIONS, at :func:`place` of a kind, a rung and whether
        a colleague was asked already: he is not asked again first.
    """
    rows = []
    for kind in MISUSE_KINDS:
        for rung in RUNGS:
            own = [w * t for w, t in zip(PERSISTENCE[kind][step], _TENTHS[rung], strict=True)]
            rows.append(own)
            asked = list(own)
            if step == 0:
                asked[_COLLEAGUE] = 0
            rows.append(asked)
    return rows


def place(
    kind: NDArray[np.int64], rung: NDArray[np.int64], asked: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the row of :func:`chances` of each kind and rung; `asked` is 1 or 0."""
    return (kind * len(RUNGS) + rung) * 2 + asked
