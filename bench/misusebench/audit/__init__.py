"""Leak and triviality audit of any labelled table, ours or foreign.

In reading order: `labelled` (the table and what is known of its columns), `probes` (what may give a
label away), `permutation` (what chance does with labels of whole entities), `search` (rules of one
line and shallow trees), `density` (how many, on which days, when), `background` (honest rows
that misuse changed), `checks` (all, with bounds).
"""

from __future__ import annotations

from misusebench.audit.checks import Audit, Check, audited
from misusebench.audit.labelled import Labelled, read_labelled, read_table

__all__ = ["Audit", "Check", "Labelled", "audited", "read_labelled", "read_table"]
