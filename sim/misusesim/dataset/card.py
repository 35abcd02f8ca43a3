"""The cards of a data set: README for people, datasheet for reviewers, Croissant for machines.

All are made from scenario, manifest and, if there was one, the audit: the same for the same data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusesim.dataset.croissant import croissant
from misusesim.dataset.datasheet import datasheet
from misusesim.dataset.telling import LICENCE, audit_in_words, misuse_table, table, title
from misusesim.scenario.family import PREVALENCES, member_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusesim.scenario.model import Scenario

TIER_TEXT: Final = {
    "T0": "the log and the directory of agencies",
    "T1": "+ roster: officers, terminals, shifts, leave, granted entitlements",
    "T2": "+ dispatch: incidents, cases, assignments, warrants, applications, hotlists, sharing",
    "T3": "+ ties: relationships, addresses, vehicles",
}
#: Days of a member of the family.
YEAR: Final = 365
LEVEL_TEXT: Final = {
    "easy": "people hide little and often stay on after a shift for their look-ups",
    "medium": "misuse as the scenario describes it, mostly between other work",
    "hard": "people hide well, type what others type and hardly ever stay on after a shift",
}


def cards(
    scenario: Scenario,
    manifest: dict[str, Any],
    audit: dict[str, Any] | None = None,
    files: Sequence[dict[str, Any]] = (),
) -> dict[str, str]:
    """Return name and text of every card.

    Parameters
    ----------
    scenario, manifest
        Of the data set.
    audit
        What an audit of it found, as ``audit.json`` has it: `level`, `rows`, `positives`, `failed`,
        `again` and `checks`, each with `id`, `name`, `value`, `bound`, `verdict` and `detail`.
    files
        Path, bytes and hash of the files that the audit left in the data set.
    """
    return {
        "README.md": readme(scenario, manifest, audit),
        "DATASHEET.md": datasheet(scenario, manifest, audit),
        "croissant.json": croissant(scenario, manifest, audit, files),
    }


def readme(
    scenario: Scenario, manifest: dict[str, Any], audit: dict[str, Any] | None = None
) -> str:
    """Return the README: what it is and is good for, how to load it, tiers, rates, audit."""
    rows, realised = manifest["rows"], manifest["realised"]
    tiers = "\n".join(f"- **{tier}**: {text}" for tier, text in TIER_TEXT.items())
    return f"""# {title(scenario)}

A synthetic log of queries to confidential police databases, with the context an organisation could
join to it and, apart, the truth about every query. All people, agencies and plates are invented.

{rows["written"]:,} queries, {manifest["days"]} days from {manifest["start"]}, seed {manifest["seed"]}.
Level {manifest["level"]}: {LEVEL_TEXT[manifest["level"]]}.

{_good_for(scenario, manifest)}## How to load
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
`misusebench verify DATASET` or `sha256sum -c SHA256SUMS` first: without them a flipped bit is read
as a wrong value. Readers of Croissant find every table as a record set of `croissant.json`.

## Tiers
{tiers}

A component is given the tables of its tier and no others, each row when it becomes known
(`known_at`). Nothing under `truth/` may reach a component.

{_splits(manifest["splits"])}
## Base rates
| | |
|---|---|
| queries written | {rows["written"]:,} |
| misuse queries | {realised["causes"].get("misuse", 0):,} ({realised["misuse_share_of_queries"]:.6f} of queries) |
| officers with misuse | {realised["misuse_officers"]:,} ({realised["misuse_share_of_officers"]:.6f} of accounts) |
| oddity queries | {realised["causes"].get("oddity", 0):,} |
| lost before the log | {rows["lost"]:,} |
| written twice | {rows["duplicates"]:,} |

{_promise(manifest)}{misuse_table(realised)}
## Audit
{audit_in_words(audit)}

## Licence
{LICENCE}. The software that made it is under Apache-2.0.
"""  # noqa: E501 - a table row is one line


def _good_for(scenario: Scenario, manifest: dict[str, Any]) -> str:
    """Return what a member of the family is good for, nothing for other worlds."""
    member = member_of(scenario.name)
    if member is None or "preset" not in manifest:
        return ""
    told = [f"{member.good_for[0].upper()}{member.good_for[1:]}."]
    if scenario.days != YEAR:
        told += [f"That is said of a year; this one has {scenario.days} days."]
    if not manifest["preset"]["as_named"]:
        told += [f"Settings were changed: it is NOT the {member.name} of the family."]
    return "## What it is good for\n" + "\n".join(told) + "\n\n"


def _promise(manifest: dict[str, Any]) -> str:
    """Return the promise of a preset beside what came out, nothing for other worlds."""
    if "preset" not in manifest:
        return ""
    preset = manifest["preset"]
    officers, queries = preset["officers_per_year"], preset["share_of_queries"]
    words = PREVALENCES[preset["prevalence"]].words
    told = table(
        ("", "promised", "realised"),
        [
            ("officers with misuse in a year", f"{officers['promised']:.2%}",
             f"{officers['realised']:.2%}"),
            ("queries that are misuse", f"at most about {queries['promised_at_most']:.0e}",
             f"{queries['realised']:.1e}"),
        ],
    )  # fmt: skip
    return f"Prevalence {preset['prevalence']}, {words}:\n\n{told}\n"


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
