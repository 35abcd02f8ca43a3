"""A policy of this process on a data set: facts, decisions, reactions, beside the truth.

For proofs and for what a policy is asked many times; in a run every policy is shut in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench import interval, metrics
from misusebench.answers import align
from misusebench.columns import micros
from misusebench.policies.facts import build_facts
from misusebench.policies.language import read_policy
from misusebench.policies.reference import Reference
from misusebench.policy_bench.displacement import follow, in_process
from misusebench.policy_bench.sampled import stands_for
from misusebench.replay import split_us
from misusesim.truth import open_truth

if TYPE_CHECKING:
    import pyarrow as pa

    from misusebench.isolated import Decisions
    from misusebench.policies.language import Policyfile
    from misusesim.dataset.reader import Dataset


class World:
    """The scored part of a data set with its facts and its truth.

    Parameters
    ----------
    dataset
        Opened.
    history_share
        Share of the days that is history, and not judged; 0: all is judged.
    seed, draws
        Of the bootstrap over officers.
    """

    def __init__(
        self, dataset: Dataset, history_share: float = 0.0, seed: int = 0,
        draws: int = interval.DRAWS,
    ) -> None:  # fmt: skip
        whole, self.context = dataset.log(), dataset.context("T2")
        start = split_us(whole, history_share)
        self.first = int(np.searchsorted(micros(whole["received_at"]), start))
        self.whole, self.log, self.truth = whole, whole.slice(self.first), open_truth(dataset)
        self.answers = align(whole, self.truth, self.first, start)
        self.facts = build_facts(self.log, self.context)
        self._stands_for = None  # where truth is sparse nobody is asked about plain work
        if dataset.manifest.get("truth") == "full":
            directory = self.context["directory/agencies"]
            self._stands_for = stands_for(self.log, directory, self.answers)
        self._seed, self._draws = seed, draws

    def decide(self, policy: Any) -> Decisions:
        """Return what a loaded policy decides."""
        return in_process(policy)(self.facts)

    def judged(self, said: Decisions, policy: Any = None) -> metrics.Decided:
        """Return decisions beside the truth; denials are followed if the policy is given."""
        followed = None
        if policy is not None:
            followed = follow(
                said.outcome, self.log, self.context, self.truth.reactions, in_process(policy)
            )
        glass = self.log["break_glass"].to_numpy(zero_copy_only=False)
        return metrics.Decided(
            metrics.frame(self.answers, np.zeros(self.log.num_rows)), said.outcome, said.why,
            said.explanations, self._shifts(),
            self.answers.urgent(self.context["dispatch/incidents"]), np.asarray(glass, np.bool_),
            followed, self._stands_for, self._draws, self._seed,
        )  # fmt: skip

    def _shifts(self) -> Any:
        rows: pa.Table = self.context["roster/shifts"]
        end = int(self.answers.time_us.max(initial=self.answers.start_us)) + 1
        start = self.answers.start_us
        return metrics.shifts_per_officer(rows, self.answers.officers, start, end)


def reference(policy: Policyfile | str) -> Reference:
    """Return the reference with a policy loaded, by name or as read."""
    one = read_policy(policy) if isinstance(policy, str) else policy
    engine = Reference()
    engine.load({"name": one.name, "text": one.text}, None)
    return engine
