"""The command that judges changes; see `cli_bench.py` for those that make runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from misusebench.terminal import say, show

if TYPE_CHECKING:
    from misusebench.gate import Verdict

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(gate)


def gate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="One a data set.")],
    baseline: Annotated[
        Path, typer.Option(metavar="FILE|DIR|RUN", help="Committed baseline, or a run.")
    ] = Path("results/baseline"),
    margins: Annotated[Path | None, typer.Option(metavar="gate.toml")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Inconclusive fails.")] = False,
    write: Annotated[
        bool, typer.Option("--write-baseline", help="Make the run the baseline instead.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge runs against a baseline: pass, regression (1), inconclusive (3), failed (4)."""
    from misusebench.gate import gate as judge  # noqa: PLC0415 - heavy
    from misusebench.gate.baselines import write_baseline  # noqa: PLC0415

    if write:
        for run in runs:
            say(f"wrote {write_baseline(run, baseline)}", quiet=quiet)
        return
    verdict = judge(runs, baseline, margins, strict=strict)
    _show_verdict(verdict, as_json=as_json)
    if verdict.exit_code:
        raise typer.Exit(verdict.exit_code)


def _show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - heavy

    show("gate", verdict.as_json(), lambda _: Text("\n".join(verdict.lines())), as_json=as_json)
