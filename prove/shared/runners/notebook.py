"""Run the simulator of the Fraud Detection Handbook from its notebook.

Takes the notebook, days and the file to write. Only the notebook's functions are taken over, for
its other cells draw; the sizes are those of its own example but for the days.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any


def functions(notebook: Path) -> ast.Module:
    """Return all functions that a notebook defines, in order; cells of magic are passed over."""
    found: list[ast.stmt] = []
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        try:
            body = ast.parse("".join(cell["source"])).body
        except SyntaxError:
            continue
        found += [one for one in body if isinstance(one, ast.FunctionDef)]
    return ast.Module(found, type_ignores=[])


def main(notebook: str, days: str, out: str) -> None:
    """Make the labelled transactions and write them as CSV."""
    import numpy as np  # noqa: PLC0415 - of the notebook's own environment
    import pandas as pd  # noqa: PLC0415

    names: dict[str, Any] = {
        "np": np, "pd": pd, "os": os, "datetime": dt, "time": time, "random": random,
    }  # fmt: skip
    exec(compile(functions(Path(notebook)), notebook, "exec"), names)  # noqa: S102 - that is to run it
    customers, terminals, rows = names["generate_dataset"](
        n_customers=5_000, n_terminals=10_000, nb_days=int(days), start_date="2018-04-01", r=5
    )
    names["add_frauds"](customers, terminals, rows).to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
