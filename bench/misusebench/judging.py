"""What components said, measured against truth: one result each, and what pairs of them leave."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench import drilldown, metrics
from misusebench import result as results
from misusebench.component import OUTCOMES
from misusebench.found import by_rule, found_campaigns
from misusebench.metrics.prevention import matrix, remains, stopped
from misusebench.policy_bench.aftermath import aftermath
from misusebench.policy_bench.sampled import stands_for
from misusebench.result import Result
from misusebench.specs import OBSERVED
from misusebench.stored import with_left_out
from misusebench.suite import TIERS
from misusebench.timing import machine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from misusebench.answers import Answers
    from misusebench.component import Alert
    from misusebench.outcomes import Bench, Outcome
    from misusebench.suite import ComponentSpec


#: What a result says of who ran the label oracle.
SCORER: Final = "(the scorer, from truth)"


class Judging:
    """What all components of a run are measured with, and what they leave for the combination."""

    def __init__(
        self, bench: Bench, answers: Answers, folder: Path, *, keep: bool = True
    ) -> None:  # fmt: skip
        self._bench, self._answers, self._folder, self._keep = bench, answers, folder, keep
        bench.context(TIERS[-1])  # brings the shifts with it
        last = int(answers.time_us.max(initial=answers.start_us))
        self._shifts = metrics.shifts_per_officer(
            bench.shifts, answers.officers, answers.start_us, last + 1
        )
        self._caught: dict[str, NDArray[np.float64]] = {}
        self._stays: dict[str, NDArray[np.float64]] = {}
        self._followed: set[str] = set()
        self._precision: dict[str, metrics.Precision] = {}
        self._found: dict[str, dict[str, Any]] = {}  # per detector and campaign
        self._denied: dict[str, dict[str, Any]] = {}  # per policy and campaign

    def judged(self, outcome: Outcome) -> Result:
        """Return the result of one component; its raw answers are written."""
        one = _result(self._bench, outcome)
        if one.valid:
            self.measure(outcome, one)
        return one

    def measure(self, outcome: Outcome, one: Result) -> None:
        """Put metrics and diagnostics into a result; the raw answers are written, if wanted."""
        (self._detector if outcome.spec.kind == "detector" else self._policy)(outcome, one)

    def _detector(self, outcome: Outcome, one: Result) -> None:
        if outcome.spec.target == "":  # the label oracle: a detector that knew truth
            score, alerts = self._answers.positive.astype(np.float64), []
        elif outcome.replayed is None:
            raise AssertionError(f"{one.name} is valid, yet has said nothing")
        else:
            score, alerts = outcome.replayed.score, outcome.replayed.alerts
        suite = self._bench.suite
        tally = metrics.Tally(
            metrics.frame(self._answers, score), budget=suite.review_budget, seed=suite.seed
        )
        one.metrics = results.metrics_json(metrics.compute(tally))
        one.diagnostics |= {
            "curves": metrics.curves(tally), "alerts": _counted(alerts),
            "found": found_campaigns(self._answers, tally.caught),
            "rules": by_rule(self._answers, alerts), **outcome.diagnostics,
        }  # fmt: skip
        self._precision[one.name] = metrics.Precision.of(tally)
        self._caught[one.name] = tally.caught
        self._found[one.name] = drilldown.found_by(tally)
        if not self._keep:
            return
        table = pa.table({"query_id": self._answers.query_id, "score": score})
        results.save_scores(table, self._folder, one.name)
        if alerts:
            results.save_alerts(alerts, self._folder, one.name)

    def _policy(self, outcome: Outcome, one: Result) -> None:
        assert outcome.decisions is not None
        said = outcome.decisions
        blank = np.zeros(len(said.outcome))
        decided = metrics.Decided(
            metrics.frame(self._answers, blank), said.outcome, said.why, said.explanations,
            shifts=self._shifts, urgent=self._urgent, glass=self._glass,
            followed=outcome.followed, seed=self._bench.suite.seed, stands_for=self._stands_for,
            left_out=outcome.left_out,
        )  # fmt: skip
        one.metrics = results.metrics_json(metrics.compute_policy(decided))
        one.diagnostics["outcomes"] = dict(
            zip(OUTCOMES, np.bincount(said.outcome, minlength=len(OUTCOMES)).tolist(), strict=True)
        )
        one.diagnostics["curves"] = metrics.policy_curves(decided)
        one.diagnostics["blocks"] = self._blocks(decided)
        if outcome.followed is not None:
            one.diagnostics["displacement"] = aftermath(decided)
            self._followed.add(one.name)
        self._stays[one.name] = remains(decided)
        self._denied[one.name] = {
            "denied": drilldown.rounded(stopped(decided)),
            "stays": drilldown.rounded(self._stays[one.name]),
        }
        one.diagnostics["found"] = found_campaigns(self._answers, self._stays[one.name])
        if self._keep:
            table = with_left_out(said.table(self._answers.query_id), outcome.left_out)
            results.save_scores(table, self._folder, one.name)
            if outcome.followed is not None:
                after = outcome.followed.table(self._answers.query_id)
                results.save_followed(after, self._folder, one.name)

    @cached_property
    def _urgent(self) -> NDArray[np.bool_] | None:
        incidents = self._bench.context(TIERS[-1]).get("dispatch/incidents")
        return None if incidents is None else self._answers.urgent(incidents)

    @cached_property
    def _glass(self) -> NDArray[np.bool_]:
        flags = self._bench.log["break_glass"].slice(self._bench.first)
        return np.asarray(flags.to_numpy(zero_copy_only=False), np.bool_)

    @cached_property
    def _stands_for(self) -> NDArray[np.float64] | None:
        if self._bench.dataset.manifest.get("truth") != "full":
            return None  # nobody is asked about plain work
        log = self._bench.log.slice(self._bench.first)
        directory = self._bench.context(TIERS[-1]).get("directory/agencies")
        return None if directory is None else stands_for(log, directory, self._answers)

    def _blocks(self, decided: metrics.Decided) -> dict[str, Any]:
        """Return honest queries hindered per agency and per role."""
        told = self._bench.officers
        scored, agencies = decided.scored, self._answers.agencies
        found = {"agency": metrics.blocks_by(decided, scored.agency, agencies)}
        if told is not None:
            rows = zip(told["officer_id"].to_pylist(), told["role"].to_pylist(), strict=True)
            role_of = dict(rows)
            roles = sorted(set(role_of.values()))
            own = [roles.index(role_of[o]) if o in role_of else -1 for o in self._answers.officers]
            found["role"] = metrics.blocks_by(decided, np.array(own)[scored.officer], roles)
        return found

    def compare_with_oracles(self, found: Sequence[Result]) -> None:
        """Put into each detector's result how far it is from the oracle of its tier, if one ran."""
        oracles = {one.tier: one for one in found if one.valid and _observes(one)}
        for one in found:
            above = [tier for tier in sorted(oracles) if tier >= one.tier]
            best = oracles[above[0]] if above else None  # who sees more is a ceiling as well
            if best is None or _observes(one) or one.name not in self._precision:
                continue
            ceiling, own = self._precision[best.name], self._precision[one.name]
            one.metrics |= results.metrics_json(metrics.against(own, ceiling))
            one.diagnostics["oracle"] = best.name

    def combined(self) -> dict[str, Any]:
        """Return, per detector and policy, which share of campaigns which of the two stops.

        A policy is credited with what is denied and does not come back and pass. `followed` says
        whether that was asked; where it was not, all that is denied counts.
        """
        return {
            detector: {
                policy: {**matrix(caught, stays), "followed": policy in self._followed}
                for policy, stays in self._stays.items()
            }
            for detector, caught in self._caught.items()
        }

    def campaigns(self) -> dict[str, Any]:
        """Return what is told of each campaign: who finds it, and when; see `drilldown.py`."""
        blank = metrics.frame(self._answers, np.zeros(len(self._answers.query_id)))
        ids = self._answers.campaigns.campaign_id
        budget = self._bench.suite.review_budget
        return drilldown.told(blank, ids, budget, self._found, self._denied)


def _observes(one: Result) -> bool:
    return bool(one.component["target"] == OBSERVED)


def _counted(alerts: Sequence[Alert]) -> dict[str, int]:
    """Return how many of a component's own alerts name which level and rule."""
    names = Counter(f"{one.level}/{one.rule}".removesuffix("/") for one in alerts)
    return dict(sorted(names.items()))


def _result(bench: Bench, outcome: Outcome) -> Result:
    spec, about = outcome.spec, outcome.about
    source = _source(spec) if spec.target not in ("", OBSERVED) else None
    manifest = bench.dataset.manifest
    return Result(
        dataset=told_of(bench),
        scenario_hash=str(manifest["scenario_hash"]),
        component={
            "kind": spec.kind,
            "name": spec.name,
            "target": spec.target or SCORER,
            "version": about.version if about else "",
            "parameters": dict(spec.parameters),
            "source_sha256": source,
            "division": "feedback" if outcome.told else "unsupervised",
            **({"after": spec.after} if spec.after else {}),
        },
        tier=outcome.tier,
        seeds={"suite": bench.suite.seed, "scenario": int(manifest.get("seed", 0))},
        isolation=outcome.isolation or {"level": "none", "not_stopped": []},
        state=outcome.state,
        reasons=outcome.reasons,
        ungated={
            "metrics": results.metrics_json(metrics.compute_speed(outcome.timing.summary())),
            "timing": outcome.timing.summary(), "machine": machine(), "stderr": outcome.stderr,
        },
    )  # fmt: skip


def _source(spec: ComponentSpec) -> str | None:
    """Return the hash of a component's source; of a command of its words, program and files."""
    if spec.program:
        return results.command_sha256(
            list(spec.parameters["command"]), [spec.program, *(path for _, path in spec.files)]
        )
    return results.source_sha256(spec.target, spec.search)


def told_of(bench: Bench) -> dict[str, Any]:
    """Return what a result says of the data set and its cut."""
    manifest = bench.dataset.manifest
    return {
        "name": str(manifest["scenario"]),
        "hash": str(manifest["dataset_hash"]),
        "rows": bench.log.num_rows,
        "scored_rows": bench.log.num_rows - bench.first,
        "history_end_us": bench.end_us,
        "versions": dict(manifest.get("versions", {})),
    }
