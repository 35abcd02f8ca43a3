"""Commands that help to begin: a project, what there is, schemas, completion, the machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from misusebench.terminal import show

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]


class Listing(StrEnum):
    """What `list` can list."""

    SCENARIOS = "scenarios"
    KINDS = "kinds"
    ODDITIES = "oddities"
    DETECTORS = "detectors"
    POLICIES = "policies"
    RULES = "rules"
    SUITES = "suites"
    FACTS = "facts"
    METRICS = "metrics"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("init")(init)
    app.command("list")(list_)
    app.command("schema")(schema)
    app.command("completion")(completion)
    app.command("doctor")(doctor)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where: this folder, or a new one.")
    ] = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a starter project: a world, a suite, a gate, a small detector.

    Nothing is written over: a README.md and a .gitignore stay as they are; any other file of the
    project that is there already is named, and then nothing is written at all.
    """
    from misusebench import starter  # noqa: PLC0415 - heavy

    found = starter.start(folder)
    if as_json or not quiet:
        show("init", found, starter.render, as_json=as_json)


def list_(
    what: Annotated[Listing, typer.Argument(metavar="WHAT", help="|".join(Listing))],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List what there is."""
    from misusebench.listing import LISTS, render  # noqa: PLC0415 - heavy

    del quiet
    show("list", LISTS[what.value](), render, as_json=as_json)


def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="scenario, run, result, verdict, or a command, for what its --json prints.",
        ),
    ] = "scenario",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print a JSON Schema: of scenario files, for editors, or of what is written and printed."""
    import json  # noqa: PLC0415

    from misusebench.schemas import schema as found  # noqa: PLC0415 - heavy

    del as_json, quiet  # it is JSON either way
    typer.echo(json.dumps(found(name), indent=1))


def completion(
    shell: Annotated[
        str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")
    ] = "bash",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the script that lets a shell complete commands, options and their values."""
    from misusebench.completing import script  # noqa: PLC0415 - heavy

    del quiet
    text = script(shell)
    if as_json:
        show("completion", {"shell": shell, "script": text}, str, as_json=True)
    else:
        typer.echo(text)


def doctor(as_json: Json = False, quiet: Quiet = False) -> None:
    """Tell whether this machine is ready."""
    from misusebench.doctor import examine, render  # noqa: PLC0415 - heavy

    del quiet
    findings: Any = examine()
    show("doctor", findings, render, as_json=as_json)
    if any(finding["state"] == "missing" for finding in findings):
        raise typer.Exit(2)
