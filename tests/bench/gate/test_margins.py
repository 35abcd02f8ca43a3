"""`gate.toml`: what it says, and what is said of its faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from misusebench.errors import SuiteError
from misusebench.gate.margins import Worlds, load_margins, need_worlds
from misusebench.gate.speed.plan import Memory, Speed

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[worlds]
scenario = "world.toml"
seeds = [4, 5]
days = 60
suite = "suite.toml"

[margin]
"campaign_recall/*" = 0.02

[ceiling.mine]
"alert_rate/*" = 0.5

[speed]
margin = 0.05
launches = 4

[memory]
margin = 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gate.toml"


def test_all_tables(path: Path) -> None:
    path.write_text(WHOLE)
    found = load_margins(path)
    assert found.worlds == Worlds("world.toml", "suite.toml", (4, 5), 60)
    assert found.margin == {"campaign_recall/*": 0.02}
    assert found.ceiling == {"mine": {"alert_rate/*": 0.5}}
    assert found.speed == Speed(margin=0.05, launches=4)
    assert found.memory == Memory(margin=1.0)


def test_defaults_are_those_of_the_rule(path: Path) -> None:
    path.write_text('[worlds]\nscenario = "tiny"\nsuite = "smoke"\n')
    found = load_margins(path)
    assert need_worlds(found, path) == Worlds("tiny", "smoke", (1, 2, 3), None)
    speed = found.speed
    assert (speed.margin, speed.launches, speed.pairs) == (0.03, 8, 25)
    assert (found.memory.margin, found.memory.launches) == (0.10, 3)


def test_without_worlds_a_change_cannot_be_judged(path: Path) -> None:
    path.write_text("[margin]\n")
    with pytest.raises(SuiteError, match=r"has no table \[worlds\].*scenario = "):
        need_worlds(load_margins(path), path)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[sped]\n", 1, "no table sped; did you mean speed?"),
        ("[speed]\n\nlaunch = 3\n", 3, "no key speed.launch; did you mean launches?"),
        ("[speed]\nmargin = 0\n", 2, "speed.margin must be a number from 0.001 to 10, got 0"),
        ("[speed]\nlaunches = 2.5\n", 2, "speed.launches must be a whole number from 3 to 100"),
        ("[speed]\nlaunches = true\n", 2, "speed.launches must be a whole number"),
        ('[speed]\ninstructions = "x"\n', 2, "must be one of suspects, always, never, got 'x'"),
        ("speed = 3\n", 1, "speed must be a table, got 3"),
        ('[worlds]\nscenario = "a"\nsuite = "b"\nseeds = [1, 1]\n', 4, "different whole numbers"),
        ('[worlds]\nscenario = "a"\nsuite = "b"\nseeds = []\n', 4, "different whole numbers"),
        ('[worlds]\nscenario = "a"\nsuite = "b"\ndays = 0\n', 4, "days must be 1 or more"),
        ('[worlds]\nscenario = "a"\n', 1, "worlds.suite must be a name or a file, got None"),
        ("worlds = 1\n", 1, "worlds must be a table, got 1"),
        (
            "[margin]\naverage_precision = -1\n",
            2,
            "must be a number from 0 on, got -1",
        ),
        (
            "[margin]\naverage_precision = inf\n",
            2,
            "must be a number from 0 on, got inf",
        ),
        ("[floor.mine]\n'lift@5' = 1\n", 2, "leave out what is behind @"),
        ("[margin]\nauroc = 0.1\n", 2, "a loss of it is not judged"),
        ("[floor.mine]\n\naverage_precison = 1\n", 3, "did you mean average_precision?"),
        ("[floor.mine]\nzzz = 1\n", 2, "`misusebench list metrics` names them"),
    ],
)
def test_faults_have_a_line_and_say_what_to_do(path: Path, text: str, line: int, said: str) -> None:
    path.write_text(text)
    with pytest.raises(SuiteError) as told:
        load_margins(path)
    assert str(told.value).startswith(f"{path}:{line}: ")
    assert said in str(told.value)
