"""What a suite or a command names as a policy, read on our side of the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from misusebench.errors import SuiteError
from misusebench.policies.language import read_policy, shipped
from misusebench.reading import read_text
from misusebench.specs import guess


def policy_source(value: Any) -> Any:
    """Return what a policy component's `load` gets for the parameter `policy`.

    Parameters
    ----------
    value
        None for the component's own; the name of a shipped policy; a TOML file; a file in the
        engine's language; or that text itself, of several lines. All else goes to `load` as it is.

    Returns
    -------
    object
        None, a table with `name` and `text` of a policy in TOML, or a text in another language.

    Raises
    ------
    SuiteError
        If there is neither such a policy nor such a file, or the TOML is no policy.

    Examples
    --------
    >>> sorted(policy_source("eleven_rules"))
    ['name', 'text']
    """
    if not isinstance(value, str) or "\n" in value:
        return value
    if value in shipped() or Path(value).suffix == ".toml":
        return {"name": value, "text": read_policy(value).text}
    if Path(value).is_file():
        return read_text(Path(value))
    raise SuiteError(
        f"no policy {value}{guess(value, shipped())}; a policy is the name of a shipped one, "
        "a TOML file, or a file in the engine's own language"
    )
