"""Components that are wrong on purpose, and two that are right, for the tests of the bench."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np


class Good:
    """Counts an officer's queries so far: needs nothing, uses no later row."""

    name = "good"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("officer_id",)

    def __init__(self, step: float = 1.0, seed: int = 0):
        self.step, self.seen, self.told = step, {}, 0

    def fit(self, history, context):
        self.tables = sorted(context)
        self.score_all(history["officer_id"].to_pylist())

    def score(self, batch):
        return np.array(self.score_all(batch["officer_id"].to_pylist()), np.float64)

    def score_all(self, officers):
        found = []
        for officer in officers:
            self.seen[officer] = self.seen.get(officer, 0) + self.step
            found.append(self.seen[officer] + self.told)
        return found

    def feedback(self, outcomes):
        self.told += len(outcomes)


class Alerting(Good):
    """Raises an alert for the largest score of each batch."""

    def score(self, batch):
        scores = super().score(batch)
        self.last = int(batch["query_id"][int(scores.argmax())].as_py())
        return scores

    def alerts(self, now):
        return [("query", str(self.last), now, 1.0, (self.last,), "largest")]


class InventsEvidence(Alerting):
    def alerts(self, now):
        return [("query", "1", now, 1.0, (1,), "made up")]


class MalformedAlert(Alerting):
    def alerts(self, now):
        return [("planet", "1", now, 1.0, (1,), "no such level")]


class HalfLetter(Alerting):
    def alerts(self, now):
        return [("query", "1", now, 1.0, (1,), "half a letter: \ud800")]


class OneWord(Good):
    tiers = "T1"


class ReadsAhead(Good):
    """Normalises by the sum over the batch it is handed."""

    def score(self, batch):
        scores = super().score(batch)
        return scores / scores.sum()


class KeepsBatch(Good):
    """Counts batches: the cut of batches shows in the scores."""

    calls = 0

    def score(self, batch):
        self.calls += 1
        return super().score(batch) + self.calls


class Hoards(Good):
    """Keeps half a MiB a batch, which no row asks for."""

    def score(self, batch):
        self.hoard = [*getattr(self, "hoard", ()), np.ones(2**16)]
        return super().score(batch)


class AlertsOnce(Good):
    """Raises an alert for each officer's fortieth query: the same however batches are cut."""

    fresh = ()

    def score(self, batch):
        scores = super().score(batch)
        ids, officers = batch["query_id"].to_pylist(), batch["officer_id"].to_pylist()
        due = [at for at in range(len(scores)) if scores[at] == 40]
        self.fresh = [(officers[at], ids[at]) for at in due]
        return scores

    def alerts(self, now):
        raised, self.fresh = self.fresh, ()
        return [("officer", who, now, 1.0, (query,), "forty queries") for who, query in raised]


class AlertsAhead(AlertsOnce):
    """Its scores are causal, its alerts tell what officers have asked by the end of the batch."""

    def alerts(self, now):
        return [(*alert[:5], f"{self.seen}") for alert in super().alerts(now)]


class Unpicklable(Good):
    """Holds what cannot be pickled, and does not say that it can."""

    def fit(self, history, context):
        super().fit(history, context)
        self.held = lambda: None


class ClaimsToPickle(Unpicklable):
    pickles = True


class ForgetsWhenPickled(Good):
    """Its copy is not what it was."""

    def __getstate__(self):
        return {"step": self.step, "seen": {}, "told": 0}


class Unseeded(Good):
    def score(self, batch):
        return np.frombuffer(os.urandom(8 * batch.num_rows), np.uint64).astype(np.float64)


class HashesIds(Good):
    """As good as random, and always the same for the same query."""

    def score(self, batch):
        return batch["query_id"].to_numpy().astype(np.uint64) % 10_007 / 10_007


class TooShort(Good):
    def score(self, batch):
        return super().score(batch)[:-1]


class NotANumber(Good):
    def score(self, batch):
        scores = super().score(batch)
        scores[-1] = np.nan
        return scores


class WrongType(Good):
    def score(self, batch):
        return [1] * batch.num_rows


class NoScore:
    name = "no_score"


class Raises(Good):
    def score(self, batch):
        sys.stderr.write("about to fail\n")
        raise RuntimeError("cannot go on")


class Hangs(Good):
    def score(self, batch):
        time.sleep(60)


class Dies(Good):
    def score(self, batch):
        os.kill(os.getpid(), signal.SIGSEGV)


class Leaks(Good):
    def score(self, batch):
        self.hoard = []
        while True:
            self.hoard.append(np.ones(2**20))


class Prints(Good):
    def score(self, batch):
        while True:
            sys.stdout.write("x" * 65536)


class NeedsMore(Good):
    needs = ("officer_id", "prior_decision")  # which only a policy before it gives


class NeedsStrange(Good):
    needs = ("officer_id", "tme")


class OnlyT3(Good):
    tiers = ("T3",)


class Probe(Good):
    """Tries what a component must not be able to do and reports by failing."""

    def __init__(self, action, path=""):
        super().__init__()
        self.action, self.path = action, path

    def score(self, batch):
        raise RuntimeError(f"outcome={getattr(self, self.action)()}")

    def read(self):
        return Path(self.path).read_text(encoding="utf-8")

    def exists(self):
        return Path(self.path).exists()

    def simulate(self):
        return importlib.import_module("misusesim.world.agencies").__name__

    def write(self):
        return Path(self.path, "spoor").write_text("x", encoding="utf-8")

    def scratch(self):
        return Path("own").write_text("x", encoding="utf-8")

    def tcp(self):
        with socket.create_connection(("127.0.0.1", int(self.path)), 1):
            return "connected"

    def udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            return sender.sendto(b"x", ("127.0.0.1", int(self.path)))

    def environment(self):
        return sorted(os.environ)

    def account(self):
        return os.geteuid()

    def processes(self):
        return sum(path.name.isdigit() for path in Path("/proc").iterdir())

    def children(self):
        started = 0
        try:
            for _ in range(2000):
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                started += 1
        except OSError:
            return f"stopped, {started < 2000}"
        return "not stopped"


class _Decision:
    def __init__(self, outcome, reasons=(), errors=()):
        self.outcome, self.reasons, self.errors = outcome, reasons, errors


class GoodPolicy:
    """Denies without an officer's role; denies odd database sensitivities."""

    name = "good_policy"
    version = "1"

    def load(self, policy, facts):
        self.limit = policy or 2

    def decide(self, request):
        if len(request.officer) + len(request.database) + len(request.context) < 23:  # with as_of
            return _Decision("deny", ("missing",))
        denied = request.database["sensitivity"] > self.limit
        return _Decision("deny" if denied else "permit", ("limit",) if denied else ())

    def decide_batch(self, requests):
        return [self.decide(request) for request in requests]


class FailsOpen(GoodPolicy):
    def decide(self, request):
        return _Decision("deny" if request.officer.get("role") == "patrol" else "permit")


class OpensOn(GoodPolicy):
    """The eleven rules, which take a fact that is missing as if it gave no cause to deny."""

    #: What keeps each of these facts from denying.
    HARMLESS: ClassVar = {
        "context.break_glass": True, "context.justification_len": 99, "context.warrant": True,
        "context.recipient_state": None, "officer.state": None, "context.lookback_days": 0,
    }  # fmt: skip

    def __init__(self, fact="", policy=None):
        from misusebench.policies.eleven_rules import ElevenRules  # noqa: PLC0415 - only here

        self.fact, self.rules = fact, ElevenRules()

    def load(self, policy, facts):
        pass

    def decide(self, request):
        place, _, name = self.fact.partition(".")
        held = getattr(request, place)
        if name in held:
            return self.rules.decide(request)
        value = self.HARMLESS[self.fact]
        other = {"state": "recipient_state", "recipient_state": "state"}
        if value is None:
            more = {**request.officer, **request.context}
            value = more[other[name]]
        return self.rules.decide(replace(request, **{place: {**held, name: value}}))


class BatchDiffers(GoodPolicy):
    def decide_batch(self, requests):
        return [_Decision("deny")] * len(requests)


class RaisingPolicy(GoodPolicy):
    def decide(self, request):
        raise KeyError("role")


class StrangeOutcome(GoodPolicy):
    def decide(self, request):
        return _Decision("maybe")


class TooFewAnswers(GoodPolicy):
    def decide_batch(self, requests):
        return [self.decide(request) for request in requests][:-1]


class _Pooled:
    """A detector of PyOD on the shared features, as its users call it."""

    tiers = ("T0", "T1", "T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "system", "subject_key")

    def __init__(self, name):
        self.name = name
        module = importlib.import_module(f"pyod.models.{name}")
        self._model = getattr(module, name.upper())()
        self._features = importlib.import_module("misusebench.features").Features("T0")

    def fit(self, history, context):
        self._features.start(context)
        self._model.fit(self._features.transform(history))

    def score(self, batch):
        return self._model.decision_function(self._features.transform(batch))


class PyodEcod(_Pooled):
    """Its decision function pools the history with the batch: an old row's score changes."""

    def __init__(self):
        super().__init__("ecod")


class PyodCopod(_Pooled):
    """As ECOD."""

    def __init__(self):
        super().__init__("copod")


class PyodHbos(_Pooled):
    """Causal as it is: the control of the two before it."""

    def __init__(self):
        super().__init__("hbos")


class TakesTier:
    """Says as its version which tier it was told; uses no more than T1."""

    tiers = ("T0", "T1")

    def __init__(self, tier="none"):
        self.version = tier

    def score(self, batch):
        return np.zeros(batch.num_rows)
