"""The commands of the policy side, `policy …` and `serve-policy`; heavy imports are inside."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from misusebench.cli_groups import Group
from misusebench.terminal import say, show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]
DatasetPath = Annotated[Path, typer.Argument(metavar="DIR", help="A data set.")]
Source = Annotated[
    str, typer.Option("--policy", metavar="NAME|FILE", help="A shipped policy, or a TOML file.")
]
USUAL = "eleven_rules"


class Level(StrEnum):
    """By whom use is counted."""

    ROLE = "role"
    UNIT = "unit"
    OFFICER = "officer"


def register(app: typer.Typer) -> None:
    """Add the policy side's commands to the command line."""
    policy = typer.Typer(
        cls=Group, no_args_is_help=True, rich_markup_mode=None,
        help="What access rules stop, cost and need; how far their engines can be trusted.",
    )  # fmt: skip
    for command in (bench, speed, check, explain, privileges):
        policy.command()(command)
    policy.command("compile")(compile_)
    app.add_typer(policy, name="policy")
    app.command("serve-policy")(serve_policy)


def _printed(
    name: str, found: Any, lines: Callable[[Any], list[str]], *, as_json: bool, plain: bool = False
) -> None:
    """Print JSON, or lines of Markdown: as they are where a program reads, drawn on a terminal."""
    if as_json:
        show(name, found, str, as_json=True)
    elif plain or not sys.stdout.isatty():
        typer.echo("\n".join(lines(found)))
    else:
        from rich.markdown import Markdown  # noqa: PLC0415 - only terminals need it

        show(name, found, lambda one: Markdown("\n".join(lines(one))), as_json=False)


def bench(
    path: DatasetPath,
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="NAME|FILE", help="By default the graded sets."),
    ] = None,
    history: Annotated[
        float, typer.Option("--history", min=0, max=0.95, help="Share of days not judged.")
    ] = 0.4,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure what policies prevent on a data set, what comes back, and whom they hinder."""
    from misusebench.policies.sets import GRADED  # noqa: PLC0415 - heavy
    from misusebench.policy_bench import effect  # noqa: PLC0415
    from misusesim.dataset.reader import open_dataset  # noqa: PLC0415

    found = effect.effect(
        open_dataset(path), policies or [*GRADED, USUAL], history,
        lambda line: say(line, quiet=quiet),
    )  # fmt: skip
    _printed("policy bench", found, effect.render, as_json=as_json)


def speed(
    policy: Source = USUAL,
    engines: Annotated[
        list[str] | None, typer.Option("--engine", metavar="NAME", help="By default all.")
    ] = None,
    launches: Annotated[int | None, typer.Option(min=1, help="Fresh processes an engine.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Turns in each of them.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Time policy engines, each in a process of its own, in turns with the reference."""
    from dataclasses import replace  # noqa: PLC0415

    from misusebench.errors import SuiteError  # noqa: PLC0415
    from misusebench.policies import REGISTRY  # noqa: PLC0415
    from misusebench.policies.source import policy_source  # noqa: PLC0415 - heavy
    from misusebench.policy_bench import figures  # noqa: PLC0415
    from misusebench.policy_bench import speed as timed  # noqa: PLC0415
    from misusebench.policy_bench.adapter import candidates  # noqa: PLC0415

    if unknown := [name for name in engines or () if name not in REGISTRY]:
        raise SuiteError(f"no engine {unknown[0]}; engines are {', '.join(REGISTRY)}")
    usual = timed.Plan()
    plan = replace(usual, launches=launches or usual.launches, rounds=rounds or usual.rounds)
    given = policy_source(policy)
    wanted = candidates(engines) if engines else None
    say("timing; keep the machine idle", quiet=quiet)
    found = timed.speed(given, wanted, plan)
    _printed("policy speed", found, figures.render, as_json=as_json)
    fine = (one["valid"] or one["absent"] or not one["applicable"]
            for one in found["engines"].values())  # fmt: skip
    if not all(fine):
        raise typer.Exit(4)


def check(
    engine: Annotated[str, typer.Argument(metavar="NAME|URL", help="An engine, or a server.")],
    policy: Source = USUAL,
    requests: Annotated[int, typer.Option(min=100, help="Random ones, besides clauses.")] = 10_000,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check an engine against the reference, or an AuthZEN server against the specification."""
    from misusebench.policy_bench import examined  # noqa: PLC0415 - heavy

    found = examined.examined(engine, policy, requests, lambda line: say(line, quiet=quiet))
    _printed("policy check", found, examined.render, as_json=as_json)
    if not found["conforms"]:
        raise typer.Exit(4 if found["applicable"] else 2)


def compile_(
    policy: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A policy as data.")],
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="Whose text.")] = "cedar",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Instead of the screen.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a policy in the language of an engine."""
    from misusebench.policies.compile import compiled  # noqa: PLC0415 - heavy
    from misusebench.policies.language import read_policy  # noqa: PLC0415
    from misusebench.result import write_atomically  # noqa: PLC0415

    text = compiled(read_policy(policy), engine)
    if out is not None:
        write_atomically(out, text.encode())
        say(f"{out}: {policy} for {engine}", quiet=quiet)
    if as_json:
        show(
            "policy compile", {"policy": policy, "engine": engine, "text": text}, str, as_json=True
        )
    elif out is None:
        typer.echo(text)


def explain(
    path: DatasetPath,
    query_id: Annotated[
        int, typer.Argument(metavar="QUERY_ID", min=0, max=2**64 - 1, help="Of the log.")
    ],
    policy: Source = USUAL,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why a policy decides a query as it does: facts, their age, every rule."""
    from misusebench.policy_bench import explaining  # noqa: PLC0415 - heavy
    from misusesim.dataset.reader import open_dataset  # noqa: PLC0415

    del quiet
    found = explaining.explain(open_dataset(path), query_id, policy)
    _printed("policy explain", found, explaining.render, as_json=as_json, plain=True)


def privileges(
    path: DatasetPath,
    by: Annotated[Level, typer.Option("--by", help="Whose grants and use.")] = Level.ROLE,
    least: Annotated[int, typer.Option(min=1, help="Queries that make a system needed.")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare what is granted with what is used; learn a smaller matrix and measure it."""
    from misusebench.policy_bench import privileges as granted  # noqa: PLC0415 - heavy
    from misusebench.policy_bench.judged import World  # noqa: PLC0415
    from misusesim.dataset.reader import open_dataset  # noqa: PLC0415

    del quiet
    world = World(open_dataset(path), 0.5)
    found = {
        "gaps": [one._asdict() for one in granted.gaps(world.whole, world.context, by.value)],
        "least": [granted.measured(world, level, least)._asdict() for level in granted.LEVELS],
    }
    _printed("policy privileges", found, _privileges, as_json=as_json)


def _privileges(found: Mapping[str, Any]) -> list[str]:
    from misusebench.policy_bench import privileges as granted  # noqa: PLC0415

    return [
        *granted.render([granted.Gap(**one) for one in found["gaps"]]), "",
        "A matrix learnt on the first half of the days, measured on the second:", "",
        *granted.render_least([granted.Least(**one) for one in found["least"]]),
    ]  # fmt: skip


def serve_policy(
    engine: Annotated[
        str, typer.Argument(metavar="NAME", help="Of `list policies`.")
    ] = "reference",
    policy: Source = USUAL,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8181,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    token_env: Annotated[
        str, typer.Option("--token-env", metavar="NAME", help="Variable with a bearer token.")
    ] = "",
    public_url: Annotated[
        str, typer.Option("--public-url", metavar="URL", help="Its address in its metadata.")
    ] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Serve a policy as an AuthZEN 1.0 server, for enforcement points to be tried on."""
    from misusebench.authzen_server import component, serve  # noqa: PLC0415 - heavy
    from misusebench.policies.source import policy_source  # noqa: PLC0415
    from misusebench.policies.wire import address, token_of  # noqa: PLC0415

    token = token_of(token_env)
    if public_url:
        address(public_url)
    decides = component(engine, policy_source(policy))
    server = serve(decides, host, port, public_url=public_url, token=token)
    url = f"http://{host}:{server.server_port}"
    if as_json:
        show("serve-policy", {"engine": engine, "policy": policy, "url": url}, str, as_json=True)
    say(f"{policy} by {engine} at {url}/access/v1/evaluation, until Ctrl-C", quiet=quiet)
    with server:
        server.serve_forever()
