"""A policy in the text of each engine: what the adapters feed their engines, for people to read."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from misusebench.errors import SuiteError
from misusebench.specs import guess

if TYPE_CHECKING:
    from misusebench.policies.language import Policyfile

#: Engine -> the function that writes its text.
TEXTS: Final = {
    "reference": "misusebench.policies.reference:python_text",
    "numpy_columns": "misusebench.policies.numpy_columns:numpy_text",
    "duckdb_sql": "misusebench.policies.duckdb_sql:sql_text",
    "cedar": "misusebench.policies.cedar:cedar_text",
    "rego": "misusebench.policies.rego:rego_text",
    "cel": "misusebench.policies.cel:cel_text",
    "jsonlogic": "misusebench.policies.jsonlogic:jsonlogic_text",
    "casbin": "misusebench.policies.casbin:casbin_text",
}


def compiled(policy: Policyfile, engine: str) -> str:
    """Return a policy in an engine's own text; the engine need not be installed.

    Raises
    ------
    SuiteError
        If there is no such engine.
    """
    if engine not in TEXTS:
        raise SuiteError(
            f"no engine {engine}{guess(engine, list(TEXTS))}; there are {', '.join(TEXTS)}"
        )
    module, _, name = TEXTS[engine].partition(":")
    text: str = getattr(import_module(module), name)(policy)
    return text
