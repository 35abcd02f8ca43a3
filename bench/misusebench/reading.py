"""Reading files that people write and that may be wrong."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from misusebench.errors import SuiteError


def read_text(path: str | Path) -> str:
    """Return the text of a file.

    Raises
    ------
    SuiteError
        If it cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SuiteError(f"{path} is not text in UTF-8: {error}") from error


def toml_of(path: str | Path, text: str) -> dict[str, Any]:
    """Return what the text of a TOML file says.

    Raises
    ------
    SuiteError
        If it is not TOML, with the line where the reader gave up.
    """
    try:
        return tomllib.loads(text)
    except ValueError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else str(path)
        raise SuiteError(f"{where}: not TOML: {error}") from error


def json_of(path: str | Path, text: str) -> Any:
    """Return what the text of a JSON file says.

    Raises
    ------
    SuiteError
        If it is not JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise SuiteError(f"{path} is not JSON: {error}") from error
