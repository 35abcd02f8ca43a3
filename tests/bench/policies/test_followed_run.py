"""A run asks policies again about what they denied, keeps the answers, and rescoring reads them."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusebench.isolated import IsolatedPolicy
from misusebench.rescore import rescore
from misusebench.run import run
from misusebench.suite import Suite, parse_component
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "tiny"
    simulate(load_scenario("tiny"), folder, workers=1)
    return folder


def _suite():
    return Suite("s", (parse_component("policy", "reference"),), single_rows=20)


def _value(folder, name):
    told = json.loads((folder / "results" / "reference.json").read_text())
    return told["metrics"][name]["value"]


def test_what_was_said_afterwards_is_kept_and_read_again(data, tmp_path):
    """Rescoring finds the same; with the follow-ups turned to denials nothing comes back."""
    folder = tmp_path / "run"
    run(data, _suite(), folder, jobs=1)
    denied, stays = (_value(folder, n) for n in ("misuse_prevented", "prevented_adjusted"))
    assert 0 < stays < denied
    assert rescore(folder).changed == {}
    path = folder / "followed" / "reference.parquet"
    table = pq.read_table(path)
    assert table.column_names == ["query_id", "step", "reaction", "delay_s", "outcome"]
    place = table.column_names.index("outcome")
    pq.write_table(table.set_column(place, "outcome", pa.array([1] * len(table), pa.int8())), path)
    changed = rescore(folder).changed["reference"]
    assert {"prevented_adjusted", "misuse_returned", "displacement"} <= set(changed)
    assert _value(folder, "prevented_adjusted") == denied


def test_a_policy_that_breaks_when_asked_again_is_invalid(data, tmp_path, monkeypatch):
    """Its result says when it broke, and has no metrics."""
    from misusebench.component_faults import ComponentFault  # noqa: PLC0415

    asked = []
    decide = IsolatedPolicy.decide

    def breaking(self, facts, **given):
        asked.append(facts.num_rows)
        if len(asked) > 2:
            raise ComponentFault("crash", "gone", "")
        return decide(self, facts, **given)

    monkeypatch.setattr(IsolatedPolicy, "decide", breaking)
    done = run(data, _suite(), tmp_path / "run", jobs=1)
    (one,) = done.results
    assert one.state == "crash"
    assert one.reasons == ["asked again after its denials: gone"]
    assert one.metrics == {}
