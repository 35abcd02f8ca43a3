"""Reference policies, one per file; outsiders name theirs as ``module:Class``."""

from __future__ import annotations

from typing import Final

REGISTRY: Final = {
    "eleven_rules": "misusebench.policies.eleven_rules:ElevenRules",
    "reference": "misusebench.policies.reference:Reference",
    "numpy_columns": "misusebench.policies.numpy_columns:NumpyColumns",
    "duckdb_sql": "misusebench.policies.duckdb_sql:DuckdbSql",
    "cedar": "misusebench.policies.cedar:Cedar",
    "rego": "misusebench.policies.rego:Rego",
    "cel": "misusebench.policies.cel:Cel",
    "jsonlogic": "misusebench.policies.jsonlogic:Jsonlogic",
    "casbin": "misusebench.policies.casbin:Casbin",
    "authzen": "misusebench.policies.authzen:Authzen",
    "opa": "misusebench.policies.opa:Opa",
    "decisions": "misusebench.policies.decisions:Decisions",
}
#: Those that need the network or a file: they run on our side of the process boundary.
OUR_SIDE: Final = frozenset(REGISTRY[name] for name in ("authzen", "opa", "decisions"))
