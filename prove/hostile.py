"""Components that mean harm, beside an honest one, at every level of isolation to be had here.

The eleven of the promise one by one, then variants, four at a time. As root all eight levels are
had: three methods switched on and off, and an ordinary account for what root has no use for.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.bench.hostile_components import ELEVEN  # noqa: E402
from tests.bench.hostile_runs import Found, elsewhere  # noqa: E402
from tests.bench.hostile_variants import OTHERS  # noqa: E402

#: An account that is nobody's.
ORDINARY = 61_234
AS_ROOT = ("landlock+namespaces+uid", "namespaces+uid", "landlock+uid", "uid")
AS_ANYBODY = ("landlock+namespaces", "namespaces", "landlock", "none")


def levels() -> list[tuple[str, int | None]]:
    """Return the levels with the account to start at; None: one's own."""
    if os.geteuid():
        return [(methods, None) for methods in AS_ANYBODY]
    return [(m, 0) for m in AS_ROOT] + [(m, ORDINARY) for m in AS_ANYBODY]


def cell(one: Found) -> str:
    """Return what came of a variant in few words."""
    if not one.borne:
        return "**NOT BORNE**"
    return "gets out, as its level says" if one.escaped else one.state


def rows(found: list[Found]) -> list[str]:
    """Return the eleven as lines of a table."""
    head = "component|level|state|reason|seconds|peak MiB|left behind|neighbour identical"
    lines = ["| " + " | ".join(head.split("|")) + " |", "|" + "---|" * 8]
    for one in found:
        reason = one.reason.replace("|", "/").partition(" (hostile_")[0][:90] or "-"
        left = ", ".join(one.left) or "nothing"
        same = "yes" if one.same else "**NO**"
        lines.append(
            f"| {one.name} | {one.level} | {one.state} | {reason} | {one.seconds:.1f} | "
            f"{one.peak_mb:.0f} | {left} | {same} |"
        )
    return lines


def matrix(found: list[Found]) -> list[str]:
    """Return the variants as lines, a column a level."""
    asked = list(dict.fromkeys(one.level for one in found))
    lines = ["| component | " + " | ".join(asked) + " |", "|" + "---|" * (len(asked) + 1)]
    for name in dict.fromkeys(one.name for one in found):
        cells = {one.level: cell(one) for one in found if one.name == name}
        lines.append(f"| {name} | " + " | ".join(cells.get(level, "-") for level in asked) + " |")
    return lines


def page(eleven: list[Found], others: list[Found]) -> str:
    """Return what is to be read."""
    every = [*eleven, *others]
    out = [one for one in every if one.escaped]
    said = "\n".join(
        f"* `{level}`: {'; '.join(told)}"
        for level, told in {one.level: one.not_stopped for one in eleven}.items()
    )
    summary = (
        f"{len(every)} runs; {sum(one.borne for one in every)} borne: {len(every) - len(out)} "
        f"contained, {len(out)} get out of what their level says that it does not stop. In "
        f"{sum(one.same for one in every)} the honest neighbour (of variants: one for each three) "
        f"answered bit for bit as alone; {sum(bool(one.left) for one in every)} left something "
        "behind.\n"
    )
    return "\n".join([
        "# Hostile components, level by level\n", summary,
        "## The eleven\n", *rows(eleven), "\n## Variants\n", *matrix(others),
        "\n## What each level says that it does not stop\n", said,
    ])  # fmt: skip


def main() -> None:
    """Print the tables; fail if one is not borne."""
    eleven, others = [], []
    for methods, account in levels():
        eleven += elsewhere(methods, [one.__name__ for one in ELEVEN], account, jobs=2)
        others += elsewhere(methods, [one.__name__ for one in OTHERS], account)
        print(f"{methods}: done", file=sys.stderr)
    print(page(eleven, others))
    every = [*eleven, *others]
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps([asdict(one) for one in every]))
    if not all(one.borne and one.same and not one.left for one in every):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
