"""Reference detectors, one per file; outsiders name theirs as ``module:Class``."""

from __future__ import annotations

from typing import Final

#: Registry name -> where it is. The label oracle is not here: only the scorer may run it.
REGISTRY: Final = {
    "random": "misusebench.detectors.controls:Random",
    "constant": "misusebench.detectors.controls:Constant",
    "volume": "misusebench.detectors.controls:Volume",
    "shift_window": "misusebench.detectors.shift_window:ShiftWindow",
    "peer_z": "misusebench.detectors.peer_z:PeerZ",
    "rules": "misusebench.detectors.rules:Rules",
    "explanation": "misusebench.detectors.explanation:Explanation",
    "iforest": "misusebench.detectors.iforest:IForest",
}
