"""What a detector says that it needs, held against the columns that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.specs import guess
from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Column of a detector's batches with what the policy before it decided.
PRIOR: Final = "prior_decision"


def unknown(needs: Sequence[str], columns: Sequence[str]) -> str:
    """Return what is wrong with needs that no log can meet, "" if nothing is.

    Examples
    --------
    >>> unknown(["tme", "officer_id"], ["time", "officer_id"])
    'needs tme, which no log has; did you mean time?'
    """
    known = [*columns, *schema.LOG.names, PRIOR]
    told = [f"needs {n}, which no log has{guess(n, known)}" for n in needs if n not in known]
    return "; ".join(told)


def lacking(needs: Sequence[str], columns: Sequence[str]) -> str:
    """Return which needs this log does not meet, "" if it meets all."""
    missing = [n for n in needs if n not in columns]
    return f"needs columns that the log lacks: {', '.join(missing)}" if missing else ""
