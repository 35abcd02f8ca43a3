"""The audit of a data set of ours: its rows, its truth, its scenario, and itself made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.audit.again import checks_made_again
from misusebench.audit.checks import background_check, checks_of_many, density_check, untold
from misusebench.audit.conformance import checks_of_conformance, conforms, parts_of
from misusebench.audit.dataset import checks_of_truth, labelled_dataset
from misusebench.audit.honest import checks_of_arithmetic
from misusebench.audit.ids import checks_of_ids
from misusebench.audit.lifelike import checks_of_realism
from misusebench.audit.pool import LEAST_CAMPAIGNS, Pool, pool
from misusebench.audit.promise import checks_of_density
from misusebench.audit.sample import sampled
from misusebench.audit.twin_checks import checks_of_twins
from misusebench.audit.verdict import Audit, Check
from misusebench.errors import SuiteError
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pyarrow as pa


def audited_dataset(
    path: Path, others: Sequence[Path] = (), *, level: str | None = None,
    least: int = LEAST_CAMPAIGNS, most: float | None = None, without: pa.Table | None = None,
    again: bool = True, told: Callable[[str], None] = lambda _: None,
) -> Audit:  # fmt: skip
    """Audit a data set.

    Parameters
    ----------
    path
        Of the data set.
    others
        Data sets of the same level and mix, pooled with it for what needs many campaigns.
    level
        How much a single column or rule may tell; by default the scenario's own level.
    least
        Campaigns without which that is not applicable.
    most
        Largest share of misuse among queries, besides what the scenario implies.
    without
        Its log made without misuse.
    again
        Whether to make it again, to compare.
    told
        Is told what is being done.

    Raises
    ------
    SuiteError
        If pooled data sets are not of one level and mix, or it is too large for `without`.
    UsageError, DatasetError
        If one is no data set, or not whole.
    """
    together = pool(path, others)
    first, asked = together.data[0], level or together.data[0].scenario.level
    rows = first.manifest["rows"]["written"]
    misuse = int(first.manifest["realised"]["causes"].get("misuse", 0))
    if without is not None and sampled(first) is not first:
        raise SuiteError(
            f"{path} has {rows:,} rows, too many to hold against another table: leave out "
            "--without; up to 50 million rows the audit makes the world without misuse itself"
        )
    checks = [
        *_many(together, asked, least, misuse / rows, told), density_check(misuse / rows, most),
        *(() if without is None else [background_check(labelled_dataset(path), without)]),
        *_own(together, told),
    ]  # fmt: skip
    if again:
        checks += checks_made_again(path, told)
    return Audit(rows, misuse, asked, tuple(checks))


def _many(
    together: Pool, level: str, least: int, rate: float, told: Callable[[str], None]
) -> list[Check]:
    """Return what needs many campaigns, of all data sets in one."""
    if why := together.few(least):
        twins = Check("Q7", "misuse among its twins", None, "as of each kind", None, why)
        return [*untold(why), twins]
    found = checks_of_many(together.labelled(), level, rate=rate, told=told)
    told("misuse among its twins")
    return [*found, *checks_of_twins(together.asked, together.data[0].scenario.level)]


def _own(together: Pool, told: Callable[[str], None]) -> list[Check]:
    """Return what asks truth, scenario and log of their own: the others join in Q16 only."""
    first = together.data[0]
    told("truth, ids and density")
    checks = [
        *checks_of_density(first, together.campaigns), *checks_of_truth(first.path),
        *checks_of_ids(first, open_truth(first)), *checks_of_arithmetic(),
    ]  # fmt: skip
    told("statistics of real logs")
    checks += checks_of_realism(first)
    pairs = zip(together.data, together.campaigns, strict=True)
    parts = [parts_of(data.scenario, campaigns, told=told) for data, campaigns in pairs]
    return [*checks, *checks_of_conformance(conforms(parts))]
