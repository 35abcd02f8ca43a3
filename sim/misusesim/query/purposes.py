"""What the officer declares: purpose, purpose code, and what the purpose truly is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.dataset.schema import PURPOSE_CODES, PURPOSES, SYSTEMS
from misusesim.dice import lane, of_65536
from misusesim.occasions import DEFAULT, TEMPLATE, TEMPLATES, TOPIC, TOPICS
from misusesim.query.columns import words
from misusesim.scenario.levels import LEVELS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.query.rows import Rows

_BY_TOPIC: Final = {
    "traffic": "traffic", "hit_and_run": "traffic", "patrol": "traffic", "domestic": "dv",
    "permit": "ccw", "employment": "employment", "court": "court", "records": "court",
    "welfare": "officer_safety", "disturbance": "officer_safety", "test": "other",
}  # fmt: skip
#: Templates whose purpose does not follow from the topic; topics of no crime stay as they are.
_BY_TEMPLATE: Final = {
    "traffic_stop": "traffic", "plate_check": "traffic", "booking": "criminal",
    "permit_desk": "ccw", "victim_protection": "dv", "system_test": "other",
    "cad_interface": "criminal", "records_interface": "criminal", "alpr_interface": "criminal",
}  # fmt: skip
_FIXED: Final = ("permit", "employment", "court", "domestic")
#: III code of each purpose; F firearms and J criminal-justice employment are the ones that CLETS
#: training insists on (domain note 2.2).
_III_CODE: Final = {
    "criminal": "C", "traffic": "C", "court": "C", "dv": "D", "officer_safety": "C",
    "employment": "J", "ccw": "F", "other": "C",
}  # fmt: skip
_SAFETY_SHARE: Final = 0.06  # criminal, traffic declared as safety (assumption)
_OTHER_SHARE: Final = 0.006  # "other" picked without need (assumption)
_EMPLOYMENT_AS_C: Final = 0.02  # wrong code, a training topic (assumption)


@lru_cache(maxsize=1)
def default_purpose() -> NDArray[np.int8]:
    """Return the purpose by template and topic, as codes of PURPOSES."""
    out = np.empty((len(TEMPLATES), len(TOPICS)), np.int8)
    for template in TEMPLATES:
        for topic in TOPICS:
            word = _BY_TOPIC.get(topic, "criminal")
            if topic not in _FIXED:
                word = _BY_TEMPLATE.get(template, word)
            out[TEMPLATE[template], TOPIC[topic]] = PURPOSES.index(word)
    return out


def true_purposes(occasions: Occasions) -> NDArray[np.int8]:
    """Return the purpose of each occasion as its template and true topic have it."""
    return default_purpose()[occasions.template, occasions.topic]


def declared_purposes(rows: Rows) -> NDArray[np.int8]:
    """Return what each occasion would declare (code of PURPOSES, -1 nothing), asked or not."""
    occasions = rows.occasions
    spoken = np.where(occasions.says_topic == DEFAULT, occasions.topic, occasions.says_topic)
    habit = default_purpose()[occasions.template, spoken]
    told = occasions.says_purpose != DEFAULT
    said = np.where(told, occasions.says_purpose, habit)
    if LEVELS[rows.scenario.level].as_usual:  # whoever hides slips as others do
        told &= occasions.campaign < 0
    bits = rows.occasion_dice.bits("purpose")
    ordinary = (said == PURPOSES.index("criminal")) | (said == PURPOSES.index("traffic"))
    safety = ~told & ordinary & (lane(bits, 0) < of_65536(_SAFETY_SHARE))
    said = np.where(safety, np.int8(PURPOSES.index("officer_safety")), said)
    other = ~told & (lane(bits, 1) < of_65536(_OTHER_SHARE))
    return np.where(other, np.int8(PURPOSES.index("other")), said).astype(np.int8)


def purpose_columns(rows: Rows, system: NDArray[np.int8]) -> dict[str, pa.Array]:
    """Return `declared_purpose` (where the screen asks) and `purpose_code` (III only)."""
    declared, third = declared_purposes(rows), np.flatnonzero(system == SYSTEMS.index("III"))
    codes = np.array([PURPOSE_CODES.index(_III_CODE[p]) for p in PURPOSES], np.int8)
    occasion = rows.occasion[third]
    said, usual = declared[occasion], np.int8(PURPOSE_CODES.index("C"))
    code = np.where(said >= 0, codes[said], usual)
    slip = rows.occasion_dice.bits("purpose code")[occasion]
    code[(code == PURPOSE_CODES.index("J")) & (lane(slip, 0) < of_65536(_EMPLOYMENT_AS_C))] = usual
    shown = np.full(len(system), -1, np.int8)
    shown[third] = code
    declared[~rows.plan.of_group("asks_purpose")[rows.place]] = -1
    return {
        "declared_purpose": words(rows.spread(declared), PURPOSES),
        "purpose_code": words(shown, PURPOSE_CODES),
    }
