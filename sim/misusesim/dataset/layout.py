"""Where everything lies inside a data set folder, and which schema a part must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusesim.dataset import schema

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST: Final = "manifest.json"
SCENARIO: Final = "scenario.toml"
CARDS: Final = ("README.md", "DATASHEET.md", "croissant.json")
#: What an audit of the data set left in it: for machines, for people. Not of the manifest.
AUDIT: Final = ("audit.json", "audit.html")
#: Hashes of every other file of a finished data set, as coreutils checks them.
SUMS: Final = "SHA256SUMS"
#: Plans, ledger and lock of an unfinished run; gone once the manifest is there.
WORK: Final = ".work"
#: All that may lie at the top of a data set, finished or not.
TOP: Final = frozenset({
    MANIFEST, SCENARIO, *CARDS, *AUDIT, SUMS, WORK, "log", "context", "truth",
})  # fmt: skip
#: Truth tables written once per agency; the others come once per shard.
TRUTH_OF_AGENCY: Final = ("campaigns", "oddities", "officers", "outcomes", "reasons")
TRUTH_OF_SHARD: Final = ("queries", "reactions")


def agency_name(agency: int) -> str:
    """Return the name of an agency's pass-1 task and of its parts, for instance ``a00007``."""
    return f"a{agency:05d}"


def shard_name(agency: int, period: int) -> str:
    """Return the name of a shard and of its parts, for instance ``a00007-p012``."""
    return f"{agency_name(agency)}-p{period:03d}"


def log_part(shard: str) -> str:
    """Return the path of a shard's log part."""
    return f"log/{shard}.parquet"


def truth_part(table: str, part: str) -> str:
    """Return the path of a truth part; `part` is a shard or an agency name."""
    return f"truth/{table}/{part}.parquet"


def context_part(table: str, agency: str) -> str:
    """Return the path of an agency's part of a context table such as ``roster/officers``."""
    return f"context/{table}/{agency}.parquet"


def context_tables(tier: str = "T3") -> dict[str, pa.Schema]:
    """Return name and schema of the context tables of a tier, for instance ``roster/officers``."""
    return {
        f"{folder}/{name}": of
        for folder in schema.TIERS[tier]
        for name, of in schema.CONTEXT[folder].items()
    }


def schema_of(path: str) -> pa.Schema | None:
    """Return the schema of the Parquet part at a path inside a data set, None for a stranger."""
    match path.split("/"):
        case ["log", _]:
            return schema.LOG
        case ["truth", table, _]:
            return schema.TRUTH.get(table)
        case ["context", folder, table, _]:
            return schema.CONTEXT.get(folder, {}).get(table)
        case _:
            return None
