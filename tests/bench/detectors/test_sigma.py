"""Sigma rules: what plain ones hit, what correlations complete, and what midnight changes."""

from __future__ import annotations

import pytest
from tests.bench.literal import batch, log

from misusebench.detectors.sigma import WEIGHT, Sigma, load_sigma
from misusebench.errors import SuiteError

HOUR = 3_600_000_000
MIDNIGHT = 1_709_596_800_000_000  # 2024-03-05 00:00 UTC
HEAD = "status: experimental\nlogsource: {product: police_database, category: query}\n"
PLAIN = "title: Letters\nid: 5f3c1c62-7a0e-4a35-9a53-6a1f35a2c911\nname: plain\n" + HEAD


def rules(tmp_path, text, **options):
    """Return a detector with rules of its own."""
    path = tmp_path / "rules.yml"
    path.write_text(text)
    return Sigma(str(path), **options)


def count(tmp_path, kind="event_count", least=3, span="1d", field="", op="gte", **options):
    """Return a detector with one correlation over queries of the system DMV."""
    text = (
        PLAIN + "detection: {s: {system: DMV}, condition: s}\nlevel: low\n---\n"
        "title: Many\nid: 5f3c1c62-7a0e-4a35-9a53-6a1f35a2c912\nname: many\n"
        f"correlation:\n  type: {kind}\n  rules: [plain]\n  group-by: [officer_id]\n"
        f"  timespan: {span}\n  condition: {{{op}: {least}{field}}}\nlevel: high\n"
    )
    return rules(tmp_path, text, **options)


def at(*hours, **more):
    """Return queries so many hours before or after midnight."""
    return [
        {"received_at": MIDNIGHT + int(h * HOUR), "query_id": n, **more}
        for n, h in enumerate(hours)
    ]


def test_shipped_rules_load():
    """Six plain ones, two of which only feed others, and three correlations."""
    plain, ties = load_sigma()
    assert [rule.name for rule in plain if not rule.alone] == ["partial_name", "person"]
    assert [(tie.name, tie.span_us // HOUR, tie.least, tie.field) for tie in ties] == [
        ("many_partial_names", 1, 4, None), ("many_persons", 1, 40, "subject_key"),
        ("many_officers", 24, 6, "officer_id"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "hit"),
    [
        ({"declared_purpose": "ccw"}, {"ccw_on_clets"}),
        ({"declared_purpose": "CCW"}, set()),  # of words from lists the backend asks exactly
        ({"reason_text": "new CCW permit"}, {"ccw_on_clets"}),
        ({"declared_purpose": "ccw", "system": "LICENSING"}, set()),
        ({"system": "III"}, {"sensitive_without_number"}),
        ({"system": "III", "case_number": "24-1"}, set()),
        ({"system": "III", "reason_text": "call 12345"}, set()),
        ({"system": "ALPR", "lookback_hours": 2160}, {"long_look_back"}),
        ({"system": "ALPR", "lookback_hours": 720}, set()),
        ({"action": "print"}, {"disclosed_without_case"}),
        ({"match": "partial"}, set()),  # feeds a correlation, raises nothing itself
    ],
)
def test_what_a_shipped_rule_hits(row, hit):
    """Each rule by a row that it is for, and one beside it; the score is its level's weight."""
    made = Sigma()
    (score,) = made.score(batch({"system": "DMV", **row}))
    assert {alert.rule for alert in made.alerts(0)} == hit
    levels = {rule.name: rule.level for rule in load_sigma()[0]}
    assert score == pytest.approx(sum(WEIGHT[levels[name]] for name in hit))


@pytest.mark.parametrize(("window", "hits"), [("sliding", 1), ("tumbling", 0)])
def test_three_around_midnight(tmp_path, window, hits):
    """Two before and one after midnight are three within a day, but not of one date."""
    made = count(tmp_path, window=window)
    score = made.score(batch(*at(-2, -1, 1)))
    assert (score > 0).tolist() == [False, False, bool(hits)]


def test_tumbling_begins_at_midnight(tmp_path):
    """Three of one date complete it; those of the date before do not count."""
    made = count(tmp_path, window="tumbling")
    assert (made.score(batch(*at(-1, 0, 1, 23.9, 24))) > 0).tolist() == [False] * 3 + [True, False]


def test_a_sliding_span_is_open_at_its_far_end(tmp_path):
    """Exactly a day ago is out of the span, a microsecond less is within."""
    made = count(tmp_path, least=2)
    assert made.score(batch(*at(0, 24)))[1] == 0
    rows = at(0, 24)
    rows[1]["received_at"] -= 1
    assert count(tmp_path, least=2).score(batch(*rows))[1] == pytest.approx(WEIGHT["high"])


def test_values_count_once_and_more_than_is_one_more(tmp_path):
    """Three rows on two persons are two values; "gt: 2" asks for three."""
    made = count(tmp_path, "value_count", 2, field=", field: subject_key")
    rows = at(0, 1, 2)
    for row, person in zip(rows, (5, 5, 6), strict=True):
        row["subject_key"] = person
    assert (made.score(batch(*rows)) > 0).tolist() == [False, False, True]
    more = count(tmp_path, op="gt", least=2)
    assert (more.score(batch(*at(0, 1, 2))) > 0).tolist() == [False, False, True]


def test_groups_are_apart_and_batches_are_not(tmp_path):
    """Two officers' rows do not add up; rows of the batch and the history before do."""
    made = count(tmp_path)
    assert not made.score(batch(*at(0, 1), *at(2, officer_id="o2"))).any()
    assert made.score(batch(*at(3)))[0] > 0
    other = count(tmp_path)
    other.fit(log(*at(0, 1)), {})
    assert other.score(batch(*at(2)))[0] > 0


def test_groups_are_forgotten_when_they_cannot_matter(tmp_path):
    """A group whose last row is older than the span is dropped on a later day."""
    made = count(tmp_path)
    made.score(batch(*at(0)))
    made.score(batch(*at(72, officer_id="o2")))
    assert list(made._correlations[0].rows) == [("o2",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [", "rules.yml"),
        ("title: x\n", "rules.yml"),
        (PLAIN + "detection: {s: {system: DMV}, condition: t}\nlevel: low\n", "rules.yml"),
    ],
)
def test_a_bad_file_is_told(tmp_path, text, said):
    """What pySigma says, with the file."""
    with pytest.raises(SuiteError, match=said):
        rules(tmp_path, text)


def test_what_is_not_supported_is_told(tmp_path):
    """Other correlations and conditions, an unknown column, another word for the window."""
    with pytest.raises(SuiteError, match="event_count and value_count with gte or gt"):
        count(tmp_path, op="lte")
    made = rules(tmp_path, PLAIN + "detection: {s: {no_column: x}, condition: s}\nlevel: low\n")
    with pytest.raises(SuiteError, match="Sigma rule plain"):
        made.score(batch({}))
    with pytest.raises(SuiteError, match="window must be sliding or tumbling"):
        Sigma(window="hopping")
