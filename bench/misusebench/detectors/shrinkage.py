"""Means of groups, each drawn to the mean of all as far as it is not to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def shrunk(member: Floats, group: NDArray[np.int64], groups: int) -> Floats:
    """Return the empirical-Bayes mean of each group, and in a last row that of all.

    One-way random effects, column by column: a group of k members keeps a share τ² / (τ² + σ²/k)
    of its own mean and takes the rest from the mean of all, where σ² is the variance among members
    of a group and τ² that among groups, both by moments (analysis of variance; Efron and Morris,
    JASA 70, 1975, show the estimator and why it beats the groups' own means).

    Parameters
    ----------
    member
        One row a member, one column a quantity.
    group
        The group of each member, from 0 to `groups` - 1.
    groups
        How many there may be; one without members gets the mean of all.

    Examples
    --------
    Two groups as far apart as their members are: nothing is learnt from the difference.

    >>> shrunk(np.array([[0.0], [2.0], [0.0], [2.0]]), np.array([0, 0, 1, 1]), 2).ravel().tolist()
    [1.0, 1.0, 1.0]
    """
    if not len(member):
        return np.zeros((groups + 1, member.shape[1]))
    size = np.bincount(group, minlength=groups)[:, None]
    total = np.zeros((groups, member.shape[1]))
    np.add.at(total, group, member)
    own = total / np.maximum(size, 1)
    within, between = _variances(member, group, own, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        trust = between / (between + within / np.maximum(size, 1))
    trust = np.where((size > 0) & np.isfinite(trust), trust, 0.0)
    weight = np.where(size > 0, size / (size * between + np.where(within > 0, within, 1.0)), 0.0)
    every = (weight * own).sum(axis=0) / weight.sum(axis=0)
    return np.vstack([trust * own + (1 - trust) * every, every])


def _variances(
    member: Floats, group: NDArray[np.int64], own: Floats, size: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return the variance within and between groups, of each column (0 where it is not seen)."""
    n, filled = len(member), int((size > 0).sum())
    within = ((member - own[group]) ** 2).sum(axis=0) / max(n - filled, 1)
    if filled in (1, n):  # one group, or no group has a second member: σ² and τ² are not told apart
        return within, np.zeros_like(within)
    spread = (size * (own - member.mean(axis=0)) ** 2).sum(axis=0) / (filled - 1)
    typical = (n - (size**2).sum() / n) / (filled - 1)
    return within, np.maximum(spread - within, 0) / typical
