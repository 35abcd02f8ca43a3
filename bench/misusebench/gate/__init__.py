"""The gate: may a change be merged? Accuracy, speed and memory of head against base."""

from misusebench.gate.accuracy import gate
from misusebench.gate.verdict import Check, Verdict

__all__ = ["Check", "Verdict", "gate"]
