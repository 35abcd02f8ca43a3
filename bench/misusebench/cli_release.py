"""The command that publishes a data set; see `cli.py` for the others of the simulator."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - read when the command is made
from typing import Annotated

import typer

from misusebench.terminal import progress_line, say, show


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(release)


def release(
    scenario: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the family (S-HI-hard), or any scenario.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FOLDER", help="Of data sets and archives.")
    ],
    seed: Annotated[int | None, typer.Option(help="Instead of the scenario's.")] = None,
    days: Annotated[int | None, typer.Option(help="Instead of the scenario's.")] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the scenario: agency.0.count=2"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one a core.")
    ] = None,
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="DIR", help="Pooled with it for what needs campaigns."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again/--not-again", help="Make it again, to compare.")
    ] = True,
    packing: Annotated[bool, typer.Option("--pack/--no-pack", help="Into one archive.")] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Audit and pack again what was before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")] = False,
) -> None:
    """Make a data set with its audit inside, in one archive; exit with 5 if the audit fails."""
    from misusebench import release as made  # noqa: PLC0415 - heavy
    from misusebench.errors import LeakError  # noqa: PLC0415
    from misusesim.scenario.load import load_scenario  # noqa: PLC0415

    world = load_scenario(scenario, sets or (), seed=seed, days=days)
    found = made.release(
        world, out, workers=workers, others=tuple(others or ()), again=again, packing=packing,
        force=force,
        progress=progress_line(quiet=quiet), say=lambda text: say(text, quiet=quiet),
    )  # fmt: skip
    if as_json or not quiet:
        show("release", found.as_dict() if as_json else found, lambda one: one.text(),
             as_json=as_json)  # fmt: skip
    if found.failed:
        raise LeakError(f"{found.folder} failed its audit, so there is no archive: "
                        f"{', '.join(found.failed)}")  # fmt: skip
