"""The command that lays runs side by side; see `cli_bench.py` for those that make runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from misusebench.terminal import say, show

if TYPE_CHECKING:
    from misusebench.compare import Comparison

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(compare)


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            help="One: its components among each other. More: the first is the base.",
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metrics of the differences between runs; by default those that gate."),
    ] = None,
    rank: Annotated[
        str | None,
        typer.Option(metavar="METRIC", help="By what to rank: campaign_recall, misuse_prevented."),
    ] = None,
    rope: Annotated[
        float | None,
        typer.Option(min=0, help="Differences up to this are none in practice: the tolerance."),
    ] = None,
    component: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Rank these alone; * for any letters.")
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="NAME NAME",
            help="Whose campaigns to hold against each other: components, "
            "or 'NAME @ RUN' where several runs have it.",
        ),
    ] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="CAMPAIGN", help="Tell one campaign as a timeline.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="A page (.html), or .md.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The ranking as a figure (.svg, .png); critical differences over several worlds.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare the components of a run, or runs with the first of them."""
    from misusebench.compare import Wanted  # noqa: PLC0415 - heavy
    from misusebench.compare import compare as compared  # noqa: PLC0415
    from misusebench.compare.shown import text  # noqa: PLC0415

    _check_files(out, plot)
    wish = Wanted(rank, rope, tuple(component or ()), (between,) if between else (), explain)
    found = compared(runs, metric, wish)
    _write(found, out, plot, quiet=quiet)
    show("compare", found.as_json(), lambda _: text(found), as_json=as_json)
    for note in found.notes:
        say(note, quiet=quiet)


def _check_files(out: Path | None, plot: Path | None) -> None:
    """Refuse wrong endings before anything is worked out."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy

    if out is not None and out.suffix not in (".html", ".htm", ".md"):
        raise SuiteError(f"--out: a comparison is a page (.html) or Markdown (.md), not {out.name}")
    if plot is not None and plot.suffix not in (".svg", ".png"):
        raise SuiteError(f"--plot: a diagram is .svg or .png, not {plot.name}")


def _write(found: Comparison, out: Path | None, plot: Path | None, *, quiet: bool) -> None:
    if plot is not None:
        from misusebench.compare.figures import write_plot  # noqa: PLC0415

        for path in write_plot(found, plot):
            say(f"diagram  {path}", quiet=quiet)
    if out is not None:
        from misusebench.compare.page import write  # noqa: PLC0415

        write(found, out)
        say(f"{out}: {out.stat().st_size / 1000:,.0f} kB", quiet=quiet)
