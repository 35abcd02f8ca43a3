"""Run a script that was written for Python 3.7, with its arguments, by a newer Python.

What older Pythons had under these names, and networkx 1.11 and AMLSim still ask for.
"""

from __future__ import annotations

import collections
import collections.abc
import fractions
import math
import random
import runpy
import sys
from pathlib import Path
from typing import Any

_sample = random.sample


def sample(population: Any, k: int) -> list[Any]:
    """Draw from sets too, as Python 3.10 and older do."""
    return _sample(tuple(population) if isinstance(population, set) else population, k)


if __name__ == "__main__":
    for name in ("Iterable", "Mapping", "MutableMapping", "Set"):
        setattr(collections, name, getattr(collections.abc, name))
    fractions.gcd = math.gcd  # type: ignore[attr-defined]
    random.sample = sample  # type: ignore[assignment]
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    runpy.run_path(sys.argv[0], run_name="__main__")
