"""The measures as files: speed.json, speed.md and speed.png."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

#: Decimals in the table by the size of a number.
LARGE: Final = 100
RATIOS: Final = (
    "Rates per core are rows per second of CPU time. A ratio is the median of ratios within "
    "rounds of one run, the jobs in turns; absolute values move with the load of the machine, "
    "ratios hardly. Memory of several processes counts what they share in each of them."
)
BARS: Final = {
    "naive_simpy_faker": "SimPy and Faker,\nrow by row",
    "simpy_per_query": "SimPy,\none event per query",
    "end_to_end": "the simulator,\nwith truth and context",
}
PEER, OURS, LIMIT, INK = "#9aa5b1", "#1f6f8b", "#b3541e", "#22303c"


def write(out: Path, told: dict[str, Any]) -> None:
    """Write the three files into a folder.

    Parameters
    ----------
    out
        The folder; made if it is not there.
    told
        The facts, with `scenario`, `quick`, `measures` and `notes`.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "speed.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (out / "speed.md").write_text(page(told), encoding="utf-8")
    plot(told, out / "speed.png")


def page(told: dict[str, Any]) -> str:
    """Return the page: where it was measured, the write limit, the table, the notes."""
    limit = next(m for m in told["measures"] if m["name"] == "write_limit")
    paragraphs = [
        f"<!-- written by `{told['command']}` on {told['date']} -->",
        "# Speed of the simulator",
        _where(told),
        _limit(limit),
        "\n".join(table(told["measures"])),
        RATIOS,
        "![Rates against the write limit](speed.png)",
        "\n".join(f"- {note}" for note in told["notes"]),
    ]
    return "\n\n".join(text for text in paragraphs if text) + "\n"


def _limit(limit: dict[str, Any]) -> str:
    """Return what the write limit is, and how far from it the simulator is."""
    return (
        f"**Write limit: {limit['absolute']:,.0f} queries/s/core.** Nothing that writes the same "
        "tables to the same files with this writer can be faster; the simulator takes "
        f"{limit['ratio']:.1f} times as long."
    )


def _where(told: dict[str, Any]) -> str:
    """Return what was measured on which machine."""
    machine, versions = told["machine"], told["versions"]
    quick = " A quick run: few rounds, small sizes." if told["quick"] else ""
    return (
        f"Scenario `{told['scenario']}`, {told['days']} days; {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['memory_gb']:g} GB, load {machine['load']:g} at the "
        f"start; Python {versions['python']}, pyarrow {versions['pyarrow']}, "
        f"numpy {versions['numpy']}; {told['seconds']:.0f} s in all.{quick}"
    )


def table(measures: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the table."""
    head = ["| measure | absolute | ratio | what it means |", "|---|---:|---:|---|"]
    return head + [
        f"| {m['name']} | {number(m['absolute'])} {m['unit']} "
        f"| {'–' if m['ratio'] is None else number(m['ratio'])} | {m['means']} |"  # noqa: RUF001
        for m in measures
    ]


def number(value: float) -> str:
    """Return a number as a reader wants it.

    Examples
    --------
    >>> number(94321.6), number(2.345)
    ('94,322', '2.35')
    """
    return f"{value:,.0f}" if value >= LARGE else f"{value:.2f}"


def plot(told: dict[str, Any], path: Path) -> None:
    """Draw the rates per core as bars, and the write limit as a line."""
    rates = {m["name"]: m["absolute"] for m in told["measures"]}
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    values, limit = [rates[name] for name in BARS], rates["write_limit"]
    colours = [OURS if name == "end_to_end" else PEER for name in BARS]
    axes.barh(list(BARS.values()), values, color=colours, height=0.6)
    axes.axvline(limit, color=LIMIT, linestyle="--", linewidth=1.5)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:,.0f}", (value, place), xytext=(5, 0), textcoords="offset points",
            va="center", color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )  # fmt: skip
    axes.annotate(
        f"write limit of the simulator's tables: {limit:,.0f}", (limit, 1),
        xycoords=("data", "axes fraction"), xytext=(0, 4), textcoords="offset points",
        ha="right" if limit > max(values) / 2 else "left", color=LIMIT,
    )  # fmt: skip
    axes.set_xlim(0, max(*values, limit) * 1.15)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(colors=INK)
    axes.set_xlabel("queries per second of one core, to Parquet", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"Scenario {told['scenario']}, {told['date'][:10]}", x=0.01, ha="left", color=INK,
        fontsize=10,
    )  # fmt: skip
    figure.savefig(path, dpi=150)
