"""Classes of reason texts."""

from __future__ import annotations

import pytest

from misusesim.reasontext import CLASSES, classify


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "blank"),
        ("Camera Test", "test"),
        ("TRAINING", "test"),
        ("25-12345", "number"),
        ("1234567890", "number"),
        ("AB25-1234", "number"),
        ("211pc", "code"),
        ("PC 459", "code"),
        ("10851 cvc", "code"),
        ("10851", "code"),
        ("11377(a) hs", "code"),
        ("sv", "short"),
        ("xx", "short"),
        ("Investigation", "generic"),
        ("investigative+", "generic"),
        ("INV", "generic"),
        ("investigaton", "misspelt"),
        ("imvestigatiom", "misspelt"),
        ("narcotics investigation", "qualified"),
        ("Person+Crime", "qualified"),
        ("burglary 25-1234", "number_and_words"),
        ("Suspicious Vehicle", "words"),
        ("gta", "words"),
        ("...", "short"),
    ],
)
def test_class_of_a_text(text, name):
    """Texts seen in real logs go where a reader would put them."""
    assert CLASSES[classify(text)] == name
