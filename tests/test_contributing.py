"""CONTRIBUTING: what its recipes name is there, and what was added by them is where they say."""

from __future__ import annotations

import re
import typing
from importlib import import_module
from pathlib import Path

import pytest

from misusesim.dataset.schema import MISUSE_KINDS, ODDITY_KINDS
from misusesim.misuse import KINDS
from misusesim.misuse.denied import PERSISTENCE
from misusesim.scenario.misuse import Misuse
from misusesim.scenario.model import Oddity
from misusesim.scenario.oddities import ABOUT
from misusesim.workload.twins import TWIN_OF

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE))
#: Recipe -> the files it names that need no line of what it adds.
OTHERS = {
    "A misuse kind": {"scenarios/tiny.toml"},
    "A policy, or a policy engine": {
        "bench/misusebench/policies/language/policyfile.py",
        "tests/bench/policies/test_agreement.py",
    },
    "A scenario": {"sim/misusesim/scenario/model.py", "scenarios/no_misuse.toml"},
}


def paths(text: str) -> set[str]:
    """Return the files and folders that a text names."""
    return {
        word for word in re.findall(r"`([^`\s]+)`", text) if re.search(r"\w/|\.(py|toml)$", word)
    }


def test_recipes_are_there() -> None:
    """One for each thing that can be added."""
    assert set(RECIPES) == {
        "A misuse kind", "An oddity, a twin", "A detector", "A policy, or a policy engine",
        "A metric", "A scenario", "A column", "A command or an option",
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(paths(TEXT)))
def test_what_is_named_is_there(path: str) -> None:
    """Files, folders, patterns of files."""
    found = [*ROOT.glob(path), *(ROOT / "bench" / "misusebench").glob(path)]

    assert found, path


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(misuse\w+(?:\.\w+)*:\w+)`", TEXT))))
def test_registries_are_there(name: str) -> None:
    """Named as module:NAME."""
    module, _, attribute = name.partition(":")

    assert getattr(import_module(module), attribute)


@pytest.mark.parametrize("recipe", [name for name, text in RECIPES.items() if "Look at" in text])
def test_the_example_is_where_the_recipe_says(recipe: str) -> None:
    """Every file that a recipe names has a line of the one that was added by it."""
    example = re.findall(r"Look at `(\w+)`", RECIPES[recipe])[0]
    named = paths(RECIPES[recipe]) - OTHERS.get(recipe, set())
    files = [ROOT / path for path in sorted(named) if (ROOT / path).is_file()]

    assert files
    assert [str(p.relative_to(ROOT)) for p in files if example not in p.read_text("utf-8")] == []


def test_every_kind_was_added_whole() -> None:
    """Word, model, campaigns, what a denial leads to, and a twin."""
    models = typing.get_args(typing.get_args(Misuse)[0])
    words = {typing.get_args(model.model_fields["kind"].annotation)[0] for model in models}

    assert set(MISUSE_KINDS) == words == set(KINDS) == set(PERSISTENCE) == set(TWIN_OF.values())


def test_every_oddity_was_added_whole() -> None:
    """Word, its place in the model, its line; the licensing desk's own comes from the desk."""
    own = set(ODDITY_KINDS) - {"lawful_licensing"}

    assert own == set(typing.get_args(Oddity.model_fields["kind"].annotation)) == set(ABOUT)
