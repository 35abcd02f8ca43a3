"""The manifest: what a data set is made of, and whether it became what its scenario asked for."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from misusesim import splits
from misusesim.dataset import schema
from misusesim.errors import DatasetError
from misusesim.scenario.family import PREVALENCES, member_of
from misusesim.scenario.prevalence import ByOfficer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from misusesim.dataset.writer import Entry
    from misusesim.scenario.model import Scenario

#: Equal versions of these promise equal bytes.
PACKAGES: Final = ("misusebench", "numpy", "pyarrow", "simpy", "faker")


def versions() -> dict[str, str]:
    """Return the versions that the bytes of a data set depend on."""
    found = {name: version(name) for name in PACKAGES}
    return {**found, "python": platform.python_version()}


def dumps(value: Any) -> bytes:
    """Return JSON with sorted keys, the same bytes for the same value."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def seal(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest with `dataset_hash`, the SHA-256 of all the rest of it."""
    rest = {name: value for name, value in manifest.items() if name != "dataset_hash"}
    return {**rest, "dataset_hash": hashlib.sha256(dumps(rest)).hexdigest()}


def total(tallies: Iterable[dict[str, Any]], name: str) -> Counter[str]:
    """Return the sum of a counter over all tasks; tasks that do not count it are skipped."""
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts.update(tally.get(name, {}))
    return counts


def check_accounts(rows: Counter[str]) -> None:
    """Hold the books: generated = written + lost - duplicates.

    Raises
    ------
    DatasetError
        If rows vanished or appeared between the row builder and the files.
    """
    expected = rows["written"] + rows["lost"] - rows["duplicates"]
    if rows["generated"] != expected:
        raise DatasetError(
            f"{rows['generated']} queries were generated, but {rows['written']} written + "
            f"{rows['lost']} lost - {rows['duplicates']} duplicates = {expected}"
        )


def build(
    scenario: Scenario,
    scenario_hash: str,
    entries: Sequence[Entry],
    tallies: Sequence[dict[str, Any]],
    *,
    outcomes_only: bool = False,
) -> dict[str, Any]:
    """Return the sealed manifest of a finished data set.

    Parameters
    ----------
    scenario, scenario_hash
        What was asked for.
    entries
        Every file that holds data, and the scenario; cards and audits are told by SHA256SUMS.
    tallies
        What each task counted (`misusesim.tally`), in any order.
    outcomes_only
        Whether queries were left out.

    Raises
    ------
    DatasetError
        If the books do not balance.
    """
    rows = total(tallies, "rows")
    check_accounts(rows)
    came_out = realised(scenario, tallies)
    manifest = {
        "schema_version": schema.SCHEMA_VERSION,
        "scenario": scenario.name,
        "scenario_version": scenario.version,
        "scenario_hash": scenario_hash,
        "seed": scenario.seed,
        "start": scenario.start.isoformat(),
        "days": scenario.days,
        "level": scenario.level,
        **preset(scenario, came_out),
        "truth": scenario.truth,
        "outcomes_only": outcomes_only,
        "versions": versions(),
        "rows": {n: rows[n] for n in ("generated", "written", "lost", "duplicates")},
        "realised": came_out,
        "volume": volume(tallies),
        "splits": splits.told(scenario),
        "files": [e.as_dict() for e in sorted(entries, key=lambda e: e.path)],
    }
    return seal(manifest)


def share(part: float, whole: float) -> float:
    """Return part ÷ whole to nine digits, 0 where there is no whole."""
    return round(part / whole, 9) if whole else 0.0


def preset(scenario: Scenario, came_out: dict[str, Any]) -> dict[str, Any]:
    """Return what the name of a member of the family promises beside what came out.

    Officers are those of a year: of other horizons than 365 days the share is made longer or
    shorter in proportion. A world that is none of the family promises nothing.
    """
    member = member_of(scenario.name)
    if member is None:
        return {}
    promised, officers = PREVALENCES[member.prevalence], came_out["misuse_share_of_officers"]
    return {
        "preset": {
            "size": member.size,
            "prevalence": member.prevalence,
            "as_named": _as_named(scenario),
            "officers_per_year": {
                "promised": promised.officers,
                "realised": share(officers * 365, scenario.days),
            },
            "share_of_queries": {
                "promised_at_most": promised.queries,
                "realised": came_out["misuse_share_of_queries"],
            },
        }
    }


def _as_named(scenario: Scenario) -> bool:
    """Tell whether a world is the member it is named after, but for seed and days."""
    from misusesim.scenario.load import load_scenario  # noqa: PLC0415 - only members need it

    return load_scenario(scenario.name, seed=scenario.seed, days=scenario.days) == scenario


def realised(scenario: Scenario, tallies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what came out beside what was configured."""
    rows, by_role = total(tallies, "rows"), total(tallies, "accounts")
    accounts = by_role.total() - by_role[schema.ROLES[schema.INTERFACE]]  # people
    causes = total(tallies, "causes")
    officers = {o for tally in tallies for o in tally.get("misuse_officers", ())}
    return {
        "causes": dict(sorted(causes.items())),
        "labels": dict(sorted(total(tallies, "labels").items())),
        "misuse_share_of_queries": share(causes["misuse"], rows["written"]),
        "misuse_officers": len(officers),
        "misuse_share_of_officers": share(len(officers), accounts),
        "misuse": _misuse(scenario, tallies, accounts),
        "oversight": oversight(tallies),
        "oddity": _oddity(scenario, tallies),
        "lost_share": {
            "configured": scenario.noise.lost_share,
            "realised": share(rows["lost"], rows["generated"]),
        },
        "duplicate_share": {
            "configured": scenario.noise.duplicate_share,
            "realised": share(rows["duplicates"], rows["generated"]),
        },
    }


def _misuse(
    scenario: Scenario, tallies: Sequence[dict[str, Any]], accounts: int
) -> list[dict[str, Any]]:
    """Return one row per configured misuse kind."""
    campaigns, queries = total(tallies, "campaigns"), total(tallies, "misuse_queries")
    found = []
    for spec in scenario.misuse:
        configured = spec.model_dump(mode="json", exclude={"kind"})
        row: dict[str, Any] = {
            "kind": spec.kind,
            "configured": configured,
            "campaigns": {r: campaigns[f"{spec.kind}/{r}"] for r in schema.RUNGS},
            "queries": {r: queries[f"{spec.kind}/{r}"] for r in schema.RUNGS},
        }
        if isinstance(spec, ByOfficer):
            expected = spec.officers_per_year * accounts * scenario.days / 365
            row["campaigns_expected"] = round(expected, 3)
        found.append(row)
    return found


def oversight(tallies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what was found of misuse, and how much there was for each query reported.

    Reported is, as agencies report a year after its end, each query of a campaign on which a
    decision other than unfounded fell within the scenario's days, those after the decision
    included. Queries are counted before loss.
    """
    actual, reported = total(tallies, "actual_queries"), total(tallies, "reported_queries")
    return {
        "found_by": dict(sorted(total(tallies, "found_by").items())),
        "outcomes": dict(sorted(total(tallies, "outcomes").items())),
        "actual_queries": dict(sorted(actual.items())),
        "reported_queries": dict(sorted(reported.items())),
        "actual_factor": share(actual.total(), reported.total()),
    }


def _oddity(scenario: Scenario, tallies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per oddity that was configured or came about."""
    doings, queries = total(tallies, "oddities"), total(tallies, "oddity_queries")
    configured: dict[str, Any] = {
        o.kind: o.model_dump(mode="json", exclude={"kind"}) for o in scenario.oddity
    }
    kinds = [k for k in schema.ODDITY_KINDS if k in configured or doings[k] or queries[k]]
    return [
        {
            "kind": kind,
            "configured": configured.get(kind),
            "occurrences": doings[kind],
            "queries": queries[kind],
        }
        for kind in kinds
    ]


def volume(tallies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the volume bridge: accounts, queries and shifts per role."""
    accounts, queries = total(tallies, "accounts"), total(tallies, "queries_by_role")
    shifts = total(tallies, "shifts")
    return [
        {
            "role": role,
            "accounts": accounts[role],
            "queries": queries[role],
            "queries_per_account": round(share(queries[role], accounts[role]), 3),
            "shifts": shifts[role],
            "queries_per_shift": round(share(queries[role], shifts[role]), 3),
        }
        for role in schema.ROLES
        if accounts[role] or queries[role]
    ]
