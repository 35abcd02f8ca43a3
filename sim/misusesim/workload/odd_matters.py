"""Oddities of delicate matters: what sounds forbidden, is far back or very much, under a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.dataset.schema import ACTIONS
from misusesim.dice import lane, of_65536, table
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC, Occasions
from misusesim.workload.durations import drawn
from misusesim.workload.moments import Moments, moments_of, within
from misusesim.workload.odd_desks import own_case, put_on
from misusesim.workload.odd_occasions import Files, Found, no_links, odd_work, recalled
from misusesim.world.readers import can_search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Oddity

    I64Array = NDArray[np.int64]


class Matter(NamedTuple):
    """What is asked, how often at a sitting, and what is said; all numbers are assumptions."""

    template: tuple[str, str]  # each as likely
    queries: NDArray[np.int32]
    says: str | None  # topic the reason speaks of, None: its own
    gap_s: int = 30
    shared: float = 0.0  # share of sittings whose answers are passed on


_FEW: Final = table({1: 45, 2: 30, 3: 20, 4: 5})
_JOINT: Final = Matter(("name_check", "alpr_search"), _FEW, "immigration", 40, 1 / 3)
_MEDICAL: Final = Matter(("alpr_wide", "alpr_wide"), table({1: 66, 2: 34}), "health")
_BROADCAST: Final = Matter(("plate_check", "name_check"), table({1: 66, 2: 34}), "descriptor")
_COLD: Final = Matter(("alpr_wide", "alpr_wide"), table({1: 66, 2: 34}), None)
_VALIDATED: Final = Matter(
    ("plate_check", "plate_check"), table({60: 25, 80: 25, 100: 25, 128: 25}), None
)
#: Weeks since a case came in: of a joint case, of one that is cold (assumptions).
_RUNNING_WEEKS, _COLD_WEEKS = (0, 6), (2, 9)
_MEDICAL_TOPICS: Final = ("welfare", "missing", "homicide", "sex_offense")
_BROADCAST_TOPICS: Final = ("robbery", "assault", "burglary", "weapons", "hit_and_run")
_MEDICAL_DAYS, _BROADCAST_DAYS, _VALIDATED_DAYS = 21, 7, 60


def joint_case(files: Files, odd: Oddity) -> Found:
    """Return look-ups with federal agents, under a case of the detective's own."""
    return _on_own_case(files, odd, _JOINT, _RUNNING_WEEKS)


def cold_case_search(files: Files, odd: Oddity) -> Found:
    """Return searches far back and wide for a detective's own case of weeks ago."""
    return _on_own_case(files, odd, _COLD, _COLD_WEEKS)


def _on_own_case(files: Files, odd: Oddity, matter: Matter, weeks: tuple[int, int]) -> Found:
    setting, cases = files.setting, files.cases
    moments = moments_of(setting, odd, setting.has_role("detective"))
    ago = weeks[0] + (lane(moments.bits, 0) * weeks[1] >> 16)
    row = own_case(files, moments, ago)
    moments, row, shift = _at_work(files, moments, row)
    there = cases.opened[row] <= _begun(files, moments, shift)
    moments, row, shift = moments.at(there), row[there], shift[there]
    return Found(
        _asked(files, odd, matter, moments, shift, topic=cases.topic[row],
               subject=cases.subject[row], case=cases.serial[row]),
        no_links(),
    )  # fmt: skip


def medical_case(files: Files, odd: Oddity) -> Found:
    """Return nationwide searches for somebody who is missing, dead or in need of help."""
    who = files.setting.has_role("detective", "patrol")
    return _on_call(files, odd, _MEDICAL, who, _MEDICAL_TOPICS, _MEDICAL_DAYS)


def broadcast_description(files: Files, odd: Oddity) -> Found:
    """Return checks of people who look as a broadcast of a recent crime says."""
    who = files.setting.has_role("patrol", "supervisor")
    return _on_call(files, odd, _BROADCAST, who, _BROADCAST_TOPICS, _BROADCAST_DAYS)


def _on_call(
    files: Files, odd: Oddity, matter: Matter, who: NDArray[np.bool_], topics: tuple[str, ...],
    days: int,
) -> Found:  # fmt: skip
    setting, incidents = files.setting, files.incidents
    if matter.template[0] == "alpr_wide":
        who = who & can_search(setting.scenario, setting.agencies)[setting.place]
    moments = moments_of(setting, odd, who)
    wanted = np.isin(incidents.topic, [TOPIC[name] for name in topics])
    row = recalled(files, incidents, moments, wanted, days)
    moments, row, shift = _at_work(files, moments, row)
    return Found(
        _asked(files, odd, matter, moments, shift, topic=incidents.topic[row],
               subject=incidents.subject[row], incident=incidents.serial[row]),
        no_links(),
    )  # fmt: skip


def validation_batch(files: Files, odd: Oddity) -> Found:
    """Return the yearly check of an agency's own entries: plate after plate, under a theft case."""
    setting, cases = files.setting, files.cases
    who = setting.has_role("records_clerk", "dispatcher", "analyst", "detective")
    moments = moments_of(setting, odd, who)
    row = recalled(
        files, cases, moments, cases.topic == TOPIC["vehicle_theft"], _VALIDATED_DAYS
    )  # fmt: skip
    moments, row, shift = _at_work(files, moments, row)
    found = _asked(files, odd, _VALIDATED, moments, shift, topic=cases.topic[row],
                   subject=np.full(len(row), NONE), case=cases.serial[row])  # fmt: skip
    return Found(found, put_on(files, moments.officer, found.start, cases.serial[row]))


def _at_work(files: Files, moments: Moments, row: I64Array) -> tuple[Moments, I64Array, I64Array]:
    """Return those who have something to work on and a shift that week, with both."""
    shift = files.shifts.pick(moments.officer, moments.week, lane(moments.bits, 1))
    some = (row >= 0) & (shift >= 0)
    return moments.at(some), row[some], shift[some]


def _begun(files: Files, moments: Moments, shift: I64Array) -> I64Array:
    """Return when each sitting begins, UTC microseconds."""
    return within(files.setting, shift, lane(moments.bits, 2) * 7 // 8)


def _asked(
    files: Files, odd: Oddity, matter: Matter, moments: Moments, shift: I64Array,
    **what: NDArray[np.integer],
) -> Occasions:  # fmt: skip
    """Return the sittings; `what` are columns of occasions."""
    bits = rng.mix(moments.bits)
    either = np.array([TEMPLATE[name] for name in matter.template])
    said = {} if matter.says is None else {"says_topic": TOPIC[matter.says]}
    passed_on = lane(bits, 2) < of_65536(matter.shared)
    return odd_work(
        len(shift), odd.kind, officer=moments.officer,
        start=_begun(files, moments, shift),
        n=drawn(matter.queries, bits, 0), gap_s=matter.gap_s, template=either[lane(bits, 1) >> 15],
        action=np.where(passed_on, ACTIONS.index("share"), DEFAULT),
        **what, **said,
    )  # fmt: skip
