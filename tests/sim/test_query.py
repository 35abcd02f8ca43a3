"""Tests of expansion: one road, one row per need, whatever else is in the plan."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.sim import synthetic_plan

from misusesim import rng
from misusesim.clock import DAY_US, LocalClock
from misusesim.dataset import schema
from misusesim.errors import SimulatorError
from misusesim.occasions import MISUSE, TEMPLATE, TEMPLATES, TOPIC, TOPICS, WORK, Occasions
from misusesim.ordering import by_time
from misusesim.query import expand
from misusesim.query.columns import long_words, texts, words
from misusesim.query.needs import COPY, occasion_needs
from misusesim.query.purposes import default_purpose
from misusesim.query.transactions import KIND, NAMES, SYSTEM, mixes
from misusesim.textcolumns import fixed_text

WORLD = synthetic_plan.scenario()
PLAN = synthetic_plan.plan(WORLD)


@pytest.fixture(scope="module")
def shard():
    return expand(WORLD, PLAN, 0)


def plain(table):
    """Return the table without dictionaries, so that values are compared and not codes."""
    return pa.table({
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    })  # fmt: skip


def by_id(table):
    return plain(table).sort_by("query_id")


def joined(one):
    return {
        **{n: plain(one.log)[n].to_numpy(zero_copy_only=False) for n in one.log.column_names},
        **{n: plain(one.truth)[n].to_numpy(zero_copy_only=False) for n in one.truth.column_names},
    }


def test_tables_have_exactly_the_schemas(shard):
    """Log, truth and reactions match the contract, nullability included."""
    assert shard.log.schema.equals(schema.LOG, check_metadata=True)
    assert shard.truth.schema.equals(schema.TRUTH_QUERIES, check_metadata=True)
    assert shard.reactions.schema.equals(schema.TRUTH_REACTIONS, check_metadata=True)
    for table in (shard.log, shard.truth, shard.reactions):
        table.validate(full=True)
        for field in table.schema:
            assert field.nullable or table[field.name].null_count == 0, field.name


def test_query_ids_are_unique_and_shared_by_log_and_truth(shard):
    """Every row has an id of its own, in the same order in both tables."""
    ids = shard.log["query_id"]
    assert len(pc.unique(ids)) == shard.log.num_rows
    assert ids.equals(shard.truth["query_id"])


def test_rows_are_sorted_by_time_then_id(shard):
    """A part is in the order of (time, query_id)."""
    time = shard.log["time"].cast(pa.int64()).to_numpy()
    assert (np.lexsort((shard.log["query_id"].to_numpy(), time)) == np.arange(len(time))).all()


def test_query_id_is_the_keyed_number_of_the_need():
    """The first query of a lone occasion has the id that its need number gives."""
    start = LocalClock(WORLD).horizon[0] + DAY_US
    alone = Occasions.build(1, source=WORK, serial=77, officer=1, start=start, template=0)
    need = np.uint64(77 << 8)
    expected = rng.feistel(np.array([need]), rng.salt(WORLD.seed, "query_id"), 32)
    assert occasion_needs(0, alone)[0] == need
    one = expand(WORLD, replaced(PLAN, occasions=alone), 0)
    assert one.log["query_id"].to_pylist() == expected.tolist()


def replaced(plan, **changes):
    return dataclasses.replace(plan, **changes)


def test_honest_rows_do_not_know_of_misuse(shard):
    """Without misuse the other rows are the same, value for value."""
    honest = expand(WORLD, synthetic_plan.plan(WORLD, misuse=0), 0)
    kept = pc.not_equal(plain(shard.truth)["cause"], "misuse")
    assert by_id(shard.log.filter(kept)).equals(by_id(honest.log))
    assert by_id(shard.truth.filter(kept)).equals(by_id(honest.truth))


def test_periods_do_not_change_rows(shard):
    """Four periods of one week hold the rows of one period of four weeks."""
    weekly = synthetic_plan.scenario(shard_weeks=1)
    parts = [expand(weekly, PLAN, period) for period in range(4)]
    for name in ("log", "truth", "reactions"):
        whole = plain(getattr(shard, name))
        pieces = pa.concat_tables([plain(getattr(part, name)) for part in parts])
        order = [("query_id", "ascending")] + [("step", "ascending")] * (name == "reactions")
        assert pieces.sort_by(order).equals(whole.sort_by(order).combine_chunks())
    assert sum(part.lost for part in parts) == shard.lost


def test_fewer_days_give_the_first_rows(shard):
    """Nine days are the beginning of twenty-eight."""
    few = expand(synthetic_plan.scenario(9), PLAN, 0)
    end = LocalClock(synthetic_plan.scenario(9)).horizon[1]
    early = pc.less(shard.log["time"].cast(pa.int64()), end)
    assert by_id(few.log).equals(by_id(shard.log.filter(early)))


def test_the_order_of_occasions_does_not_matter(shard):
    """A shuffled plan gives the same shard."""
    order = np.random.default_rng(3).permutation(len(PLAN.occasions))
    shuffled = expand(WORLD, replaced(PLAN, occasions=PLAN.occasions.take(order)), 0)
    assert plain(shuffled.log).equals(plain(shard.log))


def test_another_period_is_empty_when_nothing_starts_there():
    """A period past the horizon has no rows and still the schema."""
    empty = expand(WORLD, PLAN, 5)
    assert empty.log.num_rows == empty.truth.num_rows == empty.reactions.num_rows == 0
    assert empty.log.schema.equals(schema.LOG)


def test_generated_rows_are_accounted_for(shard):
    """Generated = written + lost - second entries."""
    assert shard.generated == shard.log.num_rows + shard.lost - shard.copies
    assert shard.copies == shard.log.num_rows - shard.truth["duplicate_of"].null_count


def test_logged_times_stay_inside_the_horizon(shard):
    """No row before the first or after the last local midnight, and all in whole milliseconds."""
    time = shard.log["time"].cast(pa.int64()).to_numpy()
    start, end = LocalClock(WORLD).horizon
    assert start <= time.min() <= time.max() < end
    assert (time % 1000 == 0).all()
    assert (shard.log["received_at"].cast(pa.int64()).to_numpy() % 1000 == 0).all()


def test_suspended_officers_make_no_rows():
    """Rows of a suspended officer vanish for two weeks, the others stay as they were."""
    kept, cut = expand(WORLD, PLAN, 0), expand(WORLD, synthetic_plan.plan(WORLD, suspended=True), 0)
    gone = set(kept.log["query_id"].to_pylist()) - set(cut.log["query_id"].to_pylist())
    lost = kept.log.filter(pc.is_in(kept.log["query_id"], pa.array(sorted(gone), pa.uint64())))
    assert plain(lost)["officer_id"].unique().to_pylist() == ["o0003"]
    stayed = plain(cut.log).filter(pc.equal(plain(cut.log)["officer_id"], "o0003"))
    after = LocalClock(WORLD).horizon[0] + 14 * DAY_US
    assert min(stayed["time"].cast(pa.int64()).to_pylist()) >= after - 60_000_000


def test_labels_follow_cause_and_kind(shard):
    """Misuse is positive, slips are to be ignored, all else is negative."""
    rows = joined(shard)
    assert set(rows["label"][rows["cause"] == "misuse"]) == {"positive"}
    assert set(rows["label"][rows["kind"] == "wrong_dropdown"]) == {"ignore"}
    assert set(rows["intent"][rows["kind"] == "wrong_dropdown"]) == {"accidental"}
    assert set(rows["label"][rows["cause"] == "work"]) == {"negative"}
    assert set(rows["kind"][rows["cause"] == "work"]) == {None}
    assert set(rows["severity"][rows["cause"] != "misuse"]) == {0}


def test_campaigns_carry_their_truth(shard):
    """A campaign's rung, cover, tie and violation stand on each of its rows."""
    rows = joined(shard)
    mine = rows["campaign_id"] == "c2"
    assert mine.sum() > 5
    for column, value in (
        ("kind", "romantic_interest"), ("rung", "own_case"), ("cover", "borrowed_case"),
        ("tie", "ex"), ("violation", "purpose"), ("severity", 3), ("intent", "malicious"),
    ):  # fmt: skip
        assert set(rows[column][mine]) == {value}


def test_sparse_truth_leaves_plain_work_out(shard):
    """With sparse truth oddities, misuse and second entries have rows; the log is the same."""
    sparse = expand(synthetic_plan.scenario(truth="sparse"), PLAN, 0)
    assert plain(sparse.log).equals(plain(shard.log))
    whole = plain(shard.truth)
    kept = pc.or_(pc.not_equal(whole["cause"], "work"), pc.is_valid(whole["duplicate_of"]))
    assert pc.sum(kept).as_py() < len(whole) / 3
    assert plain(sparse.truth).equals(plain(shard.truth.filter(kept)))


def test_declared_permit_checks_carry_code_f(shard):
    """The declared rung says ccw, and its criminal-history queries carry purpose code F."""
    rows = joined(shard)
    mine = rows["campaign_id"] == "c0"
    assert set(rows["declared_purpose"][mine]) <= {"ccw", "other"}
    assert set(rows["true_purpose"][mine]) == {"ccw"}
    ccw = mine & (rows["system"] == "III") & (rows["declared_purpose"] == "ccw")
    assert ccw.any()
    assert set(rows["purpose_code"][ccw]) == {"F"}
    assert set(rows["purpose_code"][rows["system"] != "III"]) == {None}


def test_said_purpose_is_what_is_declared(shard):
    """A wrong drop-down pick overrides the habit."""
    rows = joined(shard)
    assert set(rows["declared_purpose"][rows["kind"] == "wrong_dropdown"]) == {"employment"}


def test_an_agency_that_does_not_ask_has_no_purposes():
    """Without the question the column is null, the III code stays."""
    quiet = synthetic_plan.scenario(group={"asks_purpose": False})
    log = expand(quiet, synthetic_plan.plan(quiet), 0).log
    assert log["declared_purpose"].null_count == log.num_rows
    assert log["purpose_code"].null_count < log.num_rows


def test_case_field_rules():
    """An absent field is always null, a mandatory one never, an optional one sometimes."""
    nulls = {}
    for rule in schema.FIELD_RULES:
        world = synthetic_plan.scenario(group={"case_field": rule})
        log = expand(world, synthetic_plan.plan(world), 0).log
        nulls[rule] = log["case_number"].null_count / log.num_rows
    assert nulls["absent"] == 1
    assert nulls["mandatory"] == 0
    assert 0.2 < nulls["optional"] < 0.7


def test_a_case_number_in_the_wrong_field(shard):
    """The oddity puts the number into the reason and leaves its own field empty."""
    rows = joined(shard)
    mine = rows["kind"] == "case_in_reason"
    assert set(rows["case_number"][mine]) == {None}
    assert all(sum(c.isdigit() for c in reason) >= 7 for reason in rows["reason_text"][mine])


def test_a_borrowed_case_is_typed_on_every_row(shard):
    """A cover story that names a case shows its number, but for typing errors."""
    rows = joined(shard)
    typed = rows["case_number"][rows["campaign_id"] == "c2"].tolist()
    most = max(set(typed), key=typed.count)
    assert None not in typed
    assert typed.count(most) > 0.8 * len(typed)


def test_an_invented_case_has_the_agency_shape(shard):
    """A made-up number looks like the agency's and is one for the whole campaign."""
    rows = joined(shard)
    typed = rows["case_number"][rows["campaign_id"] == "c3"].tolist()
    real = rows["case_number"][rows["campaign_id"] == "c2"].tolist()
    assert {len(number) for number in typed} == {len(number) for number in real}
    assert len(set(typed)) <= 3
    assert max(set(typed), key=typed.count) != max(set(real), key=real.count)


def test_dispatchers_name_the_unit(shard):
    """Most dispatcher rows name a patrol officer, most other rows nobody."""
    rows = joined(shard)
    radio = np.array([officer >= "o0110" for officer in rows["officer_id"]])
    named = np.array([requestor is not None for requestor in rows["requestor"]])
    assert named[radio].mean() == pytest.approx(0.93, abs=0.02)
    assert not named[~radio].any()


def test_terminals_follow_the_work(shard):
    """Detectives and dispatchers sit at desks, patrol is in cars but for a few handhelds."""
    rows = joined(shard)
    kind = np.array([PLAN.terminals.kind[int(t[1:])] for t in rows["terminal_id"]])
    patrol = np.array([officer < "o0090" for officer in rows["officer_id"]])
    assert set(kind[~patrol]) == {schema.TERMINAL_KINDS.index("desk")}
    handheld = (kind[patrol] == schema.TERMINAL_KINDS.index("mobile")).mean()
    assert 0.02 < handheld < 0.1


def test_plate_and_person_columns_exclude_each_other(shard):
    """A vehicle query has a plate and no person fields; a person query has no plate."""
    rows = joined(shard)
    vehicle = rows["subject_kind"] == "vehicle"
    assert all(len(plate) == 7 for plate in rows["subject_plate"][vehicle])
    assert set(rows["subject_plate"][~vehicle]) == {None}
    assert set(rows["subject_surname"][vehicle]) == {None}
    vague = rows["match"] == "wildcard"
    assert np.isnan(rows["subject_birth_year"][vague].astype(float)).all()


def test_one_subject_has_one_key(shard):
    """Rows of a romantic campaign show one person key and one plate key, but for slips."""
    rows = joined(shard)
    mine = (rows["campaign_id"] == "c2") & (rows["match"] == "exact")
    for kind in ("person", "vehicle"):
        keys = rows["subject_key"][mine & (rows["subject_kind"] == kind)].tolist()
        assert keys.count(max(set(keys), key=keys.count)) >= 0.8 * len(keys)


def test_typos_are_as_common_as_the_scenario_says():
    """A typed plate differs from the owner's in the configured share of exact rows."""
    world = synthetic_plan.scenario(noise={"typo_share": 0.2})
    clean = synthetic_plan.scenario(noise={"typo_share": 0.0})
    plan = synthetic_plan.plan(world)
    with_typos, without = expand(world, plan, 0).log, expand(clean, plan, 0).log
    exact = plain(without)["match"].to_numpy(zero_copy_only=False) == "exact"
    kind = plain(without)["subject_kind"].to_numpy(zero_copy_only=False)
    asked = exact & (kind != "property")
    other = with_typos["subject_key"].to_numpy() != without["subject_key"].to_numpy()
    n = int(asked.sum())
    assert other[asked].mean() == pytest.approx(0.2, abs=4 * (0.2 * 0.8 / n) ** 0.5)
    assert not other[~asked].any()
    plates = with_typos["subject_plate"].to_numpy(zero_copy_only=False)
    right = without["subject_plate"].to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(other & (kind == "vehicle"))
    assert all(sum(a != b for a, b in zip(plates[i], right[i], strict=True)) == 1 for i in wrong)


@pytest.mark.slow
def test_hits_have_the_rates_of_scenario_and_plate_readers(shard):
    """Hits are 1.9 % of answered person and vehicle queries and 0.73 % at plate readers."""
    rows = joined(expand(WORLD, synthetic_plan.plan(WORLD, 20_000), 0))
    for mine, rate in ((rows["system"] != "ALPR", 0.019), (rows["system"] == "ALPR", 0.0073)):
        answered = mine & (rows["outcome"] == "ok")
        error = 4 * (rate * (1 - rate) / answered.sum()) ** 0.5
        assert rows["hit"][answered].mean() == pytest.approx(rate, abs=error)
    assert (rows["records_returned"][rows["hit"]] > 0).all()
    assert set(rows["records_returned"][rows["outcome"] != "ok"]) == {0}


def test_volumes_are_those_of_the_domain_note(shard):
    """Vehicles are about half, persons' licences and warrants a third, history a few per cent."""
    rows = joined(shard)
    assert 0.43 < (rows["subject_kind"] == "vehicle").mean() < 0.57
    wanted = np.isin(rows["system"], ["WPS"]) | np.isin(rows["message_key"], ["QW", "QWA", "DQ"])
    assert 0.28 < wanted.mean() < 0.42
    assert 0.01 < np.isin(rows["system"], ["III", "ACHS"]).mean() < 0.06
    assert 0.01 < (rows["subject_kind"] == "property").mean() < 0.045


def test_scope_and_lookback_belong_to_plate_readers(shard):
    """Only plate-reader rows have a scope and hours looked back."""
    rows = joined(shard)
    reader = rows["system"] == "ALPR"
    assert all(scope in schema.SCOPES for scope in rows["scope"][reader])
    assert set(rows["scope"][~reader]) == {None}
    assert np.isnan(rows["lookback_hours"][~reader].astype(float)).all()


def test_second_entries_differ_in_id_and_arrival_only():
    """A duplicate repeats its original but for id and arrival, which is later."""
    world = synthetic_plan.scenario(noise={"duplicate_share": 0.05})
    one = expand(world, synthetic_plan.plan(world), 0)
    log = {row["query_id"]: row for row in plain(one.log).to_pylist()}
    copies = one.truth.filter(pc.is_valid(one.truth["duplicate_of"]))
    assert copies.num_rows == one.copies > 300
    for own, first in zip(
        copies["query_id"].to_pylist(), copies["duplicate_of"].to_pylist(), strict=True
    ):
        ours, theirs = dict(log[own]), dict(log[first])
        assert ours.pop("received_at") > theirs.pop("received_at")
        assert ours.pop("query_id") != theirs.pop("query_id")
        assert ours == theirs


def test_rows_of_huge_occasions_have_ids_of_their_own():
    """Where `nth` needs the bit of second entries, nothing is entered twice."""
    world = synthetic_plan.scenario(noise={"duplicate_share": 0.5})
    start = LocalClock(world).horizon[0] + DAY_US
    long = Occasions.build(
        1, source=WORK, serial=1, officer=1, start=start, template=0, n=COPY + 60
    )
    one = expand(world, replaced(PLAN, occasions=long), 0)
    assert one.copies == 0
    assert len(pc.unique(one.log["query_id"])) == one.log.num_rows == COPY + 60


def test_reactions_belong_to_misuse_and_oddities_and_end(shard):
    """Each misuse row and oddity reacts; chains of steps end by giving up within three."""
    strange = plain(shard.truth).filter(pc.not_equal(plain(shard.truth)["cause"], "work"))
    first = strange.filter(pc.is_null(strange["duplicate_of"]))["query_id"].to_pylist()
    steps = {}
    for row in plain(shard.reactions).to_pylist():
        steps.setdefault(row["query_id"], []).append(row)
    assert set(steps) >= set(first)
    assert len(steps) < len(shard.log) / 4
    for chain in steps.values():
        chain.sort(key=lambda row: row["step"])
        assert [row["step"] for row in chain] == list(range(len(chain)))
        assert [row["reaction"] for row in chain].index("give_up") == len(chain) - 1
        assert all(row["delay_s"] > 0 for row in chain)


def test_reactions_say_what_changes(shard):
    """Recoding changes the purpose, a borrowed case the number, a colleague the officer."""
    fields = {
        "recode": "declared_purpose", "borrow_case": "case_number", "ask_colleague": "officer_id",
        "break_glass": "break_glass",
    }  # fmt: skip
    seen = set()
    for row in plain(shard.reactions).to_pylist():
        changed = json.loads(row["replaced"])
        assert set(changed) <= set(schema.LOG.names)
        if row["reaction"] in fields:
            assert fields[row["reaction"]] in changed
            seen.add(row["reaction"])
    assert {"recode", "borrow_case", "ask_colleague"} <= seen


def test_a_serial_out_of_range_is_refused():
    """A serial of 2**38 would run into the source bits."""
    broken = Occasions.build(1, source=MISUSE, serial=2**38, officer=0, start=0, template=0)
    with pytest.raises(SimulatorError, match="2\\*\\*38"):
        occasion_needs(0, broken)


def test_an_unknown_case_is_refused():
    """An occasion cannot speak of a case that the plan lacks."""
    start = LocalClock(WORLD).horizon[0] + DAY_US
    lone = Occasions.build(1, source=WORK, serial=1, officer=1, start=start, template=0, case=999)
    with pytest.raises(SimulatorError, match="plan lacks"):
        expand(WORLD, replaced(PLAN, occasions=lone), 0)


def test_justifications_are_opaque_and_shared(shard):
    """Rows of one incident share one id of 16 hex digits; rows without have none."""
    rows = joined(shard)
    ids = [one for one in rows["incident_id"] if one is not None]
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in ids)
    assert len(set(ids)) < len(ids)
    assert None in rows["incident_id"]


def test_packed_sort_equals_lexsort():
    """The one-key sort orders by (time, id), with ties, also late in the year."""
    chance = np.random.default_rng(5)
    for span, late in ((50, 0), (10**6, 0), (4 * 10**9, 300 * DAY_US)):
        time = late + chance.integers(0, span, 5000) * 1000
        tie = chance.integers(0, 2**63, 5000).astype(np.uint64)
        assert (by_time(time, tie) == np.lexsort((tie, time))).all()
    assert by_time(np.empty(0, np.int64), np.empty(0, np.uint64)).size == 0


def test_every_template_has_a_mix():
    """All templates have both tables, and permit desks ask the licensing system only."""
    tables = mixes()
    assert tables.transaction.shape == (len(TEMPLATES), 2, 65536)
    desk = np.unique(tables.transaction[TEMPLATE["permit_desk"]])
    assert [schema.SYSTEMS[SYSTEM[code]] for code in desk] == ["LICENSING"]
    assert len(NAMES) == len(KIND) == 32


def test_default_purposes():
    """Purposes follow the template and, where it decides, the topic."""
    table = default_purpose()
    assert table.shape == (len(TEMPLATES), len(TOPICS))
    for template, topic, purpose in (
        ("traffic_stop", "traffic", "traffic"), ("call_field", "domestic", "dv"),
        ("background_check", "employment", "employment"), ("background_check", "permit", "ccw"),
        ("permit_desk", "permit", "ccw"), ("case_session", "fraud", "criminal"),
        ("records_request", "records", "court"),
    ):  # fmt: skip
        assert schema.PURPOSES[table[TEMPLATE[template], TOPIC[topic]]] == purpose


def test_columns_from_codes():
    """Negative codes are null; a long column keeps only the words it uses."""
    assert words(np.array([1, -1, 0], np.int8), ("a", "b")).to_pylist() == ["b", None, "a"]
    column = long_words(np.array([2, -1, 2], np.int32), ("a", "b", "c"))
    assert column.to_pylist() == ["c", None, "c"]
    assert column.dictionary.to_pylist() == ["c"]
    assert texts(np.array([0, -1]), ("x",)).to_pylist() == ["x", None]
    matrix = np.frombuffer(b"ABCD", np.uint8).reshape(2, 2)
    present = np.array([True, False, True])
    assert fixed_text(matrix, present).to_pylist() == ["AB", None, "CD"]
