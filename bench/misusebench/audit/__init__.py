"""Leak and triviality audit of any labelled table, ours or foreign.

In reading order: `labelled` (a table, or several pooled), `probes` (what may give a label away),
`permutation` (what chance does with labels of whole entities), `distinct` (values, counted or
sorted once), `search` and `trees` (rules of one line and shallow trees), `leaks` (all of these),
`density` (on which days, when), `background` (honest rows that misuse changed), `checks` (all of a
table, with bounds), `verdict` (a check).

Of a data set of ours, besides: `pool` (siblings asked along), `dataset` and `ids` (truth,
accounting, ids), `rolls`, `gaits`, `beginnings` and `draws` (what its scenario implies), `implied`,
`tails` and `conformance` (whether misuse came out so), `promise` (how common it is), `honest`
(arithmetic of base rates), `lifelike` (statistics of real logs), `replayed` (reasons and
justifications looked up), `splits` (nobody on both sides), `tiers`, `twins` and `twin_checks`
(misuse among its look-alikes), `again` (made once more), `whole` (all of these).
"""

from __future__ import annotations

from misusebench.audit.checks import Audit, Check, audited
from misusebench.audit.labelled import Labelled, read_labelled, read_table

__all__ = ["Audit", "Check", "Labelled", "audited", "read_labelled", "read_table"]
