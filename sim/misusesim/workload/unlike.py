"""How unlike agencies are in their plate searches: how bursty, and how much of it at night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]
    F64Array = NDArray[np.float64]

_LOG2_E: Final = 1.442695
_BURSTY_SURGE: Final = 12.0  # of groups that are said to be bursty: waves (domain note 7.3)
#: Share of searches between 22:00 and 06:00 of the usual agency (California, domain note 7.3).
_NIGHT_SHARE: Final = 0.2
_NIGHT: Final = np.isin(np.arange(24), (22, 23, 0, 1, 2, 3, 4, 5))


def surges(setting: Setting) -> F64Array:
    """Return the factor on the variance of the hours of each agency's plate searches."""
    drawn = _lognormal(setting, "burstiness", setting.scenario.workload.burst_sigma)
    bursty = setting.of_group("burstiness") == "bursty"
    return np.asarray(drawn * np.where(bursty, _BURSTY_SURGE, 1.0))


def nights(setting: Setting) -> F64Array:
    """Return the factor on the odds of searching at night of each agency."""
    return _lognormal(setting, "search nights", setting.scenario.workload.night_sigma)


def begun_more(night: F64Array) -> F64Array:
    """Return how much more each agency has to begin, so that what it keeps is as much as usual."""
    by_day = np.minimum(1, 1 / night)
    return 1 / (_NIGHT_SHARE * np.minimum(1, night) + (1 - _NIGHT_SHARE) * by_day)


def kept(setting: Setting, night: F64Array, time: I64Array, place: I64Array) -> F64Array:
    """Return how likely a search is made at its time.

    Parameters
    ----------
    setting
        The agencies.
    night
        Of `nights`, per agency.
    time, place
        When, UTC microseconds, and by which agency.
    """
    odds = night[place]
    dark = _NIGHT[setting.clock.local(time) % DAY_US // HOUR_US]
    return np.asarray(np.where(dark, np.minimum(1, odds), np.minimum(1, 1 / odds)))


def _lognormal(setting: Setting, name: str, sigma: float) -> F64Array:
    """Return a factor of median 1 for each agency, its own whatever others there are."""
    if not sigma:
        return np.ones(len(setting.agencies))
    normal = np.array([
        rng.stream(setting.scenario.seed, name, agency.index).standard_normal()
        for agency in setting.agencies
    ])  # fmt: skip
    # rounded before it is used: the last bit of a power may depend on the machine
    return np.asarray(np.round(2.0 ** np.round(normal * sigma * _LOG2_E, 6), 6))
