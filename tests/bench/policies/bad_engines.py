"""Engines with one fault each, asked in a process of their own."""

from __future__ import annotations

import os

from misusebench.component import Decision
from misusebench.errors import SuiteError
from misusebench.policies.reference import Reference


class OneByOne(Reference):
    """The reference, whose batches are its single decisions."""

    def decide_batch(self, requests):
        return [self.decide(request) for request in requests]


class Forgets(OneByOne):
    """Forgets one of the reasons."""

    def decide(self, request):
        found = super().decide(request)
        return Decision(found.outcome, found.reasons[:1])


class Opens(OneByOne):
    """Permits what only WARRANT denies."""

    def decide(self, request):
        found = super().decide(request)
        return Decision("permit") if found.reasons == ("WARRANT",) else found


class FirstOfBatch(Reference):
    """Answers requests of a batch that share officer and resource as the first of them."""

    def decide_batch(self, requests):
        known = {}
        return [
            known.setdefault((r.officer_id, r.query_id), self.decide(r)) for r in requests
        ]  # fmt: skip


class FirstRules(OneByOne):
    """Lets a rule that it does not know permit."""

    def decide(self, request):
        found = super().decide(request)
        return Decision("permit") if "ADDED_" in found.reasons else found


class Raises(OneByOne):
    """Fails on requests of one role."""

    def decide(self, request):
        if request.officer["role"] == "patrol":
            raise KeyError("patrol")
        return super().decide(request)


class Short(Reference):
    """Leaves out the last of a batch of many."""

    def decide_batch(self, requests):
        found = super().decide_batch(requests)
        return found[:-1] if len(found) > 50 else found


class Grumbles(Reference):
    """Right in all it decides, with an error beside each."""

    def decide_batch(self, requests):
        found = super().decide_batch(requests)
        return [Decision(one.outcome, one.reasons, ("oh",)) for one in found]


class Dies(Reference):
    """Ends its process."""

    def load(self, policy, facts):
        os.abort()


class Absent(Reference):
    """Needs a package that is not there."""

    def __init__(self):
        raise SuiteError("needs the package nowhere; install the extra nowhere")
