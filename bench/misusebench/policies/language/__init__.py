"""Policies as data: one text in TOML, from which the text of every engine is made.

`syntax.py` what a condition is made of; `parse.py` its text; `policyfile.py` the file;
`vocabulary.py` the facts and their kinds; `guard.py` what a request must carry.
"""

from __future__ import annotations

from misusebench.policies.language.guard import Guard
from misusebench.policies.language.policyfile import Policyfile, Rule, read_policy, shipped
from misusebench.policies.language.vocabulary import FACT_KINDS, value_of

__all__ = ["FACT_KINDS", "Guard", "Policyfile", "Rule", "read_policy", "shipped", "value_of"]
