"""Engines with a fault each, and two odd ones without any, for the timing of policies."""

from __future__ import annotations

import threading
import time

import numpy as np

from misusebench.component import Decision
from misusebench.policies.facts import requests
from misusebench.policies.reference import Reference


class Lenient(Reference):
    """Lets through what only the last rule denies."""

    name = "lenient"

    def decide(self, request):
        found = super().decide(request)
        return Decision("permit") if found.reasons == ("WARRANT",) else found

    def decide_batch(self, requests):
        return [self.decide(one) for one in requests]


class Forgetful(Reference):
    """Denies for one reason only, of several."""

    name = "forgetful"

    def decide_batch(self, requests):
        found = super().decide_batch(requests)
        return [Decision(one.outcome, one.reasons[:1], one.errors) for one in found]


class FirstOfBatch(Reference):
    """Right in a batch; one by one it has another outcome for every seventh."""

    name = "first_of_batch"
    asked = 0

    def decide(self, request):
        self.asked += 1
        return Decision("deny") if self.asked % 7 == 0 else super().decide(request)


class EverySecond(Reference):
    """Right in the first batch; denies all of every second."""

    name = "every_second"
    batches = 0

    def decide_batch(self, requests):
        self.batches += 1
        found = super().decide_batch(requests)
        return found if self.batches % 2 else [Decision("deny")] * len(found)


class Raising(Reference):
    """Cannot be loaded."""

    name = "raising"

    def load(self, policy, facts):
        raise RuntimeError("its policy is no good")


class Ending(Reference):
    """Ends its process when it is asked."""

    name = "ending"

    def decide(self, request):
        raise SystemExit("enough")


class Slow(Reference):
    """Takes longer the more rules there are."""

    name = "slow"

    def load(self, policy, facts):
        super().load(policy, facts)
        time.sleep(0.02 * len(self._order))


class Columns(Reference):
    """Right, and made for whole tables; its encoding is requests."""

    name = "columns"
    single = False

    def encode(self, facts):
        return list(requests(facts))

    def evaluate(self, encoded):
        return np.array([one.outcome != "permit" for one in self.decide_batch(encoded)])

    def decide_table(self, facts):
        return self.evaluate(self.encode(facts)), np.zeros(facts.num_rows, np.int32), [((), ())]


class Lonely(Reference):
    """Right, and asked by the thread only in which it was made: else it panics."""

    name = "lonely"

    def __init__(self):
        super().__init__()
        self.thread = threading.get_ident()

    def decide(self, request):
        if threading.get_ident() != self.thread:
            raise KeyboardInterrupt
        return super().decide(request)


class Grumbling(Reference):
    """Right in all it decides, with an error beside each decision."""

    name = "grumbling"

    def decide(self, request):
        found = super().decide(request)
        return Decision(found.outcome, found.reasons, ("something went wrong",))

    def decide_batch(self, requests):
        return [self.decide(one) for one in requests]


class FillsIn(Reference):
    """Permits where a fact is missing."""

    name = "fills_in"

    def decide(self, request):
        found = super().decide(request)
        return Decision("permit") if found.errors else found

    def decide_batch(self, requests):
        return [self.decide(one) for one in requests]


class FillsInBatches(Reference):
    """Permits where a fact is missing, in batches only."""

    name = "fills_in_batches"

    def decide_batch(self, requests):
        found = super().decide_batch(requests)
        return [Decision("permit") if one.errors else one for one in found]


class FillsInTables(Columns):
    """Permits where a fact is missing, in tables only."""

    name = "fills_in_tables"

    def evaluate(self, encoded):
        found = self.decide_batch(encoded)
        return np.array([one.outcome != "permit" and not one.errors for one in found])


class GrumblingTables(Columns):
    """Right in its tables, with an error beside each decision."""

    name = "grumbling_tables"

    def decide_table(self, facts):
        outcome, why, _ = super().decide_table(facts)
        return outcome, why, [((), ("something went wrong",))]


class Short(Reference):
    """Leaves out the last of a batch."""

    name = "short"

    def decide_batch(self, requests):
        return super().decide_batch(requests)[:-1]


class Table(Reference):
    """Columnar in name only; its tables permit everything."""

    name = "table"

    def decide_table(self, facts):
        return np.zeros(facts.num_rows, np.int8), np.zeros(facts.num_rows, np.int32), [((), ())]
