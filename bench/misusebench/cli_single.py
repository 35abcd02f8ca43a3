"""Commands about single things: a log, a detector that is served, a component, a labelled table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from misusebench.terminal import say, show, timed

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Go on where components cannot be shut in.")]
LogPath = Annotated[Path, typer.Argument(metavar="LOG", help="A real search log.")]


class Level(StrEnum):
    """How hard a labelled table claims to be."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (score, serve, check, audit):
        app.command()(command)


def score(
    log: LogPath,
    detector: Annotated[
        str, typer.Option(metavar="NAME|module:Class", help="One whose columns the log has.")
    ] = "shift_window",
    log_format: Annotated[str, typer.Option("--format", help="portal-csv")] = "portal-csv",
    top: Annotated[int, typer.Option(min=1, help="How many officers and queries.")] = 20,
    as_json: Json = False,
    quiet: Quiet = False,
    unsafe: Unsafe = False,
) -> None:
    """Rank officers and queries of a real log that has no truth."""
    from dataclasses import asdict  # noqa: PLC0415

    from misusebench.score import render, score_log  # noqa: PLC0415 - heavy
    from misusebench.suite import parse_component  # noqa: PLC0415

    del quiet
    spec = parse_component("detector", detector)
    found = score_log(log, spec, log_format=log_format, top=top, unsafe=unsafe)
    show("score", asdict(found), lambda _: render(found), as_json=as_json)


def serve(
    detector: Annotated[str, typer.Argument(metavar="NAME|module:Class")],
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8000,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Serve a detector over HTTP, as `bench --detector http://HOST:PORT` asks it."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy
    from misusebench.remote import serve as serving  # noqa: PLC0415
    from misusebench.suite import parse_component  # noqa: PLC0415

    spec = parse_component("detector", detector)
    if not spec.module or spec.url:
        raise SuiteError(f"{detector} cannot be served; give a registry name or module:Class")
    try:
        server = serving(spec, host, port)
    except OSError as error:
        raise SuiteError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    url = f"http://{host}:{server.server_port}"
    if as_json:
        show("serve", {"detector": spec.name, "url": url}, str, as_json=True)
    say(f"{spec.name} at {url}, until Ctrl-C", quiet=quiet)
    with server:
        server.serve_forever()


def check(
    component: Annotated[str, typer.Argument(metavar="NAME|module:Class")],
    kind: Annotated[str, typer.Option(help="detector or policy")] = "detector",
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="A data set; by default `tiny` is made.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    unsafe: Unsafe = False,
) -> None:
    """Check that a component keeps the contract: causal, finite, deterministic, no truth."""
    from misusebench.conformance import conform, render  # noqa: PLC0415 - heavy

    found: Any = conform(component, kind, data, unsafe=unsafe)
    show("check", found.as_json(), lambda _: render(found), as_json=as_json)
    if not found.passed:
        say(f"{component} breaks the contract", quiet=quiet)
        raise typer.Exit(4)


def audit(
    table: Annotated[
        Path, typer.Argument(metavar="DIR|TABLE", help="A data set, or a CSV or Parquet file.")
    ],
    label: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of a table's labels.")
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="COL", help="When; numbers: seconds.")] = None,
    entity: Annotated[str | None, typer.Option(metavar="COL", help="Who did it.")] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="No part of the public table.")
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(
            help="How much a column may tell; by default the data set's, of a table hard."
        ),
    ] = None,
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="DIR", help="A data set to pool: another seed, a sibling."),
    ] = None,
    least: Annotated[
        int,
        typer.Option("--least-campaigns", min=0, help="Fewer do not judge columns, rules, days."),
    ] = 100,
    most: Annotated[
        float | None, typer.Option(min=0, max=1, help="Largest share of positive rows.")
    ] = None,
    without: Annotated[
        Path | None, typer.Option(metavar="TABLE", help="The same table made without misuse.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again/--not-again", help="Make a data set again, to compare.")
    ] = True,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A page to write.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look for what gives the labels of a table away; exit with 5 if something does."""
    from misusebench.audit_run import show_audit  # noqa: PLC0415 - heavy

    found = show_audit(
        table, label, time=time, entity=entity, ignore=tuple(ignore or ()),
        level=None if level is None else level.value, most=most, without=without, page=out,
        others=tuple(others or ()), least=least, again=again,
        say=timed(lambda text: say(text, quiet=quiet)),
    )  # fmt: skip
    show("audit", found.as_dict() if as_json else found, lambda one: one.text(), as_json=as_json)
    if found.found.failed:
        raise typer.Exit(5)
