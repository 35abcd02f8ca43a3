"""Components that mean harm are borne: told, ended, without a trace, and nobody else suffers."""

from __future__ import annotations

import os

import pytest
from tests.bench.hostile_components import ELEVEN
from tests.bench.hostile_runs import elsewhere, stage
from tests.bench.hostile_variants import OTHERS

from misusebench.confinement import NOT_STOPPED
from misusebench.sandbox import METHODS

#: Every test starts many processes.
pytestmark = pytest.mark.slow

ROOT = os.geteuid() == 0
#: An account that is nobody's, for the levels that are had without root.
ORDINARY = 61_234 if ROOT else None
#: Those whose end hangs on the level; the others are ended by watching, which all levels have.
BY_LEVEL = (
    "FillsDisk", "LeavesOrphan", "UsesNetwork", "ReadsEnvironment", "ReadsTruth", "WritesIntoData",
    "ReadsMemory", "SignalsBench",
)  # fmt: skip


def names(classes) -> list[str]:
    return [one.__name__ for one in classes]


@pytest.mark.parametrize("classes", [ELEVEN, OTHERS], ids=["eleven", "others"])
def test_each_is_borne_and_its_neighbours_are_whole(classes):
    """At the level that this machine has each ends as it should, in time, and leaves nothing."""
    with stage(METHODS) as ready:
        found = ready.beside(names(classes), jobs=4)
    assert [one.name for one in found if not one.borne] == []
    assert [one for one in found if one.left or not one.same] == []
    assert max(one.seconds for one in found) < 20
    if found[0].level == "landlock+namespaces+uid":
        assert [one.name for one in found if one.escaped] in ([], ["HidesMemory"])


@pytest.mark.parametrize("methods", ["landlock", "namespaces"])
def test_an_ordinary_account_stops_what_it_claims(methods):
    """Landlock or namespaces alone: whoever gets out is one whom the result names."""
    found = elsewhere(methods, BY_LEVEL, ORDINARY)
    assert [one for one in found if not one.borne] == []
    assert [one for one in found if one.left or not one.same] == []


@pytest.mark.skipif(not ROOT, reason="only root changes to another account")
@pytest.mark.parametrize("methods", ["uid", "landlock+uid"])
def test_a_fresh_account_without_namespaces_stops_what_it_claims(methods):
    """Started as root, where namespaces cannot be had."""
    found = elsewhere(methods, BY_LEVEL, 0)
    assert {one.level for one in found} == {methods}
    assert [one for one in found if not one.borne] == []
    assert [one for one in found if one.left or not one.same] == []


def test_without_walls_the_attacks_work_and_the_result_says_so():
    """The attacks are real: with no method they get out, and plain limits still end the run."""
    found = {one.name: one for one in elsewhere("none", BY_LEVEL, ORDINARY)}
    assert all(one.borne and one.same for one in found.values())
    assert {name for name, one in found.items() if one.reason.startswith("BrokeOut")} >= {
        "FillsDisk", "UsesNetwork", "ReadsEnvironment", "ReadsTruth", "WritesIntoData",
        "SignalsBench",
    }  # fmt: skip
    assert found["LeavesOrphan"].left == []
    assert found["ReadsTruth"].not_stopped[0] == NOT_STOPPED["files"]
