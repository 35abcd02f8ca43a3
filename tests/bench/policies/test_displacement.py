"""Denied queries come back as the truth says; a policy is credited with what does not."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.literal import at, context, log

from misusebench.metrics import Decided, Followed, compute_policy, labelled
from misusebench.metrics.decided import DENY, NOT_ASKED, PERMIT
from misusebench.metrics.friction import break_glass_rate
from misusebench.policies.facts import build_facts
from misusebench.policies.language import read_policy
from misusebench.policies.reference import Reference
from misusebench.policy_bench.aftermath import aftermath, render
from misusebench.policy_bench.displacement import changed, follow, in_process
from misusesim.dataset.schema import REACTIONS, TRUTH_REACTIONS, coded

#: A criminal history asked by a patrol officer on shift, with a number that is nobody's.
ASK = {"system": "III", "message_key": "QH", "case_number": "24-9", "time": "2024-03-04 17:00"}
SHIFT = {"valid_from": "2024-03-04 14:00", "valid_to": "2024-03-04 18:00"}
CASE = {"valid_from": "2024-03-04 08:00"}


def _reactions(*steps):
    """Return reactions from (query, step, word, seconds, fields)."""
    words = [REACTIONS.index(word) for _, _, word, _, _ in steps]
    columns = [
        pa.array([s[0] for s in steps], pa.uint64()), pa.array([s[1] for s in steps], pa.int8()),
        coded(pa.array(words, pa.int8()), REACTIONS), pa.array([s[3] for s in steps], pa.int32()),
        pa.array([json.dumps(s[4]) for s in steps]),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=TRUTH_REACTIONS)


def _asked(name="eleven_rules"):
    engine = Reference()
    engine.load({"name": name, "text": read_policy(name).text}, None)
    return in_process(engine)


def _world(**more):
    return context(officers=[{}], shifts=[SHIFT], cases=[CASE], **more)


def _followed(rows, *steps, tables=None, policy="eleven_rules", ask=None):
    asked, given = log(*rows), tables or _world()
    decide = ask or _asked(policy)
    outcome = decide(build_facts(asked, given)).outcome
    return outcome, follow(outcome, asked, given, _reactions(*steps), decide)


@pytest.mark.parametrize(
    ("steps", "said", "delays"),
    [
        ([("give_up", 9, {})], [NOT_ASKED], [9]),
        ([("borrow_case", 60, {"case_number": "24-1"})], [PERMIT], [60]),
        ([("resubmit", 60, {}), ("borrow_case", 50, {"case_number": "24-1"})],
         [DENY, PERMIT], [60, 110]),
        ([("break_glass", 5, {"break_glass": True, "justification_length": 32})], [PERMIT], [5]),
        ([("break_glass", 5, {"break_glass": True, "justification_length": 19}),
          ("give_up", 7, {})], [DENY, NOT_ASKED], [5, 12]),
        ([("ask_supervisor", 30, {})], [NOT_ASKED], [30]),
        ([("ask_colleague", 30, {"officer_id": "o2"})], [DENY], [30]),
        ([("recode", 30, {"declared_purpose": "officer_safety"})], [DENY], [30]),
        ([("borrow_case", 4_000, {"case_number": "24-1"})], [PERMIT], [4_000]),
        ([("borrow_case", 7_300, {"case_number": "24-1"})], [DENY], [7_300]),
    ],
)  # fmt: skip
def test_each_step_is_asked_again_as_of_its_own_time(steps, said, delays):
    """Fields change, time passes (the shift and its hour of grace end at 19:00), an end ends it."""
    told = [(1, nth, *step) for nth, step in enumerate(steps)]
    _, found = _followed([ASK], *told)
    assert found.outcome.tolist() == said
    assert found.delay_s.tolist() == delays
    assert [REACTIONS[r] for r in found.reaction] == [s[0] for s in steps]


def test_a_fact_that_becomes_known_in_between_counts():
    """The case is opened a minute after the first try: the same again passes."""
    tables = context(officers=[{}], shifts=[SHIFT], cases=[{"valid_from": "2024-03-04 17:01"}])
    row = ASK | {"case_number": "24-1"}
    for seconds, said in ((30, DENY), (90, PERMIT)):
        _, found = _followed([row], (1, 0, "resubmit", seconds, {}), tables=tables)
        assert found.outcome.tolist() == [said]


def test_fields_add_up_over_steps():
    """A borrowed number stays when the purpose is recoded next."""
    row = ASK | {"declared_purpose": "other"}
    _, found = _followed([row], (1, 0, "borrow_case", 10, {"case_number": "24-1"}),
                         (1, 1, "recode", 10, {"declared_purpose": "criminal"}))  # fmt: skip
    assert found.outcome.tolist() == [DENY, PERMIT]


def test_who_was_permitted_or_not_asked_takes_no_step():
    """Reactions to a permit do not happen; a denial without reactions stays one."""
    fine = ASK | {"case_number": "24-1"}
    outcome, found = _followed([fine, ASK, ASK], (1, 0, "recode", 5, {}),
                               (3, 0, "resubmit", 5, {}), (3, 1, "give_up", 5, {}))  # fmt: skip
    assert outcome.tolist() == [PERMIT, DENY, DENY]
    assert found.row.tolist() == [2, 2]


def test_a_new_try_is_another_query_and_carries_facts_only():
    """Its id is new; the columns are those of any request."""
    seen = []

    def ask(facts):
        seen.append(facts)
        return _asked()(facts)

    _followed([ASK], (1, 0, "resubmit", 5, {}), ask=ask)
    first, again = seen
    assert first.column_names == again.column_names
    assert again["query_id"].to_pylist() != first["query_id"].to_pylist()


def test_changed_rows_keep_their_schema():
    """Words that the log did not have are added; times move."""
    rows = log(ASK, ASK)
    found = changed(rows, ['{"case_number":"24-77"}', "{}"], np.array([10, 20]))
    assert found.schema.equals(rows.schema)
    assert found["case_number"].to_pylist() == ["24-77", "24-9"]
    assert [int(t.timestamp()) for t in found["time"].to_pylist()] == [
        at("2024-03-04 17:00") // 1_000_000 + late for late in (10, 20)
    ]


def _told():
    """Return four misuse queries and three honest ones, all but one of each denied."""
    rows = labelled(np.zeros(7), np.arange(7) < 4, officer=np.array([0, 0, 1, 1, 2, 2, 3]),
                    campaign=np.array([0, 0, 1, 1, -1, -1, -1]))  # fmt: skip
    word = REACTIONS.index
    followed = Followed(
        np.array([0, 1, 2, 4, 1, 5]), np.array([0, 0, 0, 0, 1, 0], np.int8),
        np.array([word(w) for w in ("recode", "resubmit", "ask_supervisor", "resubmit",
                                    "break_glass", "give_up")], np.int8),
        np.array([30, 60, 5, 40, 100, 3]),
        np.array([PERMIT, DENY, NOT_ASKED, PERMIT, PERMIT, NOT_ASKED], np.int8),
    )  # fmt: skip
    outcome = np.array([DENY, DENY, DENY, PERMIT, DENY, DENY, PERMIT], np.int8)
    return Decided(rows, outcome, (outcome == DENY).astype(np.int32), [((), ()), (("a",), ())],
                   followed=followed)  # fmt: skip


def test_prevented_is_less_what_comes_back():
    """Three of four are denied, two of them come back and pass, one is seen by a supervisor."""
    told = compute_policy(_told())
    values = {name: told[name].value for name in (
        "misuse_prevented", "prevented_adjusted", "misuse_returned", "honest_recovered",
        "honest_delay", "break_glass_abuse",
    )}  # fmt: skip
    assert values == pytest.approx({
        "misuse_prevented": 3 / 4, "prevented_adjusted": 1 / 4, "misuse_returned": 2 / 3,
        "honest_recovered": 1 / 2, "honest_delay": 40.0, "break_glass_abuse": 1.0,
    })  # fmt: skip
    one = _told()
    assert break_glass_rate(one, one.ones).tolist() == pytest.approx([1 / (7 + 4)])
    without = _told()
    without.followed = None
    assert compute_policy(without)["prevented_adjusted"].reason.startswith("nothing of the kind")


def test_the_aftermath_counts_roads_ends_and_supervisors():
    """By reaction, both sides, with their delays; the table says the same."""
    found = aftermath(_told())
    assert found["misuse"] == {
        "denied": 3, "asked": 3, "stands_for": 3, "passed": 2, "seen": 1, "ended": 0,
        "by": {"recode": 1, "break_glass": 1}, "delay_s": 65.0,
    }  # fmt: skip
    assert found["honest"] == {
        "denied": 2, "asked": 2, "stands_for": 2, "passed": 1, "by": {"resubmit": 1}, "seen": 0,
        "ended": 1, "delay_s": 40.0,
    }  # fmt: skip
    assert "| passing after: break glass | 1 | 0 |" in render(found)
    assert "| for which these stand; of them | 3 | 2 |" in render(found)


def test_who_was_sampled_stands_for_his_like():
    """Of two honest denials that were asked one stands for 64: 64 pass of 65, one is given up."""
    one = _told()
    one.stands_for = np.array([1, 1, 1, 1, 64, 1, 64.0])
    found = aftermath(one)["honest"]
    assert (found["asked"], found["stands_for"], found["passed"], found["ended"]) == (2, 65, 64, 1)
    assert found["by"] == {"resubmit": 64}
    assert aftermath(one)["misuse"] == aftermath(_told())["misuse"]


def test_what_is_written_is_read_back():
    """As a table by query id; of other queries it is refused."""
    ids = np.array([9, 4, 7, 1, 3, 8, 2], np.uint64)
    before = _told().followed
    after = Followed.of(before.table(ids), ids)
    for name in ("row", "step", "reaction", "delay_s", "outcome"):
        assert (getattr(after, name) == getattr(before, name)).all(), name
    with pytest.raises(ValueError, match="of other queries"):
        Followed.of(before.table(ids), ids + np.uint64(50))
