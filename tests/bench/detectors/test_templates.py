"""Mining templates: what explains enough of a log, what holds by chance, and in which order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.dataset import small_world
from tests.bench.literal import batch, context, log

from misusebench.detectors.explanation import Explanation
from misusebench.errors import SuiteError

OWN = "subject in incident of the officer, 2 hours"
BEFORE = "subject handled by the officer before"
NOTHING = "nothing"


def _world(**more):
    """Forty officers on one call each, an hour apart, who ask for its person; two ask at random."""
    hours = [f"2024-03-{4 + n // 24:02d} {n % 24:02d}:00" for n in range(40)]
    jobs = [{"incident_id": f"i{n}", "number": f"24-{n}", "valid_from": h}
            for n, h in enumerate(hours)]  # fmt: skip
    work = [{"officer_id": f"o{n}", "incident_id": f"i{n}", "valid_from": h}
            for n, h in enumerate(hours)]  # fmt: skip
    people = [{"subject_key": n, "incident_id": f"i{n}", "valid_from": h}
              for n, h in enumerate(hours)]  # fmt: skip
    rows = [{"officer_id": f"o{n}", "subject_key": n, "time": h} for n, h in enumerate(hours)]
    rows += [{"officer_id": f"o{n}", "subject_key": 900 + n, "time": "2024-03-06 12:00"}
             for n in range(2)]  # fmt: skip
    return log(*rows), context(incidents=jobs, assignments=work, involved=people, **more)


def _mined(**more):
    made = Explanation("mined")
    made.fit(*_world(**more))
    return made


def _name(made, **query):
    levels = made.templates.levels(made._files.asked(batch(query)))
    return made.templates.names[int(levels[0])]


def test_the_path_to_one_s_own_call_is_mined_as_the_best():
    """It holds for forty of forty-two, and hardly by chance; nothing is the last and the rarest."""
    made = _mined()
    assert made.templates.names[0] == OWN
    assert made.templates.names[-1] == NOTHING
    share, lift = made.templates.tried[OWN]
    assert share == pytest.approx(40 / 42)
    assert lift > made.templates.tried["subject in incident of the agency, any time"][1]
    assert made._rarity[0] == 0
    assert (np.diff(made._rarity) >= 0).all()


def test_what_holds_for_anybody_explains_nobody():
    """Everybody on a hotlist: a person drawn at random is on it as often."""
    always = {"valid_from": "2020-01-01 00:00"}
    keys = [*range(40), 900, 901]
    made = _mined(hotlists=[{"subject_key": key, **always} for key in keys])
    assert made.templates.tried["subject in hotlists"] == (1.0, 1.0)
    assert "subject in hotlists" not in made.templates.names


def test_a_number_that_names_the_person_explains():
    """A case number of somebody's call, for its person; not for another, nor an unknown number."""
    rows, known = _world()
    made = Explanation("mined")
    numbers = rows["subject_key"].to_numpy()
    column = [f"24-{n}" if n < 900 else None for n in numbers]
    place = rows.schema.get_field_index("case_number")
    field = rows.schema.field(place)
    made.fit(rows.set_column(place, field, pa.array(column).cast(field.type)), known)
    cited = "subject in the case or incident whose number was given"
    assert made.templates.tried[cited][0] == pytest.approx(40 / 42)
    holds = made.templates._paths(made._files.asked(batch(
        {"subject_key": 3, "case_number": "24-3", "time": "2024-03-08 12:00"},
        {"subject_key": 3, "case_number": "24-4", "time": "2024-03-08 12:00"},
        {"subject_key": 3, "case_number": "na", "time": "2024-03-08 12:00"},
        {"subject_key": 3, "time": "2024-03-08 12:00"},
    )))  # fmt: skip
    assert holds[cited].tolist() == [True, False, False, False]


def test_earlier_handling_counts_only_where_it_was_explained():
    """Whoever asked in vain before has no reason now."""
    made = _mined()
    asked = made._files.asked(batch(
        {"officer_id": "o1", "subject_key": 1, "time": "2024-03-07 12:00"},
        {"officer_id": "o1", "subject_key": 901, "time": "2024-03-07 12:00"},
    ))  # fmt: skip
    assert made.templates._handled(asked, np.zeros(2, bool))[BEFORE].tolist() == [True, False]


def test_the_requestor_s_call_explains_and_a_colleague_s_does_not():
    """Asked for by o7, whose call it is; nobody's request is nobody's call."""
    made = _mined()
    asked = {"officer_id": "desk", "subject_key": 7, "time": "2024-03-04 07:30"}
    way = "subject in incident of whoever asked for it, 2 hours"
    rows = batch(asked, {**asked, "requestor": "o7"}, {**asked, "requestor": "o8"})
    assert made.templates._paths(made._files.asked(rows))[way].tolist() == [False, True, False]


def test_unexplained_repeats_count_here_too():
    """The second query of a person whom nothing explains is worse than the first."""
    made = _mined()
    query = {"officer_id": "o9", "subject_key": 77, "time": "2025-03-07 12:00"}
    first, second = made.score(batch(query, query))
    assert _name(made, **query) == NOTHING
    assert second == pytest.approx(first + 0.75 * np.log(2))


def test_mined_scores_hang_on_no_batch_size():
    """Whole and by 97 rows, the same numbers; no later row changes an earlier one."""
    rows, known, _ = small_world()
    rows = rows.combine_chunks()

    def scores(size, most=None):
        made = Explanation("mined")
        made.fit(rows.slice(0, 800), known)
        parts = rows.slice(800, most).to_batches(max_chunksize=size)
        return np.concatenate([made.score(part) for part in parts])

    whole = scores(10_000)
    assert np.isfinite(whole).all()
    assert np.array_equal(whole, scores(97))
    assert np.array_equal(whole[:300], scores(10_000, 300))


def test_there_are_two_kinds_of_templates():
    """Anything else is refused."""
    with pytest.raises(SuiteError, match="written or mined"):
        Explanation("guessed")
