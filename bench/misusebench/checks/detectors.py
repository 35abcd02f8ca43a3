"""What every detector must hold: no later row is used, nothing hangs on batches or processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.checks.along import Along, doing
from misusebench.checks.memory import grown
from misusebench.checks.report import Checks
from misusebench.checks.sameness import difference, same_alerts, same_scores
from misusebench.columns import micros
from misusebench.component_faults import ComponentFault
from misusebench.isolated import IsolatedDetector, start
from misusebench.isolation import Worker
from misusebench.needs import lacking, unknown
from misusebench.replay import replay, split_us
from misusebench.specs import TIERS
from misusebench.variations import distance, shuffled
from misusebench.veil import Veil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from misusebench.isolated import About
    from misusebench.replay import Replayed

#: Largest difference of two distributions of scores (Kolmogorov-Smirnov) of one that hashes ids.
ALIKE: Final = 0.1
_CUTS: Final = (0.31, 0.57, 0.83)
_SINGLE: Final = 300
_ODD: Final = 37  # rows of a batch where alerts are compared: no divisor of anything


class DetectorChecks(Checks):
    """Checks of a detector."""

    def names(self) -> dict[str, Callable[[], tuple[bool, str]]]:
        """Return the checks by name."""
        return {
            "output": self._output,
            "replay determinism": self._determinism,
            "chunk invariance": self._chunks,
            "prefix invariance": self._prefix,
            "future replacement": self._future,
            "id permutation": self._ids,
            "feedback isolation": self._feedback,
            "pickling": self._pickling,
            "memory bound": self._memory,
        }

    def _run(self, log: pa.Table | None = None, **options: Any) -> tuple[Replayed, Along]:
        after = options.pop("after", None)
        with self.worker() as worker:
            along = Along(IsolatedDetector(worker, start(worker, self.spec, tier=TIERS[-1])), after)
            self.level = worker.isolation.level
            given = options.pop("context", self.context)
            chosen = self.log if log is None else log
            return replay(along, chosen, given, end_us=self._end, **options), along

    def _score(self, log: pa.Table | None = None, **options: Any) -> Replayed:
        return self._run(log, **options)[0]

    def _output(self) -> tuple[bool, str]:
        needs, columns = self._about().needs, self.log.column_names
        if missing := unknown(needs, columns) or lacking(needs, columns):
            return False, missing
        self._end = split_us(self.log)
        self._full, self._raised = self._run()
        n = len(self._full.score)
        known = set(self.log["query_id"].to_pylist())
        strange = [q for a in self._full.alerts for q in a.evidence if q not in known]
        if strange:
            return False, f"an alert gives as evidence a query that does not exist: {strange[0]}"
        if not n:
            return False, "the log has no scored rows"
        return True, f"{n} finite float64 scores, {len(self._full.alerts)} alerts"

    def _about(self) -> About:
        with self.worker() as worker:
            self.level = worker.isolation.level
            about = start(worker, self.spec, tier=TIERS[-1])
            self._has = about.has
            if "score" not in about.has:
                raise ComponentFault("invalid", "it has no method score(batch)")
            return about

    def _determinism(self) -> tuple[bool, str]:
        again = self._score()
        same = np.array_equal(self._full.score, again.score) and self._full.alerts == again.alerts
        return same, "two processes, same bits" if same else difference(self._full, again)

    def _chunks(self) -> tuple[bool, str]:
        rows = min(_SINGLE, len(self._full.score))
        one = self._score(most_rows=rows, single_rows=rows)
        many = self._score(most_rows=rows)
        found = same_scores(many.score, one.score, "one row a batch against many")
        if not found[0] or "alerts" not in self._has:
            return found
        some = self._score(most_rows=rows, batch_rows=_ODD)
        alike = same_alerts(many.alerts, some.alerts, f"{_ODD} rows a batch against many")
        return alike if not alike[0] else (True, f"{found[1]}; {alike[1]}")

    def _cuts(self) -> list[int]:
        first, n = self._full.first, len(self._full.score)
        return sorted({first + int(n * share) for share in _CUTS} - {first})

    def _prefix(self) -> tuple[bool, str]:
        for cut in self._cuts():
            ok, detail = self._until(cut, self.log.slice(0, cut), f"log cut after row {cut}")
            if not ok:
                return ok, detail
        return True, f"log ended {_after(self._cuts())}: nothing that was said before changed"

    def _future(self) -> tuple[bool, str]:
        for cut in self._cuts()[:2]:
            ok, detail = self._until(cut, shuffled(self.log, cut), f"rows after {cut} shuffled")
            if not ok:
                return ok, detail
        after = _after(self._cuts()[:2])
        return True, f"rows shuffled {after}: nothing that was said before changed"

    def _until(self, cut: int, other: pa.Table, what: str) -> tuple[bool, str]:
        """Compare scores of rows before `cut`, and alerts of batches that end before it."""
        found, along = self._run(other)
        upto = cut - self._full.first
        ok, detail = same_scores(self._full.score[:upto], found.score[:upto], what)
        if ok:
            before = self._raised.last_end(upto)
            mine, theirs = self._raised.alerts_by(before), along.alerts_by(before)
            ok, detail = same_alerts(mine, theirs, what)
        return ok, detail if ok else f"{detail}: it uses later rows"

    def _ids(self) -> tuple[bool, str]:
        veil = Veil(7, "check")
        context = {name: veil.table(rows) for name, rows in self.context.items()}
        other = self._score(veil.table(self.log), context=context)
        ok, detail = same_scores(self._full.score, other.score, "ids renamed")
        if ok:
            return True, "scores equal under other ids"
        apart = distance(self._full.score, other.score)
        if apart <= ALIKE:
            return True, f"it hashes ids: scores change but spread alike (distance {apart:.3f})"
        return False, f"{detail}; the spread of scores changes too (distance {apart:.3f})"

    def _feedback(self) -> tuple[bool, str]:
        if "feedback" not in self._has:
            return True, "takes no feedback"
        half = len(self._full.score) // 2
        tell = doing(half, lambda detector: detector.feedback(self._canary(half)))
        scored = self._score(after=tell)
        return same_scores(
            self._full.score[: tell.at], scored.score[: tell.at], "before an outcome is delivered"
        )

    def _canary(self, half: int) -> list[dict[str, Any]]:
        row = self._full.first + half
        officer = self.log["officer_id"][row].as_py()
        return [{
            "query_ids": [int(self._full.query_id[half])], "officer_id": officer,
            "verdict": "confirmed", "source": "review",
            "delivered_at": int(micros(self.log["received_at"])[row]),
        }]  # fmt: skip

    def _pickling(self) -> tuple[bool, str]:
        """Have the component replaced by its copy halfway; what cannot be copied need not be."""
        if self.spec.program or self.spec.url:
            return True, "not applicable: it runs in a process of its own"
        copy = doing(len(self._full.score) // 2, IsolatedDetector.copy)
        scored = self._score(after=copy)
        declared, why = copy.found
        if why:
            return not declared, f"{'declared, yet' if declared else 'it'} cannot be pickled: {why}"
        ok, detail = same_scores(self._full.score, scored.score, "a pickled copy from halfway on")
        if ok:
            ok, detail = same_alerts(self._full.alerts, scored.alerts, "a pickled copy")
        return ok, "can be pickled: the copy goes on as the original" if ok else detail

    def _memory(self) -> tuple[bool, str]:
        """Replay a log that goes on: memory may grow with rows, and not with batches."""
        with self.worker() as worker:
            if not isinstance(worker, Worker):
                return True, "not applicable: it runs elsewhere"
            detector = IsolatedDetector(worker, start(worker, self.spec, tier=TIERS[-1]))
            ok, detail = grown(worker, detector, self.log, self.context, self._end)
            detector.close()
        peak = detector.timing.summary()["above_empty_mib"]
        told = f"peak {peak:.0f} MiB above an empty process; {detail}"
        return ok and peak <= self.limits.memory_mb, told


def _after(cuts: Sequence[int]) -> str:
    """Return after which rows, each in a try of its own."""
    return " / ".join(["after row " + f"{cuts[0]:,}", *(f"{cut:,}" for cut in cuts[1:])])
