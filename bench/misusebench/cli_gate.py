"""The command that judges changes; see `cli_bench.py` for those that make runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from misusebench.terminal import say, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.gate import Verdict

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Go on where components cannot be shut in.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(gate)


def gate(
    context: typer.Context,
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN...", help="One a data set.")
    ] = None,
    baseline: Annotated[
        Path, typer.Option(metavar="FILE|DIR|RUN", help="Committed baseline, or a run.")
    ] = Path("results/baseline"),
    base: Annotated[
        str | None,
        typer.Option(metavar="REF|WHEEL", help="Judge the working tree against this instead."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "--margins", metavar="FILE", help="What may be lost: gate.toml."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Of --base: judge these components alone."),
    ] = None,
    accuracy: Annotated[
        bool, typer.Option("--accuracy/--no-accuracy", help="Of --base: judge metrics.")
    ] = True,
    speed: Annotated[
        bool, typer.Option("--speed/--no-speed", help="Of --base: judge time and memory.")
    ] = True,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Of --base: keep its data sets here.")
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Plant losses; tell false alarms and power.")
    ] = False,
    rounds: Annotated[
        int, typer.Option(min=1, max=1000, help="Of --self-test: verdicts of each kind.")
    ] = 5,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT=FILE", help="Write the verdict, for instance junit=gate.xml."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Inconclusive fails.")] = False,
    write: Annotated[
        bool, typer.Option("--write-baseline", help="Make the run the baseline instead.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    unsafe: Unsafe = False,
) -> None:
    """Judge a change, or runs: pass, regression (1), inconclusive (3), failed (4)."""
    from misusebench.gate import gate as judge  # noqa: PLC0415 - heavy

    if self_test:
        way = "--self-test"
    elif base is not None:
        way = "--base"
    else:
        way = "--write-baseline" if write else "runs"
    _check_way(context, way, runs)
    if self_test:
        _self_test(rounds, as_json=as_json, quiet=quiet)
        return
    targets = _outputs(output or ())
    if write:
        _write_baselines(runs or (), baseline, as_json=as_json, quiet=quiet)
        return
    if base is not None:
        from misusebench.gate.asked import Asked  # noqa: PLC0415
        from misusebench.gate.change import judge_change  # noqa: PLC0415

        asked = Asked(
            base, config or Path("gate.toml"), accuracy=accuracy, speed=speed, data=data,
            strict=strict, unsafe=unsafe, only=tuple(dict.fromkeys(only or ())),
        )  # fmt: skip
        verdict = judge_change(asked, lambda line: say(line, quiet=quiet))
    else:
        verdict = judge(runs or (), baseline, config, strict=strict)
    _show_verdict(verdict, as_json=as_json)  # first: it must not be lost with a full disk
    _write(verdict, targets, quiet=quiet)
    if verdict.exit_code:
        raise typer.Exit(verdict.exit_code)


#: Parameter -> its option; with what each goes, beside --json and --quiet. Others go with nothing.
_NAMES: Final = {
    "runs": "RUN", "base": "--base", "self_test": "--self-test", "write": "--write-baseline",
    "accuracy": "--accuracy/--no-accuracy", "speed": "--speed/--no-speed",
}  # fmt: skip
_GO_WITH: Final = {
    "runs": ("runs", "baseline", "config", "output", "strict"),
    "--write-baseline": ("runs", "baseline", "write"),
    "--base": ("base", "config", "only", "accuracy", "speed", "data", "output", "strict", "unsafe"),
    "--self-test": ("self_test", "rounds"),
}


def _check_way(context: typer.Context, way: str, runs: Sequence[Path] | None) -> None:
    """Refuse options that do not go together: one that does nothing looks as if it did."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy

    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    wrong = [name for name in given if name not in (*_GO_WITH[way], "as_json", "quiet")]
    ways = "give one of: runs (misusebench gate RUN), --base REF or a wheel, --self-test"
    if way in ("runs", "--write-baseline") and not runs:
        raise SuiteError(ways)
    if not wrong:
        return
    names = ", ".join(_NAMES.get(name, "--" + name.replace("_", "-")) for name in wrong)
    with_what = "runs that are judged" if way == "runs" else way
    raise SuiteError(f"{names} does not go with {with_what}; {ways}")


def _write_baselines(
    runs: Sequence[Path], baseline: Path, *, as_json: bool, quiet: bool
) -> None:  # fmt: skip
    """Write the baseline of each run, and tell the files."""
    from misusebench.gate.baselines import write_baseline  # noqa: PLC0415 - heavy

    found = [str(write_baseline(run, baseline)) for run in runs]
    if as_json:
        show("gate", {"baselines": found}, str, as_json=True)
    for path in () if as_json else found:
        say(f"wrote {path}", quiet=quiet)


def _write(verdict: Verdict, targets: Sequence[tuple[str, Path]], *, quiet: bool) -> None:
    """Write the verdict in other shapes."""
    from misusebench.gate.outputs import write  # noqa: PLC0415 - only where some is asked for

    for name, path in targets:
        for written in write(verdict, name, path):
            say(f"wrote {written}", quiet=quiet)


def _outputs(given: Sequence[str]) -> list[tuple[str, Path]]:
    """Return formats and files, refused before anything is judged if they are wrong."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy
    from misusebench.gate.outputs import FORMATS  # noqa: PLC0415

    found = []
    for one in given:
        name, equals, path = one.partition("=")
        if not name or not equals or not path:
            raise SuiteError(f"--output {one}: write FORMAT=FILE, for instance junit=gate.xml")
        if name not in FORMATS:
            raise SuiteError(f"--output {one}: no format {name}; there are {', '.join(FORMATS)}")
        _check_writable(Path(path), one)
        found.append((name, Path(path)))
    return found


def _check_writable(path: Path, told: str) -> None:
    """Refuse a file that cannot be written, before an hour of measuring is spent on it."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy

    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    try:
        if path.is_dir():
            raise IsADirectoryError
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        what = f"--output {told}: {path} cannot be written; name a file in a folder of yours"
        raise SuiteError(what) from error


def _self_test(rounds: int, *, as_json: bool, quiet: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - heavy

    from misusebench.gate.selftest import self_test  # noqa: PLC0415

    found = self_test(rounds, say=lambda line: say(line, quiet=quiet))
    show("gate", found.as_json(), lambda _: Text("\n".join(found.lines())), as_json=as_json)
    if found.broken:
        raise typer.Exit(1)


def _show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - heavy

    show("gate", verdict.as_json(), lambda _: Text("\n".join(verdict.lines())), as_json=as_json)
