"""What honest officers would do if their queries were denied."""

from __future__ import annotations

import json

import pytest
from tests.sim.query import shard

from misusesim.dataset.schema import ODDITY_KINDS, PURPOSES, REACTIONS
from misusesim.occasions import MISUSE, NONE, ODDITY
from misusesim.query.reactions import SAMPLE

OTHER = PURPOSES.index("other")
TRAFFIC = PURPOSES.index("traffic")
SPARSE = shard.world(truth="sparse")


def chains(occasions, world=None):
    """Return the reactions to rows, by query and in order of steps."""
    out = {}
    for row in shard.shard(occasions, world).reactions.to_pylist():
        out.setdefault(row["query_id"], []).append(row)
    return {query: sorted(chain, key=lambda row: row["step"]) for query, chain in out.items()}


@pytest.fixture(scope="module")
def vague():
    """Return the chains of 3,000 honest rows with a number to give and the purpose other."""
    return chains(shard.made("traffic_stop", "traffic", 3000, says_purpose=OTHER, incident=6))


@pytest.fixture(scope="module")
def bare():
    """Return the chains of 3,000 honest rows without a number and without a purpose."""
    return chains(shard.made("traffic_stop", "traffic", 3000, says_purpose=NONE))


def test_one_in_sixty_four_of_plain_work_is_asked():
    """100 of 6,400 rows that nothing speaks against, within 4 standard errors."""
    asked = chains(shard.made("traffic_stop", "traffic", 6400, says_purpose=TRAFFIC))
    assert SAMPLE == 64
    assert abs(len(asked) - 100) < 40


@pytest.mark.parametrize("purpose", [OTHER, NONE])
def test_no_purpose_is_always_asked(purpose):
    """A policy may deny a query without a purpose, so its author is asked."""
    made = shard.made("traffic_stop", "traffic", 300, says_purpose=purpose)
    assert len(chains(made)) == 300


def test_criminal_history_without_a_number_is_always_asked():
    """Of background checks exactly those in systems that want a number and got none."""
    made = shard.made("background_check", "employment", 400, says_purpose=TRAFFIC)
    rows = shard.rows(made)
    wanting = {
        row["query_id"] for row in rows
        if row["system"] in {"III", "ACHS", "CARPOS", "ALPR", "AFS"} and not row["case_number"]
    }  # fmt: skip
    asked = set(chains(made))
    assert wanting
    assert asked >= wanting
    assert len(asked - wanting) < 400 / 64 * 4


def test_who_is_asked_depends_on_no_neighbour():
    """Half of the rows alone give the same chains."""
    whole = shard.made("traffic_stop", "traffic", 2000, says_purpose=TRAFFIC)
    half, every = chains(whole.take(slice(0, 1000))), chains(whole)
    assert half
    assert all(every[query] == chain for query, chain in half.items())


def test_sparse_truth_asks_nobody_at_plain_work():
    """A year of a state has a billion plain rows."""
    made = shard.made("traffic_stop", "traffic", 500, says_purpose=OTHER)
    assert chains(made, SPARSE) == {}


@pytest.mark.parametrize("world", [None, SPARSE])
def test_every_oddity_is_asked(world):
    """Oddities are what a policy stumbles over."""
    code = ODDITY_KINDS.index("self_query")
    made = shard.made("self_check", "patrol", 100, source=ODDITY, oddity=code)
    assert len(chains(made, world)) == 100


@pytest.mark.parametrize(
    ("step", "percent"), [(0, (15, 0, 0, 0, 3, 70, 12)), (1, (45, 0, 0, 0, 10, 5, 40))]
)
def test_most_ask_again_with_their_number(vague, step, percent):
    """Seven in ten give purpose and number, then four in ten ask a supervisor."""
    told = [chain[step]["reaction"] for chain in vague.values() if len(chain) > step]
    for reaction, wanted in zip(REACTIONS, percent, strict=True):
        assert told.count(reaction) / len(told) == pytest.approx(wanted / 100, abs=0.045)


def test_who_has_no_number_gives_up_more_often(bare):
    """Four in ten give up at once, a quarter asks again."""
    told = [chain[0]["reaction"] for chain in bare.values()]
    for reaction, wanted in zip(REACTIONS, (40, 0, 0, 0, 5, 25, 30), strict=True):
        assert told.count(reaction) / len(told) == pytest.approx(wanted / 100, abs=0.045)


def test_asking_again_tells_the_truth(vague, bare):
    """The true purpose always, the number where there is one; other reactions change less."""
    for found, fields in ((vague, {"case_number", "declared_purpose"}),
                          (bare, {"declared_purpose"})):  # fmt: skip
        for row in (row for chain in found.values() for row in chain):
            changed = json.loads(row["replaced"])
            if row["reaction"] == "resubmit":
                assert set(changed) == fields
                assert changed["declared_purpose"] == "traffic"
            elif row["reaction"] == "break_glass":
                assert changed == {"break_glass": True, "justification_length": 32}
            else:
                assert changed == {}


def test_every_chain_ends_by_giving_up(vague, bare):
    """Within three steps, and nothing comes after it."""
    for chain in (*vague.values(), *bare.values()):
        assert [row["reaction"] for row in chain].index("give_up") == len(chain) - 1 < 3


def test_systems_that_ask_by_themselves_are_not_asked():
    """Nobody is there to answer."""
    assert chains(shard.made("cad_interface", "traffic", 500, says_purpose=NONE)) == {}


def test_misuse_keeps_its_own_shares_beside_honest_rows():
    """A misuse row reacts the same whether or not honest rows are asked."""
    made = shard.dishonest(1, count=200)
    assert made.source.tolist() == [MISUSE] * 200
    assert chains(made) == chains(made, SPARSE)
