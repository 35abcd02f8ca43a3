"""Examples of every command and the exit codes, shown at the end of their help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer
    from typer.models import CommandInfo

#: `\b` keeps the lines of a paragraph as they are.
EXIT_CODES: Final = (
    "\b\nExit codes: 0 pass, 1 regression, 2 usage or configuration, 3 inconclusive,\n"
    "4 a component failed, 5 data integrity or label leak, 70 our bug, 130 interrupted.\n\n"
    "\b\nBegin with `misusebench demo`, or `misusebench init` for a project of your own.\n"
    "Data goes to stdout, messages to stderr; every command takes --json and --quiet."
)
#: Command -> its examples, without the program's name.
EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "audit": ("audit DATA --with DATA2", "audit table.csv --label fraud --time at --entity user"),
    "bench": (
        "bench DATA -o RUN",
        "bench DATA --detector detector:Mine --detector volume --policy eleven_rules -o RUN",
        "bench --table table.csv --label fraud -o RUN",
    ),
    "check": ("check detector:Mine", "check cedar --kind policy"),
    "compare": (
        "compare RUN --between mine volume", "compare BASE RUN --metric campaign_recall",
        "compare RUN --explain CAMPAIGN",
    ),
    "completion": ("completion bash > ~/.local/share/bash-completion/completions/misusebench",),
    "demo": ("demo -o demo",),
    "doctor": ("doctor",),
    "explain": ("explain DATA 1234567890",),
    "export": ("export DATA --format csv --excel-safe -o log.csv",),
    "fit": ("fit log.csv -o world.toml",),
    "gate": (
        "gate RUN --baseline baseline.json --write-baseline", "gate RUN --baseline baseline.json",
    ),
    "init": ("init", "init team"),
    "inspect": ("inspect DATA --json",),
    "list": ("list detectors", "list metrics"),
    "policy bench": ("policy bench DATA --policy rules.toml --policy eleven_rules",),
    "policy check": ("policy check cedar --policy rules.toml", "policy check http://HOST:PORT"),
    "policy compile": ("policy compile rules.toml --engine rego -o rules.rego",),
    "policy explain": ("policy explain DATA 1234567890 --policy rules.toml",),
    "policy privileges": ("policy privileges DATA --by unit",),
    "policy speed": ("policy speed --engine cedar --engine reference",),
    "realism": ("realism DATA -o page.html", "realism DATA --reference log.csv"),
    "release": ("release S-HI-hard -o released --with DATA2",),
    "report": ("report RUN -o report.html",),
    "rescore": ("rescore RUN --data DATA",),
    "schema": ("schema > scenario.schema.json", "schema bench"),
    "score": ("score log.csv --detector shift_window --top 5",),
    "serve": ("serve detector:Mine --port 8000",),
    "serve-policy": ("serve-policy cedar --policy rules.toml --port 8181",),
    "simulate": (
        "simulate county -o DATA", "simulate world.toml -o DATA --seed 2 --set misuse=[]",
    ),
    "verify": ("verify DATA",),
}  # fmt: skip

#: Command -> its line in the list of commands, where the first line of its help is too long.
SHORT: Final = {
    "audit": "Look for what gives the labels of a table away.",
    "bench": "Judge detectors and policies, on a data set or a table.",
    "check": "Check that a component keeps the contract.",
    "compare": "Compare components of a run, or runs.",
    "completion": "Print what lets a shell complete commands and names.",
    "demo": "Do the main job on one county.",
    "fit": "Write a scenario that is like a log.",
    "gate": "Judge runs against a baseline, or a change.",
    "init": "Write a starter project.",
    "policy": "What access rules stop, cost and need.",
    "release": "Make a data set with its audit inside, in one archive.",
    "schema": "Print a JSON Schema, of scenarios or of what is printed.",
    "serve": "Serve a detector over HTTP.",
    "serve-policy": "Serve a policy as an AuthZEN 1.0 server.",
    "policy bench": "Measure what policies prevent, and whom they hinder.",
    "policy check": "Check an engine, or an AuthZEN server.",
    "policy explain": "Say why a policy decides a query as it does.",
    "policy privileges": "Compare what is granted with what is used.",
    "policy speed": "Time policy engines.",
}


def add_to(app: typer.Typer) -> None:
    """Put the examples under the help of each command, and short lines into the lists."""
    for inner in app.registered_groups:
        inner.short_help = SHORT.get(str(inner.name), inner.short_help)
    for name, command in commands(app):
        command.short_help = SHORT.get(name, command.short_help)
        lines = [f"  misusebench {line}" for line in EXAMPLES.get(name, ())]
        if lines:
            command.epilog = "\n".join(["\b", "Examples:", *lines])


def commands(app: typer.Typer, group: str = "") -> Iterator[tuple[str, CommandInfo]]:
    """Yield all commands of an application with their names, those of groups by both."""
    for command in app.registered_commands:
        own = command.name or command.callback.__name__  # type: ignore[union-attr]
        yield f"{group} {own}".strip(), command
    for inner in app.registered_groups:
        if inner.typer_instance is not None:
            yield from commands(inner.typer_instance, str(inner.name))
