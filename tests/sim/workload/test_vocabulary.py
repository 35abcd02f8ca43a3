"""The words of reasons: cells mixed by hand, spreads, surfaces and the tables that result."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.occasions import TOPIC, TOPICS
from misusesim.workload.vocabulary import (
    CLASS,
    CLASSES,
    FORMS,
    STYLES,
    _cell,
    _read,
    _spread,
    _surfaces,
    offenses,
    vocabulary,
)
from misusesim.workload.ways import WAYS

COLUMNS = {
    "reason_vocabulary.csv": {"text", "n", "class", "topic"},
    "assumed_reasons.csv": {"text", "n", "class", "topic"},
    "offense_dropdown_counts.csv": {"offense", "n", "topics", "source"},
}
ADMINISTRATIVE = ("permit", "employment", "records", "custody", "court", "test")


def text_of(name, topic, nth, style=0):
    words = vocabulary()
    return words.texts[words.styled[words.form[CLASS[name], TOPIC[topic], nth], 0, style]]


@pytest.mark.parametrize(
    ("weights", "counts"),
    [
        ({3: 1}, {3: 512}),
        ({3: 1, 4: 1}, {3: 256, 4: 256}),
        ({9: 3, 2: 1}, {2: 128, 9: 384}),
        ({0: 1, 1: 1, 2: 2}, {0: 128, 1: 128, 2: 256}),
        ({0: 10_000, 1: 1}, {0: 512}),
    ],
)
def test_spread_by_hand(weights, counts):
    """512 places are shared in proportion; what has less than half a place gets none."""
    out = _spread(weights)
    found = dict(zip(*(a.tolist() for a in np.unique(out, return_counts=True)), strict=True))
    assert found == counts


@settings(max_examples=40)
@given(st.dictionaries(st.integers(0, 500), st.integers(1, 9999), min_size=1, max_size=30))
def test_spread_fills_every_place(weights):
    """512 places come out in ascending order, each code within one place of its share."""
    out = _spread(weights)
    assert len(out) == FORMS
    assert (np.diff(out) >= 0).all()
    total = sum(weights.values())
    for code, weight in weights.items():
        assert abs(int((out == code).sum()) - weight / total * FORMS) <= 1


@pytest.mark.parametrize(
    ("base", "surfaces"),
    [
        ("inv", ["inv", "Inv", "INV", "inv", "Inv", "INV"]),
        ("a b", ["a b", "A B", "A B", "a+b", "A+B", "A+B"]),
        (
            "hit and run",
            ["hit and run", "Hit And Run", "HIT AND RUN", "hit+and+run", "Hit+And+Run",
             "HIT+AND+RUN"],
        ),
    ],
)  # fmt: skip
def test_surfaces(base, surfaces):
    """A text is written in lower, title and upper case, and so again with + for blanks."""
    assert list(_surfaces(base)) == surfaces
    assert len(surfaces) == STYLES


CELLS = {
    ("free", "larceny"): {1: 1}, ("free", ""): {2: 3, 3: 1}, ("free", "permit"): {4: 2},
    ("code", "burglary"): {5: 7}, ("code", "permit"): {6: 1}, ("code", ""): {7: 1},
    ("screen", ""): {8: 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "topic", "mixed"),
    [
        ("free", "larceny", {1: 24, 2: 12, 3: 4}),
        ("free", "fraud", {2: 3, 3: 1}),
        ("free", "permit", {4: 2}),
        ("code", "patrol", {7: 1, 5: 7}),
        ("code", "permit", {6: 1}),
        ("code", "burglary", {5: 7, 7: 1}),
        ("screen", "larceny", {8: 1}),
        ("screen", "permit", {8: 1}),
        ("short", "larceny", {1: 1}),
        ("short", "fraud", {2: 3, 3: 1}),
        ("short", "permit", {4: 2}),
    ],
)
def test_cells_by_hand(name, topic, mixed):
    """60 % are a topic's own texts and 40 % any crime's, codes as counted; free fills gaps."""
    assert dict(_cell(defaultdict(dict, CELLS), name, topic)) == mixed


def test_own_texts_are_six_tenths():
    """However many counts each has, a topic's own texts weigh 60 % of its cell."""
    cells = {("free", "larceny"): {1: 1, 2: 8}, ("free", ""): {3: 5000}}
    mixed = _cell(cells, "free", "larceny")
    assert (mixed[1] + mixed[2]) / sum(mixed.values()) == pytest.approx(0.6)


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_data_files_have_their_columns(name):
    """Every row of a data file has the file's columns and a count above zero."""
    rows = _read(name)
    assert all(set(row) == COLUMNS[name] for row in rows)
    assert min(int(row["n"]) for row in rows) > 0


@pytest.mark.parametrize("name", ["reason_vocabulary.csv", "assumed_reasons.csv"])
def test_data_files_name_known_classes_and_topics(name):
    """Classes are those of the list; a topic is one of the jobs' or empty for any."""
    rows = _read(name)
    assert {row["class"] for row in rows} <= set(CLASSES)
    assert {row["topic"] for row in rows} <= {*TOPICS, ""}


def test_texts_are_sorted_and_unique():
    """Every text stands in the list once, in order."""
    texts = vocabulary().texts
    assert list(texts) == sorted(set(texts))


def test_tables_fit_each_other():
    """Forms point at bases and bases at texts, for each class, topic and style."""
    words = vocabulary()
    assert words.form.shape == (len(CLASSES), len(TOPICS), FORMS)
    assert words.styled.shape[0] > words.form.max()
    assert words.styled.shape[1:] == (WAYS, STYLES)
    assert words.form.min() >= 0
    assert (words.styled.min(), words.styled.max()) == (0, len(words.texts) - 1)


@pytest.mark.parametrize("nth", [0, 100, 300, 511])
@pytest.mark.parametrize("topic", ["larceny", "permit", "patrol"])
def test_styles_change_the_case_only(topic, nth):
    """All six styles of a text are the same but for case and blanks."""
    seen = {text_of("free", topic, nth, s).lower().replace("+", " ") for s in range(STYLES)}
    assert len(seen) == 1


@pytest.mark.parametrize("topic", [t for t in TOPICS if t not in ADMINISTRATIVE])
def test_no_crime_is_called_a_permit(topic):
    """Texts about concealed-carry permits never stand for a crime."""
    seen = {text_of("free", topic, nth) for nth in range(FORMS)}
    assert not any("ccw" in text for text in seen)


def test_the_permit_desk_speaks_of_permits():
    """Every free text of the permit desk is one of the permit rows."""
    own = {row["text"] for row in _read("assumed_reasons.csv") if row["topic"] == "permit"}
    own |= {row["text"] for row in _read("reason_vocabulary.csv") if row["topic"] == "permit"}
    assert {text_of("free", "permit", nth) for nth in range(FORMS)} <= own


def test_menu_values_are_those_of_the_file():
    """The drop-down lists the offences in the order of the file, each once."""
    rows = _read("offense_dropdown_counts.csv")
    assert offenses().values == tuple(row["offense"] for row in rows)
    assert len(set(offenses().values)) == len(rows)


@pytest.mark.parametrize("topic", TOPICS)
def test_the_menu_offers_a_topics_own_offences(topic):
    """What is picked for a topic is an offence that the file ties to it."""
    allowed = {
        row["offense"]
        for row in _read("offense_dropdown_counts.csv")
        if topic in row["topics"].split()
    }
    menu = offenses()
    assert menu.pick.shape == (len(TOPICS), FORMS)
    assert {menu.values[i] for i in menu.pick[TOPIC[topic]].tolist()} <= allowed


def test_tables_are_made_once():
    """Asking again gives the very same tables."""
    assert vocabulary() is vocabulary()
    assert offenses() is offenses()
