"""Reference policies, one per file; outsiders name theirs as ``module:Class``."""

from __future__ import annotations

from typing import Final

REGISTRY: Final = {
    "eleven_rules": "misusebench.policies.eleven_rules:ElevenRules",
    "reference": "misusebench.policies.reference:Reference",
    "cedar": "misusebench.policies.cedar:Cedar",
}
