"""What a suite names as a policy, and how a table of facts is asked."""

from __future__ import annotations

import types

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.literal import context, log, request

from misusebench.answered import WrongAnswerError, coded
from misusebench.errors import SuiteError
from misusebench.isolated import stream
from misusebench.outcomes import run_all
from misusebench.policies.facts import build_facts, requests
from misusebench.policies.language import read_policy
from misusebench.policies.reference import Reference
from misusebench.policies.source import policy_source
from misusebench.specs import parse_component
from misusebench.worker import Host


def test_a_name_a_file_and_a_text(tmp_path):
    """Each becomes what `load` takes; a TOML file is named in messages."""
    shipped = policy_source("eleven_rules")
    mine = tmp_path / "mine.toml"
    mine.write_text(shipped["text"].replace("off shift", "not on duty"))
    cedar = tmp_path / "mine.cedar"
    cedar.write_text("permit(principal, action, resource);\n")

    assert shipped["name"] == "eleven_rules"
    assert shipped["text"] == read_policy("eleven_rules").text
    assert policy_source(str(mine)) == {"name": str(mine), "text": mine.read_text()}
    assert policy_source(str(cedar)) == "permit(principal, action, resource);\n"
    assert policy_source("a text\nof two lines") == "a text\nof two lines"
    assert policy_source(None) is None
    assert policy_source(1) == 1
    reference = Reference()
    reference.load(policy_source(str(mine)), None)
    assert reference.decide(request()).outcome == "permit"


def test_what_is_no_policy_is_told(tmp_path):
    """A wrong name, a missing file and a faulty one are the user's mistakes."""
    with pytest.raises(SuiteError, match="no policy eleven_rule; did you mean eleven_rules"):
        policy_source("eleven_rule")
    with pytest.raises(SuiteError, match=r"mine\.toml"):
        policy_source(str(tmp_path / "mine.toml"))
    (tmp_path / "bad.toml").write_text('[permit]\nid = "A"\nwhen = "officer.rank == 1"\n')
    with pytest.raises(SuiteError, match=r"bad\.toml:3: no fact officer\.rank"):
        policy_source(str(tmp_path / "bad.toml"))


def test_a_wrong_policy_ends_a_run_before_it_begins():
    """No facts are resolved and no process is started for it."""
    bench = types.SimpleNamespace(prepare_facts=lambda: pytest.fail("too late"))
    spec = parse_component("policy", "reference", {"policy": "nothing"})
    with pytest.raises(SuiteError, match="no policy nothing"):
        run_all(bench, [spec], 1)


def test_answers_on_a_table_leave_as_codes():
    """An explanation with errors makes its rows denies, whatever their codes say."""
    header, data = coded(([0, 2, 0], [0, 1, 2], [((), ()), (("A",), ()), ((), ("e",))]), 5)

    assert header == {"ns": [5], "why": [((), ()), (("A",), ()), ((), ("e",))]}
    assert np.frombuffer(data[:3], np.int8).tolist() == [0, 2, 1]
    assert np.frombuffer(data[3:], np.int32).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "answer",
    [None, ([0], [0]), ([0, 1], [0], [((), ())]), ([0], [3], [((), ())]), (["x"], [0], [((), ())])],
)
def test_malformed_answers_on_a_table_are_refused(answer):
    """Lengths must fit and places exist."""
    with pytest.raises(WrongAnswerError, match="decide_table"):
        coded(answer, 1)


class Tabular(Reference):
    """Answers tables at once; fails if asked in another way."""

    def decide_table(self, facts):
        if facts.num_rows == 1:
            raise ValueError("one row")
        return np.full(facts.num_rows, 2), np.zeros(facts.num_rows), [(("T",), ())]

    def decide_batch(self, requests):
        raise AssertionError("not to be asked so")


def _asked(table, *, single=False):
    host = Host(0)
    host._component = Tabular()
    host._component.load(None, None)
    return host.answer({"op": "decide", "single": single}, bytes(stream(table)))


def test_the_worker_asks_tables_of_those_that_take_them():
    """A batch goes to `decide_table`, its error is a deny of each row, and one by one as ever."""
    facts = build_facts(log({}, {}), context(officers=[{}]))
    header, data = _asked(facts)
    assert header["why"] == [(("T",), ())]
    assert data == bytes([2, 2]) + bytes(8)
    header, data = _asked(facts.slice(0, 1))
    assert header["why"] == [((), ("ValueError: one row",))]
    assert data[0] == 1
    header, _ = _asked(facts, single=True)
    assert len(header["ns"]) == 2
    assert (("T",), ()) not in header["why"]


def test_properties_of_an_action_reach_the_request():
    """Columns `action.*` other than the name are its properties."""
    facts = build_facts(log({}), context(officers=[{}])).append_column(
        "action.soft", pa.array([True])
    )
    (found,) = requests(facts)
    assert found.action == "query"
    assert found.action_properties == {"soft": True}
