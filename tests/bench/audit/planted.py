"""A clean labelled table, and eleven ways to spoil it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

DAY_S = 86_400
ENTITIES, DAYS, PER_DAY = 120, 40, 10
START_S = 1_700_006_400  # midnight UTC


def clean(seed=1):
    """Return columns by name, label included: positives are rows like any other."""
    chance = np.random.default_rng(seed)
    n = ENTITIES * DAYS * PER_DAY
    entity = np.repeat(np.arange(ENTITIES), DAYS * PER_DAY)
    day = np.tile(np.repeat(np.arange(DAYS), PER_DAY), ENTITIES)
    ms = (START_S + day * DAY_S) * 1000 + chance.integers(8 * 3_600_000, 18 * 3_600_000, n)
    label = np.zeros(n, bool)
    for one in chance.choice(ENTITIES, 40, replace=False).tolist():
        label[one * DAYS * PER_DAY + chance.choice(DAYS * PER_DAY, 8, replace=False)] = True
    order = np.argsort(ms, kind="stable")
    words = np.array(["inv", "traffic stop", "suspicious vehicle", "test", "459 pc"], object)
    cases = np.array([f"{a}-{b}" for a, b in chance.integers(10, 99, (n, 2)).tolist()], object)
    cases[chance.random(n) < 0.3] = None
    columns = {
        "id": chance.integers(0, 2**40, n), "who": entity, "ms": ms,
        "terminal": np.array([f"T{t:02}" for t in (entity // 4).tolist()], object),
        "amount": np.round(chance.lognormal(3, 1, n), 2), "reason": words[chance.integers(0, 5, n)],
        "case": cases, "label": label,
    }  # fmt: skip
    return {name: column[order] for name, column in columns.items()}


def table_of(columns):
    """Return the table with times."""
    arrays = {name: pa.array(values) for name, values in columns.items() if name != "ms"}
    return pa.table({"time": pa.array(columns["ms"], pa.timestamp("ms", tz="UTC")), **arrays})


def id_order(c):
    """Positives got their ids last."""
    c["id"][c["label"]] += 2**40


def row_order(c):
    """Positives stand at the end of the file."""
    order = np.argsort(c["label"], kind="stable")
    for name in c:
        c[name] = c[name][order]


def millisecond_pattern(c):
    """Positives happen at full seconds."""
    c["ms"][c["label"]] //= 1000
    c["ms"][c["label"]] *= 1000


def case_number_format(c):
    """Positives have letters in their numbers."""
    c["case"][c["label"]] = [f"AB{n}" for n in range(int(c["label"].sum()))]


def missing_field(c):
    """Positives never have a number."""
    c["case"][c["label"]] = None


def constant_amount(c):
    """Positives are always 500."""
    c["amount"][c["label"]] = 500.0


def run_to_failure(c):
    """Positives are the last rows of their entity."""
    for one in np.unique(c["who"][c["label"]]).tolist():
        rows = np.flatnonzero(c["who"] == one)
        count = int(c["label"][rows].sum())
        c["label"][rows] = False
        c["label"][rows[-count:]] = True


def nothing_but_misuse(c):
    """On their days the guilty do nothing else."""
    day = c["ms"] // (DAY_S * 1000)
    guilty = np.unique(np.stack([c["who"], day])[:, c["label"]], axis=1).T.tolist()
    for who, when in guilty:
        c["label"][(c["who"] == who) & (day == when)] = True


def string_length(c):
    """Reasons of positives end in blanks."""
    for row in np.flatnonzero(c["label"]).tolist():
        c["reason"][row] += "      "


def own_terminal(c):
    """Positives come from a terminal nobody else uses."""
    c["terminal"][c["label"]] = "T99"


LEAKS = {
    id_order: "values", row_order: "row order", millisecond_pattern: "time pattern",
    case_number_format: "text format", missing_field: "missing fields",
    constant_amount: "values", run_to_failure: "run to failure",
    nothing_but_misuse: "days of mostly positives", string_length: "text length",
    own_terminal: "give-away values",
}  # fmt: skip
