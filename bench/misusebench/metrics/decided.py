"""Decisions of a policy beside the truth of their queries, and what became of those it denied."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusebench import interval
from misusebench.metrics.tally import Tally, ratio
from misusesim.dataset.schema import REACTIONS, coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusebench.metrics.frame import Scored

    Floats = NDArray[np.float64]

PERMIT: Final = 0
DENY: Final = 1
CHALLENGE: Final = 2
#: Of a step at which no policy is asked.
NOT_ASKED: Final = -1
GIVE_UP: Final = REACTIONS.index("give_up")
GLASS: Final = REACTIONS.index("break_glass")
SUPERVISOR: Final = REACTIONS.index("ask_supervisor")


@dataclass(frozen=True, slots=True)
class Followed:
    """What the authors of denied queries did next: one entry a step, a query's in order.

    Who gives up, or takes it to a supervisor, asks the policy no more.
    """

    row: NDArray[np.int64]  # place of the query among the scored ones
    step: NDArray[np.int8]
    reaction: NDArray[np.int8]  # code of schema.REACTIONS
    delay_s: NDArray[np.int64]  # since the first try
    outcome: NDArray[np.int8]  # the policy's answer to the new try; NOT_ASKED: there was none

    @property
    def let_through(self) -> NDArray[np.bool_]:
        """Entries that pass; whoever is challenged can answer."""
        return np.asarray((self.outcome == PERMIT) | (self.outcome == CHALLENGE))

    @property
    def passed(self) -> NDArray[np.int64]:
        """Rows whose query comes back and passes."""
        return np.asarray(self.row[self.let_through])

    @property
    def supervised(self) -> NDArray[np.int64]:
        """Rows that are taken to a supervisor."""
        return np.asarray(self.row[self.reaction == SUPERVISOR])

    def table(self, query_id: NDArray[np.uint64]) -> pa.Table:
        """Return it as a table by query id."""
        return pa.table({
            "query_id": query_id[self.row],
            "step": self.step,
            "reaction": coded(pa.array(self.reaction, pa.int8()), REACTIONS),
            "delay_s": self.delay_s,
            "outcome": self.outcome,
        })  # fmt: skip

    @classmethod
    def of(cls, table: pa.Table, query_id: NDArray[np.uint64]) -> Followed:
        """Return what :meth:`table` wrote.

        Raises
        ------
        ValueError
            If it is of other queries.
        """
        asked = table["query_id"].to_numpy().astype(np.uint64)
        order = np.argsort(query_id)
        place = np.minimum(np.searchsorted(query_id[order], asked), max(len(order) - 1, 0))
        row = order[place] if len(order) else np.empty(0, np.int64)
        if len(asked) and (not len(order) or (query_id[row] != asked).any()):
            raise ValueError("what followed denials is of other queries")
        words = [REACTIONS.index(word) for word in table["reaction"].to_pylist()]
        return cls(
            row, table["step"].to_numpy().astype(np.int8), np.array(words, np.int8),
            table["delay_s"].to_numpy().astype(np.int64),
            table["outcome"].to_numpy().astype(np.int8),
        )  # fmt: skip


@dataclass
class Decided:
    """Decisions beside the truth of their queries."""

    scored: Scored  # its scores are not read
    outcome: NDArray[np.int8]  # per row: PERMIT, DENY or CHALLENGE, after errors
    why: NDArray[np.int32]  # per row: place in `explanations`
    explanations: Sequence[tuple[Sequence[str], Sequence[str]]]  # (reasons, errors)
    shifts: NDArray[np.float64] | None = None  # per officer; None: days with a query
    urgent: NDArray[np.bool_] | None = None  # per row: of an urgent incident; None: nobody knows
    glass: NDArray[np.bool_] | None = None  # per row: the emergency flag is set; None: never
    followed: Followed | None = None  # what became of denied queries; None: it was not asked
    #: Per row: for how many of its like one whose author was asked stands; None: for itself. The
    #: truth asks some rows of plain work one in so many (`policy_bench/sampled.py`).
    stands_for: Floats | None = None
    draws: int = interval.DRAWS
    seed: int = 0
    drawn: dict[str, Floats] = field(default_factory=dict, repr=False)
    #: Per row (`policy_bench/left_out.py`): 1 permitted once a fact is missing, 0 denied all the
    #: same, -1 not tried; None: nothing was tried.
    left_out: NDArray[np.int8] | None = None

    @cached_property
    def tally(self) -> Tally:
        """Clusters and weights of the same officers."""
        return Tally(self.scored, draws=self.draws, seed=self.seed)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return self.tally.clusters

    @property
    def ones(self) -> Floats:
        """Weights that change nothing, one row."""
        return self.tally.ones

    @property
    def weights(self) -> Floats:
        """Drawn weights."""
        return self.tally.weights

    @cached_property
    def blocked(self) -> NDArray[np.bool_]:
        """Rows that are denied."""
        return np.asarray(self.outcome == DENY)

    @cached_property
    def hindered(self) -> NDArray[np.bool_]:
        """Rows that are denied or challenged: friction, even when the challenge is met."""
        return np.asarray(self.outcome != PERMIT)

    @cached_property
    def honest(self) -> NDArray[np.bool_]:
        """Rows of work and oddities."""
        return ~self.scored.positive & ~self.scored.ignore

    @cached_property
    def stays(self) -> NDArray[np.bool_]:
        """Rows that are denied and do not come back and pass."""
        back = np.zeros(len(self.outcome), np.bool_)
        if self.followed is not None:
            back[self.followed.passed] = True
        return np.asarray(self.blocked & ~back)

    @cached_property
    def standing(self) -> Floats:
        """For how many rows each stands whose author was asked: one over the chance to be asked."""
        return np.ones(len(self.outcome)) if self.stands_for is None else self.stands_for

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Rows whose answer has an error."""
        faulty = np.array([bool(errors) for _, errors in self.explanations] + [False])
        return faulty[self.why]

    @cached_property
    def shift_count(self) -> Floats:
        """Shifts per officer."""
        if self.shifts is not None:
            return self.shifts
        both = np.unique(np.stack([self.scored.officer, self.scored.day]), axis=1)
        return np.bincount(both[0], minlength=len(self.scored.officers)).astype(np.float64)

    def share(
        self, weights: Floats, of: NDArray[np.bool_], hit: NDArray[np.bool_],
        each: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """Return the share of some rows that are hit, per draw; `each`: how much a row counts."""
        per, officer = self.tally.per_cluster, self.scored.officer
        amount = np.ones(len(officer)) if each is None else each
        both = of & hit
        return ratio(weights, per(officer[both], amount[both]), per(officer[of], amount[of]))


def example() -> Decided:
    """Return five decisions for the worked examples below.

    Two misuse queries of the first rung (one denied, one permitted), three honest ones of two
    officers (one denied for two reasons, one challenged, one permitted). The denied misuse comes
    back with another purpose and passes; the denied honest one goes to a supervisor after 90 s. The
    permitted misuse and the permitted honest query broke the glass; the denied honest is urgent.
    Without some fact the denied misuse would have been permitted.
    """
    from misusebench.metrics.frame import labelled  # noqa: PLC0415 - only for examples

    rows = labelled(np.zeros(5), np.array([1, 1, 0, 0, 0], bool), officer=np.array([0, 0, 1, 1, 2]),
                    campaign=np.array([0, 0, -1, -1, -1]), kind=np.array([0, 0, -1, -1, -1]),
                    oddity=np.array([-1, -1, 10, -1, -1]))  # fmt: skip
    return Decided(rows, np.array([DENY, PERMIT, DENY, CHALLENGE, PERMIT], np.int8),
                   np.array([1, 0, 2, 3, 0], np.int32),
                   [((), ()), (("purpose",), ()), (("purpose", "case"), ("no roster",)),
                    (("case",), ())],
                   urgent=np.array([0, 0, 1, 0, 0], bool), glass=np.array([0, 1, 0, 0, 1], bool),
                   followed=Followed(
                       row=np.array([0, 2]), step=np.array([0, 0], np.int8),
                       reaction=np.array([REACTIONS.index("recode"), SUPERVISOR], np.int8),
                       delay_s=np.array([60, 90]), outcome=np.array([PERMIT, NOT_ASKED], np.int8),
                   ), left_out=np.array([1, -1, 0, -1, -1], np.int8))  # fmt: skip
