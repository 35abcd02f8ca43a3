"""The bench's commands; see `cli.py` for those of the simulator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from misusebench.terminal import progress_line, say, show

if TYPE_CHECKING:
    from misusebench.suite import Suite

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.")]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Go on where components cannot be shut in.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="What `bench -o` wrote.")]
Detectors = Annotated[
    list[str] | None,
    typer.Option(
        "--detector",
        metavar="NAME|module:Class",
        help="Instead of the suite's; its review budget, tier and limits stay.",
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="NAME|module:Class|URL", help="Instead of the suite's."),
]


#: What the demo runs.
DEMO: Final = "county"


def register(app: typer.Typer) -> None:
    """Add the bench's commands to the command line."""
    for command in (demo, bench, rescore, report):
        app.command()(command)


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR")] = Path("demo"),
    as_json: Json = False,
    quiet: Quiet = False,
    unsafe: Unsafe = False,
) -> None:
    """Do the main job on one county: simulate, bench, report, gate."""
    from misusebench.demo import play  # noqa: PLC0415 - heavy

    shown = play(
        DEMO, out, unsafe=unsafe, say=lambda text: say(text, quiet=quiet),
        progress=progress_line(quiet=quiet),
    )  # fmt: skip
    show("demo", shown.as_json(), lambda _: shown.text(), as_json=as_json)
    if shown.verdict is not None and shown.verdict.exit_code:
        raise typer.Exit(shown.verdict.exit_code)


def bench(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RUN", help="Folder of the run.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="A data set, if not --table.")
    ] = None,
    suite: Annotated[str, typer.Option(help="A shipped suite, or a TOML file.")] = "smoke",
    detector: Detectors = None,
    policy: Policies = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Of the suite's, with its parameters.")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="Instead of the suite's: T0, T1, T2, T3.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Components at a time.")] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Any labelled CSV, Parquet or NPZ instead.")
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="COL", help="A table's labels.")] = None,
    split: Annotated[
        str | None, typer.Option(metavar="COL", help="Which rows of a table are tried: test.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="No feature of a table.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.05, max=0.95, help="Of a table's rows, tried without --split.")
    ] = 0.4,
    splits: Annotated[
        int, typer.Option(min=1, max=1000, help="Random splits of a table; means are told.")
    ] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
    unsafe: Unsafe = False,
) -> None:
    """Judge detectors and policies on a data set, or detectors on any labelled table."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy
    from misusebench.report import leaderboard  # noqa: PLC0415
    from misusebench.result import load_run  # noqa: PLC0415
    from misusebench.run import run  # noqa: PLC0415

    if (data is None) == (table is None):
        raise SuiteError("give a data set, or --table FILE with --label COL")
    if table is not None:
        _bench_table(
            table, label, out, detector, split=split, ignore=ignore, share=share, splits=splits,
            as_json=as_json, quiet=quiet, unsafe=unsafe,
        )  # fmt: skip
        return
    assert data is not None
    chosen = _suite(suite, detector, policy, only, tier)
    done = run(
        data, chosen, out, jobs=jobs or os.cpu_count() or 1, unsafe=unsafe,
        progress=lambda line: say(line, quiet=quiet),
    )  # fmt: skip
    told, found = load_run(out)
    show("bench", {**told, "results": [one.gated() for one in found]},
         lambda _: leaderboard(out), as_json=as_json)  # fmt: skip
    if done.failed:
        for one in done.failed:
            say(f"{one.name} is INVALID: {'; '.join(one.reasons)}", quiet=quiet)
        raise typer.Exit(4)


def _bench_table(
    table: Path, label: str | None, out: Path, detectors: list[str] | None, *, split: str | None,
    ignore: list[str] | None, share: float, splits: int, as_json: bool, quiet: bool, unsafe: bool,
) -> None:  # fmt: skip
    from misusebench.detectors.on_table import TABULAR  # noqa: PLC0415 - heavy
    from misusebench.errors import SuiteError  # noqa: PLC0415
    from misusebench.table_bench import bench_table  # noqa: PLC0415

    if label is None and table.suffix != ".npz":
        raise SuiteError(f"{table} needs --label COL: the column that says which rows are positive")
    found = bench_table(
        table, label or "y", out, detectors=detectors or TABULAR, split=split, ignore=ignore or (),
        share=share, seeds=range(splits), unsafe=unsafe,
        progress=lambda line: say(line, quiet=quiet),
    )  # fmt: skip
    show("bench", found.as_json(), lambda _: found.text(), as_json=as_json)
    if found.failed:
        raise typer.Exit(4)


def _suite(
    name: str, detectors: list[str] | None, policies: list[str] | None, only: list[str] | None,
    tier: str | None,
) -> Suite:  # fmt: skip
    """Return a suite with the components and the tier of the command line."""
    from dataclasses import replace  # noqa: PLC0415

    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy
    from misusebench.suite import TIERS, load_suite, parse_component  # noqa: PLC0415

    suite = load_suite(name)
    if only and (detectors or policies):
        raise SuiteError("--only names components of the suite; --detector and --policy replace it")
    if only:
        suite = suite.only(only)
    if detectors or policies:
        chosen = [parse_component("detector", text) for text in detectors or ()]
        chosen += [parse_component("policy", text) for text in policies or ()]
        suite = replace(suite, components=tuple(chosen))
    if tier is not None:
        if tier not in TIERS:
            raise SuiteError(f"--tier must be one of {', '.join(TIERS)}, got {tier}")
        suite = replace(suite, tier=tier)
    chosen_by = {"--detector": detectors, "--policy": policies, "--only": only,
                 "--tier": [tier] if tier else None}  # fmt: skip
    words = [word for option, values in chosen_by.items() for one in values or ()
             for word in (option, one)]  # fmt: skip
    return replace(suite, options=tuple(words))


def rescore(
    run: RunFolder,
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Its data set, if that was moved.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compute all numbers of a run again from its raw scores."""
    from misusebench.rescore import rescore as again  # noqa: PLC0415 - heavy

    found = again(run, data, progress=lambda line: say(line, quiet=quiet))
    show("rescore", found.as_json(), lambda _: found.text(), as_json=as_json)


def report(
    run: RunFolder,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="HTML, or .md.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the page of a run."""
    from misusebench.errors import SuiteError  # noqa: PLC0415 - heavy
    from misusebench.report import summary, write_report  # noqa: PLC0415
    from misusebench.result import write_atomically  # noqa: PLC0415

    if out.suffix not in (".html", ".htm", ".md"):
        raise SuiteError(f"a report is a page (.html) or a summary (.md), not {out.name}")
    if out.suffix == ".md":
        write_atomically(out, summary(run).encode())
    else:
        write_report(run, out)
    if as_json:
        show("report", {"file": str(out), "bytes": out.stat().st_size}, str, as_json=True)
    say(f"{out}: {out.stat().st_size / 1000:,.0f} kB", quiet=quiet)
