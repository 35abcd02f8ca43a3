"""The cards of a data set: README for people, datasheet for reviewers, Croissant for machines.

All are made from scenario and manifest alone, so they are the same for the same data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusesim.dataset import schema
from misusesim.dataset.croissant import croissant

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

LICENCE: Final = "CC0-1.0"

TIER_TEXT: Final = {
    "T0": "the log and the directory of agencies",
    "T1": "+ roster: officers, terminals, shifts, leave, granted entitlements",
    "T2": "+ dispatch: incidents, cases, assignments, warrants, applications, hotlists, sharing",
    "T3": "+ ties: relationships, addresses, vehicles",
}


def cards(scenario: Scenario, manifest: dict[str, Any]) -> dict[str, str]:
    """Return name and text of every card, from a manifest that has all other files."""
    return {
        "README.md": readme(scenario, manifest),
        "DATASHEET.md": datasheet(scenario, manifest),
        "croissant.json": croissant(scenario, manifest),
    }


def readme(scenario: Scenario, manifest: dict[str, Any]) -> str:
    """Return the README: what it is, how to load it, tiers, base rates, licence."""
    rows, realised = manifest["rows"], manifest["realised"]
    tiers = "\n".join(f"- **{tier}**: {text}" for tier, text in TIER_TEXT.items())
    return f"""# {_title(scenario)}

A synthetic log of queries to confidential police databases, with the context an organisation could
join to it and, apart, the truth about every query. All people, agencies and plates are invented.

{rows["written"]:,} queries, {manifest["days"]} days from {manifest["start"]}, seed {manifest["seed"]}.

## How to load
```python
from misusesim.dataset.reader import open_dataset
from misusesim.truth import open_truth

dataset = open_dataset("DATASET")
log = dataset.log()                 # pyarrow table in replay order (received_at, query_id)
context = dataset.context("T1")     # {{"roster/officers": table, ...}}
truth = open_truth("DATASET")       # .queries .campaigns .officers .reasons .oddities ...
sides = truth.split("officer")      # query_id, side; also by "time", "agency" and "kind"
```
Other readers can open the Parquet parts too, but must switch page checksums on or run
`misusebench verify DATASET` first: without them a flipped bit is read as a wrong value.

## Tiers
{tiers}

A component is given the tables of its tier and no others, each row when it becomes known
(`known_at`). Nothing under `truth/` may reach a component.

## Base rates
| | |
|---|---|
| queries written | {rows["written"]:,} |
| misuse queries | {realised["causes"].get("misuse", 0):,} ({realised["misuse_share_of_queries"]:.6f} of queries) |
| officers with misuse | {realised["misuse_officers"]:,} ({realised["misuse_share_of_officers"]:.6f} of accounts) |
| oddity queries | {realised["causes"].get("oddity", 0):,} |
| lost before the log | {rows["lost"]:,} |
| written twice | {rows["duplicates"]:,} |

{_misuse_table(realised)}
{_splits(manifest["splits"])}
## Licence
{LICENCE}. The software that made it is under Apache-2.0.
"""  # noqa: E501 - a table row is one line


def _title(scenario: Scenario) -> str:
    return f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name


def _misuse_table(realised: dict[str, Any]) -> str:
    """Return campaigns and queries per kind and rung; rungs without a campaign are left out."""
    lines = [
        f"| {row['kind']} | {rung} | {row['campaigns'][rung]:,} | {row['queries'][rung]:,} |"
        for row in realised["misuse"]
        for rung in schema.RUNGS
        if row["campaigns"][rung] or row["queries"][rung]
    ]
    if not lines:
        return "There is no misuse in it.\n"
    return "\n".join(["| kind | rung | campaigns | queries |", "|---|---|---|---|", *lines, ""])


def _splits(told: dict[str, Any]) -> str:
    """Return what the sides of the four splits are."""
    time, shares = told["time"], told["shares"]
    parts = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return f"""## Splits
No officer, agency or campaign is on both sides of the split that is to separate it.

| by | sides |
|---|---|
| time | validation from {time["valid_from"]}, test from {time["test_from"]}, by arrival; campaigns over a boundary straddle |
| officer | {parts}, by a keyed hash; officers who share a campaign go together |
| agency | the same, by agency |
| kind | test holds what training must not: {", ".join(told["held_out_kinds"])} |
"""  # noqa: E501 - a table row is one line


def datasheet(scenario: Scenario, manifest: dict[str, Any]) -> str:
    """Return the datasheet (the questions of Gebru et al., Datasheets for Datasets)."""
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    volume = "\n".join(
        f"| {row['role']} | {row['accounts']:,} | {row['queries']:,} "
        f"| {row['queries_per_account']:,} | {row['queries_per_shift']:,} |"
        for row in manifest["volume"]
    )
    oddities = "\n".join(
        f"| {row['kind']} | {row['occurrences']:,} | {row['queries']:,} |"
        for row in manifest["realised"]["oddity"]
    )
    return f"""# Datasheet: {_title(scenario)}

## Motivation
To compare detectors and policies against the misuse of confidential police databases, where real
logs with known truth cannot be published. No real person's data went into it.

## Composition
One row of the log is one query. Context rows say from when they hold and when they become known.
The truth names the cause of every query (work, oddity, misuse){_sparse(manifest)}, what each
account holder has part in, and for each campaign the facts that make it misuse.

| role | accounts | queries | per account | per shift |
|---|---|---|---|---|
{volume}

| oddity (honest but strange) | occurrences | queries |
|---|---|---|
{oddities}

{_misuse_table(manifest["realised"])}
Labels: a query is positive if it is part of a misuse campaign, ignore if it is an accidental slip,
else negative. Noise on purpose: lost rows, duplicates (own id, `duplicate_of` in the truth), late
arrival, clock skew, typing errors.

## Collection
Simulated from `scenario.toml` (hash `{manifest["scenario_hash"]}`), seed {manifest["seed"]}.
Made with {versions}. Equal versions on one platform give equal bytes for any number of workers.

## Preprocessing
None: rows are written as they are made, sorted by time inside a part.

## Uses
Ranking components under equal conditions. Not for training anything that acts on real officers,
and no estimate of how common misuse is: its rates are settings of the scenario.

## Known limits
Rates and shapes without a public source are marked as assumptions in the scenario's documentation.
Behaviour that nobody has described is not in it, so recall here is an upper bound for recall on
unknown kinds of misuse.

## Distribution and maintenance
Licence {LICENCE}. A change of generated bytes raises the scenario's version, here \
{manifest["scenario_version"]}.
"""


def _sparse(manifest: dict[str, Any]) -> str:
    return "; rows of plain work are left out" if manifest["truth"] == "sparse" else ""
