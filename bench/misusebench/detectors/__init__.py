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
    "rules_stream": "misusebench.detectors.rules_stream:RulesStream",
    "explanation": "misusebench.detectors.explanation:Explanation",
    "iforest": "misusebench.detectors.iforest:IForest",
    "anomaly_index": "misusebench.detectors.anomaly_index:AnomalyIndex",
    "fan_in": "misusebench.detectors.fan_in:FanIn",
    "ngram": "misusebench.detectors.ngram:Ngram",
    "community": "misusebench.detectors.community:Community",
    "collaborative": "misusebench.detectors.collaborative:Collaborative",
    "ecod": "misusebench.detectors.ecod:Ecod",
    "hbos": "misusebench.detectors.hbos:Hbos",
    "knn": "misusebench.detectors.knn:Knn",
    "loda": "misusebench.detectors.loda:Loda",
    "loda_stream": "misusebench.detectors.loda:LodaStream",
    "half_space_trees": "misusebench.detectors.half_space_trees:HalfSpaceTrees",
    "sigma": "misusebench.detectors.sigma:Sigma",
    "supervised": "misusebench.detectors.supervised:Supervised",
    "ensemble": "misusebench.detectors.ensemble:Ensemble",
    "conformal": "misusebench.detectors.conformal:Conformal",
    "denials": "misusebench.detectors.denials:Denials",
    "id_probe": "misusebench.detectors.probes:IdProbe",
    "officer_probe": "misusebench.detectors.probes:OfficerProbe",
    "fraction_probe": "misusebench.detectors.probes:FractionProbe",
    "order_probe": "misusebench.detectors.probes:OrderProbe",
    "missing_probe": "misusebench.detectors.probes:MissingProbe",
    "format_probe": "misusebench.detectors.probes:FormatProbe",
}
#: Those that say something only after a policy (`after` in a suite).
AFTER: Final = ("denials",)
#: Those that read rules (parameter `rules`: a file, or its text). Shut in they reach no file, so it
#: is read on our side.
RULE_READERS: Final = (
    "misusebench.detectors.rules:Rules", "misusebench.detectors.rules_stream:RulesStream",
    "misusebench.detectors.sigma:Sigma",
)  # fmt: skip
