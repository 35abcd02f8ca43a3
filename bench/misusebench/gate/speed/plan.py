"""How much is measured before a change is called slower, or larger in memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speed:
    """Settings of the speed gate, `[speed]` of `gate.toml`."""

    margin: float = 0.03  # share by which service time may grow
    launches: int = 8  # new processes; each has a bias of its own, so there must be several
    pairs: int = 25  # timed calls of base and head in each launch
    call_ms: float = 4.0  # how long a timed call is to take: its batch is sized for that
    warm_up: int = 3  # calls before those that count
    instructions: str = "suspects"  # for which components callgrind counts, where it exists
    seed: int = 0  # of the order within pairs


@dataclass(frozen=True, slots=True)
class Memory:
    """Settings of the memory gate, `[memory]` of `gate.toml`."""

    margin: float = 0.10  # share by which peak memory may grow
    launches: int = 3  # the largest of so many peaks counts
