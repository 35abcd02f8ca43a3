"""Pieces of the report: cells, tables, escaping, numbers as text, Markdown, the terminal."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.bench.made_run import result

from misusebench.report import markdown, markup, terminal
from misusebench.report.markup import Cell, heat
from misusebench.report.view import View, interval_text, number, reason, text, timing

DASH = "\u2013"


class Told(HTMLParser):
    """What a browser would make of a piece: its tags and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(piece: str) -> Told:
    """Return a piece as parsed."""
    told = Told()
    told.feed(piece)
    told.close()
    return told


def valued(value: float | None, low: float | None = None, high: float | None = None) -> Any:
    """Return a result with one metric `m`."""
    return result("one", metrics={"m": {"value": value, "low": low, "high": high, "reason": "no"}})


@pytest.mark.parametrize(
    ("value", "shown", "wanted"),
    [(0.5, ".1%", "50.0 %"), (0.0, ".1%", "0.0 %"), (0.001, ".1%", "0.1 %"),
     (0.00099, ".1%", "0.099 %"), (1.0, ".1%", "100.0 %"), (-0.25, ".1%", "-25.0 %"),
     (0.12345, ".3f", "0.123"), (1234.6, ",.0f", "1,235"), (None, ".1%", DASH),
     (None, ",.0f", DASH), (0.0000012, ".1%", "0.000 %")],
)  # fmt: skip
def test_numbers_as_text(value: float | None, shown: str, wanted: str) -> None:
    """Shares as per cent, small ones with three digits, others as asked, none as a dash."""
    assert text(valued(value), "m", shown) == wanted


@pytest.mark.parametrize(
    ("low", "high", "shown", "wanted"),
    [(0.1, 0.2, ".1%", f"10.0{DASH}20.0 %"), (0.1, 0.2, ".2f", f"0.10{DASH}0.20"),
     (None, None, ".1%", ""), (3.0, None, ".1f", f"3.0{DASH}"), (None, 3.0, ".1f", f"{DASH}3.0"),
     (0.0, 0.0005, ".1%", f"0.0{DASH}0.050 %"), (None, 0.2, ".1%", f"{DASH}20.0 %")],
)  # fmt: skip
def test_intervals_as_text(low: float | None, high: float | None, shown: str, wanted: str) -> None:
    """Ends with one per cent sign; an open end is left empty; none at all is no text."""
    assert interval_text(valued(0.1, low, high), "m", shown) == wanted


def test_a_metric_that_is_not_there() -> None:
    """No number, a dash, no interval, no reason, nothing timed."""
    one = result("one", ungated={})
    assert number(one, "m") is None
    assert (text(one, "m", ".1f"), interval_text(one, "m", ".1f"), reason(one, "m")) == (
        DASH,
        "",
        "",
    )
    assert timing(one) == {}
    assert timing(result("one", ungated={"timing": None})) == {}


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [(Cell("a"), "<td>a</td>"), (Cell("a", 1.5), '<td data-value="1.5">a</td>'),
     (Cell("a", None, "b"), "<td>a<small>b</small></td>"),
     (Cell("a", 0.0, "", "x", "why"), '<td class="x" data-value="0" title="why">a</td>'),
     (Cell("<b>&"), "<td>&lt;b&gt;&amp;</td>"), (Cell("", title='"'), '<td title="&quot;"></td>'),
     (Cell("-", float("nan")), '<td data-value="nan">-</td>'),
     (Cell("\x1b[0m"), "<td>\ufffd[0m</td>"), (Cell("a\u2028b"), "<td>a\ufffdb</td>")],
)  # fmt: skip
def test_cells(cell: Cell, wanted: str) -> None:
    """A cell has only the attributes it needs, and its text is escaped."""
    assert cell.html() == wanted


@pytest.mark.parametrize(
    ("share", "level"),
    [(0.0, 0), (0.04, 0), (0.06, 1), (0.5, 5), (0.96, 10), (1.0, 10), (1.7, 10), (-0.3, 0)],
)
def test_heat_levels(share: float, level: int) -> None:
    """Eleven levels from a share, cut at both ends."""
    assert heat("x", share).style == f"h h{level}"


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_stays_text(told: str) -> None:
    """Whatever is shown adds no tag to a piece, and no attribute."""
    for make, tags in (
        (lambda t: Cell(t, 1.0, t, "", t).html(), {"td", "small"}),
        (markup.paragraph, {"p"}), (markup.preformatted, {"pre"}),
        (lambda t: markup.facts([(t, t)]), {"dl", "div", "dt", "dd"}),
        (lambda t: markup.verdict("pass", t, [t]), {"div", "strong", "ul", "li"}),
        (lambda t: markup.figure(t, ""), {"figure", "figcaption", "div"}),
    ):  # fmt: skip
        found = read(make(told))  # type: ignore[no-untyped-call]
        assert set(found.tags) <= tags
        assert {name for name, _ in found.attributes} <= {
            "data-value", "title", "class", "role", "tabindex", "aria-label",
        }  # fmt: skip


def test_a_table_whole() -> None:
    """Caption, heads with scopes and explanations, one row with its class."""
    told = markup.table("C & D", ["name", ("n", "how many")], [("r", "control", [Cell("1", 1)])])
    assert "<caption>C &amp; D</caption>" in told
    assert '<th scope="col" class="text">name</th><th scope="col" title="how many">n</th>' in told
    assert '<tr class="control"><th scope="row">r</th><td data-value="1">1</td></tr>' in told
    assert '<table class="sortable">' in told
    assert 'aria-label="C &amp; D"' in told


def test_a_table_of_text_is_not_sorted() -> None:
    """Without sorting there is no class, and all heads of text stand left."""
    told = markup.table("c", ["a", "b"], [], sortable=False, text=True)
    assert "<table><caption>" in told
    assert told.count('class="text"') == 2


def test_a_verdict_without_lines_has_no_list() -> None:
    """The box of the verdict has its status as a class and no empty list."""
    assert markup.verdict("pass", "Pass", []) == (
        '<div class="verdict pass" role="status"><strong>Pass</strong></div>\n'
    )


def view(*found: Any, verdict: dict[str, Any] | None = None, run: Any = None) -> View:
    """Return a view of results."""
    told = {"dataset": {"name": "made_up", "rows": 9, "scored_rows": 1234}, "review_budget": 7}
    return View({**told, **(run or {})}, list(found), {}, verdict, None)


def scored(name: str, recall: float | None, precision: float = 0.0, **rest: Any) -> Any:
    """Return a detector with a campaign recall and an average precision."""
    return result(name, metrics={"campaign_recall": {"value": recall},
                                 "average_precision": {"value": precision}}, **rest)  # fmt: skip


def test_detectors_go_by_recall_then_precision_then_name() -> None:
    """Best first; what has no value counts as none; what is broken comes last."""
    found = view(
        scored("b", 0.5, 0.1), scored("a", 0.5, 0.1), scored("c", 0.5, 0.2), scored("d", 0.9),
        scored("e", None), scored("broken", 1.0, state="invalid", reasons=["x"]),
    )  # fmt: skip
    assert [one.name for one in found.detectors] == ["d", "c", "a", "b", "e", "broken"]
    assert found.policies == []


def test_policies_go_by_what_they_prevent() -> None:
    """Best first by misuse prevented, then by name."""
    made = [result(n, "policy", metrics={"misuse_prevented": {"value": v}})
            for n, v in (("b", 0.2), ("a", 0.2), ("c", 0.7), ("d", None))]  # fmt: skip
    assert [one.name for one in view(*made).policies] == ["c", "a", "b", "d"]


def test_curves_drawn_are_of_valid_detectors_that_have_them() -> None:
    """An empty curve, another part and a broken detector are not drawn."""
    found = view(
        scored("a", 0.1), scored("b", 0.9), scored("x", 1.0, state="invalid"), scored("n", 0)
    )
    found = replace(found, curves={"a": {"cost": 1}, "b": {"cost": 2}, "x": {"cost": 3},
                                   "n": {"cost": {}, "kinds": 5}})  # fmt: skip
    assert found.drawn("cost") == [("b", 2), ("a", 1)]
    assert found.drawn("kinds") == [("n", 5)]
    assert found.drawn("oddities") == []


def test_the_summary_line_by_line() -> None:
    """Heading, how it was judged, one row a detector; names are escaped."""
    lines = markdown.summary(view(scored("my_one", 0.5, 0.25))).splitlines()
    assert lines[0] == "## MisuseBench: made\\_up"
    assert lines[2] == "1,234 queries scored, 7 alerts a day read, 95 % intervals over officers."
    told = view(scored("my_one", 0.5, 0.25))
    lately = markdown.summary(replace(told, run={**told.run, "draws": 1_000})).splitlines()
    assert lately[2].endswith("95 % intervals over officers (1,000 draws).")
    assert lines[5] == "|---|---:|---:|---:|---:|---:|"
    assert lines[6] == f"| my\\_one | 50.0 % | {DASH} | {DASH} | 0.250 | {DASH} |"


def test_the_summary_of_a_broken_component() -> None:
    """Its state and reasons stand where its numbers would, on one line."""
    one = scored("x", None, state="invalid", reasons=["a|b", "two\nlines"])
    row = markdown.summary(view(one)).splitlines()[6]
    assert row == "| x | invalid: a\\|b; two lines |  |  |  |  |"


def test_the_summary_lists_only_what_did_not_pass() -> None:
    """The verdict in bold and its faults, without what passed or is new."""
    checks = [{"status": s, "message": f"m {s}"} for s in ("pass", "new", "regression", "failed")]
    lines = markdown.summary(view(verdict={"status": "failed", "checks": checks})).splitlines()
    assert lines[2:6] == ["**Verdict: failed**", "", "- m regression", "- m failed"]


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_name_stays_in_its_cell(name: str) -> None:
    """No name adds a line or a column to the table, nor an element of HTML."""
    lines = markdown.summary(view(scored(name, 0.5))).split("\n")
    row = lines[6]
    assert len(lines) == 8
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 7
    assert "<" not in row
    assert ">" not in row


def shown(found: View) -> str:
    """Return the leaderboard as a terminal of 100 columns shows it."""
    console = Console(width=100, record=True, force_terminal=False, file=None, quiet=False)
    with console.capture() as told:
        console.print(terminal.leaderboard(found))
    return told.get()


def test_the_terminal_says_why_something_is_missing() -> None:
    """A broken component stands below the table with its state and reasons."""
    told = shown(
        view(scored("good", 0.5), scored("bad", None, state="invalid", reasons=["oh", "no"]))
    )
    assert (
        "Detectors at a review budget of 7 alerts a day; false accusations per 1,000 officer-years"
        in told
    )
    assert "bad: invalid: oh; no" in told
    assert "50.0 %" in told
    assert "Policies" not in told


def test_a_terminal_gets_no_control_characters() -> None:
    """Escape sequences in names and reasons are replaced."""
    hostile = "x\x1b[31m\x07y"
    told = shown(view(scored(hostile, 0.1), scored("b", None, state="invalid", reasons=[hostile])))
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "x\ufffd[31m\ufffdy" in told
