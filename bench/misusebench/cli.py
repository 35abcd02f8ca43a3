"""The commands: they read arguments, call one function each and show what it returns.

Everything heavy is imported inside a command, so that ``--help`` stays quick. The commands of the
simulator are here and in `cli_release.py`, those of the bench in `cli_bench.py`,
`cli_compare.py`, `cli_single.py` and `cli_gate.py`, those of the policy side in `cli_policy.py`,
those that help a beginner in `cli_start.py`; `cli_examples.py` has an example of each.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from misusebench import (
    cli_bench,
    cli_compare,
    cli_examples,
    cli_gate,
    cli_policy,
    cli_release,
    cli_single,
    cli_start,
)
from misusebench.cli_groups import Group
from misusebench.terminal import progress_line, say, show

app: Final = typer.Typer(
    name="misusebench",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=cli_examples.EXIT_CODES,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]
DatasetPath = Annotated[Path, typer.Argument(metavar="DIR", help="A data set.")]


class Format(StrEnum):
    """Shapes of the log that `export` writes."""

    CSV = "csv"
    JSONL = "jsonl"
    SQLITE = "sqlite"
    PORTAL_CSV = "portal-csv"


class Engine(StrEnum):
    """Who does the work of `simulate`."""

    LOCAL = "local"
    RAY = "ray"


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only this option needs it

        typer.echo(f"misusebench {version('misusebench')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks of our bugs.")] = False,
) -> None:
    """Make logs of police database queries, and judge what is to find or stop their misuse."""
    del version, debug  # the outer function has taken --debug out of the arguments


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A name, or a TOML file.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A new or empty folder.")],
    seed: Annotated[int | None, typer.Option(help="Instead of the scenario's.")] = None,
    days: Annotated[int | None, typer.Option(help="Instead of the scenario's.")] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the scenario: agency.0.count=2"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one a core.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="This machine's processes, or Ray: its nodes must share DIR.")
    ] = Engine.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDR", help="Of a running Ray cluster: HOST:PORT or auto."),
    ] = None,
    outcomes_only: Annotated[
        bool,
        typer.Option("--outcomes-only", help="Campaigns and what became of them; no log."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a data set, or finish one that was interrupted."""
    from misusesim import shards  # noqa: PLC0415 - heavy
    from misusesim.dataset.inspect import describe, render  # noqa: PLC0415
    from misusesim.scenario.load import load_scenario  # noqa: PLC0415

    world = load_scenario(scenario, sets or (), seed=seed, days=days)
    line = progress_line(quiet=quiet)
    made = shards.run(world, out, workers, line, engine.value, address, outcomes_only=outcomes_only)
    for kind in made["realised"]["misuse"]:
        if not sum(kind["campaigns"].values()):
            say(
                f"no campaign of {kind['kind']} fell into these {world.days} days; "
                "raise officers_per_year or --days", quiet=quiet,
            )  # fmt: skip
    if as_json or not quiet:
        show("simulate", describe(out), render, as_json=as_json)


@app.command()
def inspect(path: DatasetPath, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say what is in a data set."""
    from misusesim.dataset.inspect import describe, render  # noqa: PLC0415 - heavy

    del quiet
    show("inspect", describe(path), render, as_json=as_json)


@app.command()
def verify(path: DatasetPath, as_json: Json = False, quiet: Quiet = False) -> None:
    """Check that a data set is whole and unchanged."""
    from misusesim.dataset import verify as check  # noqa: PLC0415 - heavy
    from misusesim.errors import DatasetError  # noqa: PLC0415

    faults = [str(fault) for fault in check.verify(path)]
    if as_json:
        show("verify", {"whole": not faults, "faults": faults}, str, as_json=True)
    if faults:
        raise DatasetError("\n".join(faults))
    say(f"{path} is whole", quiet=quiet)


@app.command()
def explain(
    path: DatasetPath,
    query_id: Annotated[int, typer.Argument(metavar="QUERY_ID", help="Of the log.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why a query happened."""
    from misusesim.dataset import explain as told  # noqa: PLC0415 - heavy

    del quiet
    show("explain", told.explain(path, query_id), told.render, as_json=as_json)


@app.command()
def export(
    path: DatasetPath,
    fmt: Annotated[Format, typer.Option("--format", help="Shape of the log.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The file to write.")],
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="Disarm cells that a spreadsheet would run.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the log in another shape."""
    from misusesim.dataset import export as write  # noqa: PLC0415 - heavy

    rows = write.export(path, fmt.value, out, excel_safe=excel_safe)
    if as_json:
        show("export", {"file": str(out), "format": fmt.value, "rows": rows}, str, as_json=True)
    say(f"{out}: {rows:,} rows", quiet=quiet)


@app.command()
def realism(
    source: Annotated[Path, typer.Argument(metavar="DIR|LOG", help="A data set, or a real log.")],
    reference: Annotated[
        str | None,
        typer.Option(metavar="NAME|LOG", help="Instead of the published targets: another log."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A page to write.")] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 1 if a statistic fails.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold statistics of a log against those of real ones."""
    from misusebench.realism_run import judged, write_page  # noqa: PLC0415 - heavy

    found = judged(source, reference)
    if out is not None:
        write_page(found, out)
        say(f"page     {out}", quiet=quiet)
    show("realism", found.as_dict() if as_json else found, lambda one: one.text(), as_json=as_json)
    if strict and found.count.failed:
        raise typer.Exit(1)


@app.command()
def fit(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A search log as CSV.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The scenario.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a scenario whose plate searches are like those of a log."""
    from misusebench import fit_run  # noqa: PLC0415 - heavy

    found = fit_run.fitted(log, out, lambda line: say(line, quiet=quiet), force=force)
    if as_json or not quiet:
        show("fit", fit_run.as_dict(found) if as_json else found, fit_run.table, as_json=as_json)


cli_release.register(app)
cli_bench.register(app)
cli_compare.register(app)
cli_gate.register(app)
cli_single.register(app)
cli_policy.register(app)
cli_start.register(app)
cli_examples.add_to(app)
