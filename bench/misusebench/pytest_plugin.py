"""Fixtures for a team's own pytest suite: make a data set, judge a component, assert on numbers.

pytest loads this module by itself where the package is installed, so it imports nothing heavy; the
work is in `in_tests.py`.

```python
def test_my_detector_finds_misuse(misuse_dataset, misuse_bench):
    data = misuse_dataset("tiny", seed=7)
    result = misuse_bench(data, detector="my_package.detector:Mine")
    assert result.metric("campaign_recall@20").lower > 0.6
```
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.asserted import BenchResult


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("misusebench", "data sets with misuse, and detectors judged on them")
    group.addoption(
        "--misuse-cache", metavar="DIR", default=None,
        help="Keep data sets in DIR, by the hash of their scenario.",
    )  # fmt: skip
    group.addoption(
        "--misuse-unsafe", action="store_true", default=False,
        help="Judge components where nothing can shut them in.",
    )  # fmt: skip


@pytest.fixture(scope="session")
def misuse_dataset(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Return a function that makes a data set: scenario, and maybe seed, days, sets.

    It is made once in a session, and with `--misuse-cache` once at all.
    """
    from misusebench.asserted import told_plainly  # noqa: PLC0415 - heavy
    from misusebench.in_tests import DatasetMaker  # noqa: PLC0415

    cache = pytestconfig.getoption("--misuse-cache")
    folder = Path(cache) if cache else tmp_path_factory.mktemp("misuse")
    return told_plainly(DatasetMaker(folder))


@pytest.fixture(scope="session")
def misuse_bench(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., BenchResult]:
    """Return a function that judges a component on a data set.

    Give the data set's folder, and `detector`, `policy` or a `suite`; maybe `tier`, `parameters`,
    `component` (of a suite) and `must_be_valid=False`. An INVALID component fails the test.
    """
    from misusebench.asserted import told_plainly  # noqa: PLC0415 - heavy
    from misusebench.in_tests import bench  # noqa: PLC0415

    unsafe: bool = pytestconfig.getoption("--misuse-unsafe")

    def judge(data: str | Path, **options: Any) -> BenchResult:
        return bench(data, tmp_path_factory.mktemp("misuse-run") / "run", unsafe=unsafe, **options)

    return told_plainly(judge)
