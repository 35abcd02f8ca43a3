"""The classes of reason texts, rule by rule and at the edges between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusesim.reasontext import CLASSES, GENERIC, classify


def named(text: str) -> str:
    """Return the name of a text's class."""
    return CLASSES[classify(text)]


def test_ten_classes_in_the_order_of_testing():
    """The order decides which class a text goes to that fits two."""
    assert CLASSES == (
        "blank", "test", "number", "code", "short", "generic", "misspelt", "qualified",
        "number_and_words", "words",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["test", "Test", "a test search", "testing", "TRNG", "trng 4", "camera training", "test 211pc",
     "test-plate", "25-1234 test", "inv/test"],
)  # fmt: skip
def test_tests_come_before_everything(text):
    """A word of testing or training anywhere makes a text a test."""
    assert named(text) == "test"


@pytest.mark.parametrize("text", ["latest", "attest", "contest", "tested", "protest march"])
def test_part_of_a_word_is_no_test(text):
    """Only the whole word counts."""
    assert named(text) == "words"


@pytest.mark.parametrize(
    "text",
    ["459pc", "459 PC", "459-pc", "PC459", "pc-459", "pc 459", "10851vc", "10851 VC", "vc10851",
     "23152(a) vc", "11377(a)hs", "HS 11377(a)", "273.5 pc", "pc 273.5", "647(f) pc", "5150 wi",
     "wi5150", "4573 bp", "245(a)(1) pc", "245(a)(1)pc", "211 cpc", "14601.1 v", "10851 cvc."],
)  # fmt: skip
def test_laws(text):
    """A section with the letters of its code, before or behind, is a code."""
    assert named(text) == "code"


@pytest.mark.parametrize(
    "text",
    ["187", "211", "215", "236", "243", "245", "273.5", "288", "459", "484", "487", "496", "594",
     "10851", " 459 ", "459.", "459!"],
)  # fmt: skip
def test_sections_that_everybody_knows(text):
    """Fourteen sections are codes without a law; blanks and marks around them do not matter."""
    assert named(text) == "code"


@pytest.mark.parametrize(
    "text",
    ["1", "458", "460", "212", "2024", "25-1234", "25 1234", "25/1234", "#1234", "AB1234",
     "abcd 1234", "ABCD-12-34", "case 1234", "cr#25-991", "1234-5678-9012", "0", "00000"],
)  # fmt: skip
def test_numbers(text):
    """Digits, with up to four letters before them, are a number unless they are a code."""
    assert named(text) == "number"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("abcde1234", "words"),  # five letters before the digits
        ("abcde 1234", "number_and_words"),
        ("1234ab", "words"),  # letters behind
        ("1234 ab", "number_and_words"),
        ("6 pc", "number_and_words"),  # one digit is no section
        ("123456 pc", "number_and_words"),  # six are none either
        ("pc 1", "number"),  # but a number with two letters
        ("pc 123456", "number"),
        ("459 pcx", "number_and_words"),
        ("459()", "words"),
    ],
)
def test_what_just_misses_a_code_or_a_number(text, name):
    """One letter or digit more goes elsewhere."""
    assert named(text) == name


@pytest.mark.parametrize("word", sorted(GENERIC))
def test_generic_words_alone(word):
    """A word that says nothing is generic, in any case and with marks around it."""
    assert named(word) == "generic"
    assert named(word.upper()) == "generic"
    assert named(f" {word.title()}... ") == "generic"


@pytest.mark.parametrize("word", sorted(GENERIC))
def test_generic_words_in_company(word):
    """Beside another word they are qualified, on either side, also joined by a plus."""
    assert named(f"{word} burglary") == "qualified"
    assert named(f"burglary {word}") == "qualified"
    assert named(f"burglary+{word}") == "qualified"
    assert named(f"{word} {word}") == "qualified"


@pytest.mark.parametrize(
    ("text", "name"),
    [("investigation 25-1234", "qualified"), ("25-1234 inv", "qualified"),
     ("case 25-1234", "number"), ("case no 25-1234", "qualified"),
     ("criminal 459pc", "qualified")],
)  # fmt: skip
def test_generic_beside_a_number(text, name):
    """A generic word wins over a number beside it, unless it reads as the number's letters."""
    assert named(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("x", "short"), ("sv", "short"), ("a1", "number"), ("?", "short"), ("--", "short"),
     ("gta", "words"), ("dui", "words"), ("  ", "short"), ("é", "short"), ("info", "generic")],
)  # fmt: skip
def test_short_words(text, name):
    """Up to two letters are short, three are a word."""
    assert named(text) == name


def test_only_nothing_is_blank():
    """A blank is a text without any character; trimming is left to the caller."""
    assert named("") == "blank"
    assert named(" ") == "short"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("invstigation", "misspelt"),
        ("invesitgation", "misspelt"),
        ("iventigation", "misspelt"),
        ("inestigation", "misspelt"),
        ("imvestigation", "misspelt"),
        ("investigationss", "misspelt"),  # 15 letters: two too many
        ("investigationsss", "words"),  # 16
        ("investigati", "misspelt"),  # 11 letters: two too few
        ("investigat", "words"),  # 10
        ("nvestigation", "words"),  # begins like none of them
        ("involvement", "misspelt"),  # what the rule cannot tell apart
        ("invstigation burglary", "words"),
    ],
)
def test_misspelt(text, name):
    """What begins like an investigation and is about as long is a slip of it, alone only."""
    assert named(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("stolen vehicle 25-1234", "number_and_words"),
        ("211pc suspect", "number_and_words"),
        ("suspect pc459", "number_and_words"),
        ("hit and run", "words"),
        ("missing-person", "words"),
        ("burglary/theft", "words"),
        ("follow-up", "generic"),
        ("follow up", "words"),
        ("follow-up burglary", "qualified"),
        ("stolen, wanted", "qualified"),
        ("wanted, stolen", "words"),  # "wanted," keeps its comma
    ],
)
def test_several_words(text, name):
    """Parts are told apart at blanks and plus signs only."""
    assert named(text) == name


@given(st.text(max_size=30))
def test_every_text_has_a_class(text):
    """No text is too strange, and only the empty one is blank."""
    assert 0 <= classify(text) < len(CLASSES)
    assert (named(text) == "blank") == (text == "")


@given(st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1, max_size=20))
def test_case_and_marks_around_do_not_matter(text):
    """Capitals, blanks and marks at the ends leave the class as it is."""
    assert classify(text.upper()) == classify(text.lower())
    assert classify(f" {text}") == classify(text)
    assert classify(f"{text}.") == classify(text)


@given(st.integers(min_value=100_000, max_value=10**12))
def test_long_numbers_are_never_laws(number):
    """No section has six digits."""
    assert named(str(number)) == "number"


@given(st.integers(min_value=10, max_value=99_999), st.sampled_from(["pc", "vc", "hs", "bp", "wi"]))
def test_sections_of_two_to_five_digits(section, law):
    """Every section of a known law is a code, in both orders."""
    assert named(f"{section}{law}") == "code"
    assert named(f"{law} {section}") == "code"
