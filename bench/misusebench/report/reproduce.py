"""The report's section on how to get the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.report.markup import Cell, preformatted, table

if TYPE_CHECKING:
    from misusebench.report.view import View


def reproduce(view: View) -> str:
    """Return what it takes to get the same numbers: command, versions, hashes."""
    run, data = view.run, view.run["dataset"]
    machine = run.get("ungated", {}).get("machine", {})
    packages = ", ".join(f"{k} {v}" for k, v in sorted(machine.get("packages", {}).items()))
    seeds = {one.seeds.get("scenario") for one in view.results}
    seed = f" --seed {seeds.pop()}" if len(seeds) == 1 and seeds != {None} else ""
    command = (
        f"misusebench simulate {data['name']}{seed} -o DATA\n"
        f"misusebench bench DATA --suite {run['suite']} -o RUN\n"
        "misusebench report RUN -o report.html"
    )
    told = [
        ("suite", run["suite"]), ("tier", run["tier"]), ("seed", run["seed"]),
        ("review budget, alerts a day", run["review_budget"]),
        ("history, share of days", run["history_share"]),
        ("data set hash", data["hash"]), ("scenario hash", run["scenario_hash"]),
        ("Python", machine.get("python", "")), ("packages", packages),
    ]  # fmt: skip
    rows = [(str(name), "", [Cell(str(value), style="text wrap")]) for name, value in told]
    of = [
        (r.name, "", [
            Cell(str(r.component.get("target", "")), style="text"), Cell(r.tier, style="text"),
            Cell(str(r.isolation.get("level", "")), style="text"),
            Cell((r.component.get("source_sha256") or "")[:16], style="text"),
        ])
        for r in view.results
    ]  # fmt: skip
    return (
        preformatted(command)
        + table("The run.", ["what", "value"], rows, sortable=False, text=True)
        + table(
            "Components.", ["name", "target", "tier", "isolation", "source, SHA-256"], of, text=True
        )
    )
