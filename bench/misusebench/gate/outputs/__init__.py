"""A verdict as a file for somebody else: CI servers, code review, trend charts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from misusebench.errors import SuiteError
from misusebench.gate.outputs import (
    action_benchmark,
    bencher,
    junit,
    own,
    pytest_benchmark,
    sarif,
    step_summary,
)
from misusebench.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.gate.verdict import Verdict

__all__ = ["FORMATS", "write"]

#: Name of a format -> what a verdict is in it.
FORMATS: Final[dict[str, Callable[[Verdict], str]]] = {
    "junit": junit.render,
    "sarif": sarif.render,
    "summary": step_summary.render,
    "bencher": bencher.render,
    "action-benchmark": action_benchmark.render,
    "pytest-benchmark": pytest_benchmark.render,
    "json": own.render,
}


def write(verdict: Verdict, name: str, path: str | Path) -> list[Path]:
    """Write a verdict in a format; return what was written.

    Parameters
    ----------
    verdict
        What the gate said.
    name
        One of `FORMATS`. ``action-benchmark`` writes two files, STEM-bigger.json and
        STEM-smaller.json, for its consumer is told for a whole file which way is better.
    path
        The file.

    Raises
    ------
    SuiteError
        If there is no such format, or the file cannot be written.
    """
    if name not in FORMATS:
        raise SuiteError(f"no output format {name}; there are {', '.join(FORMATS)}")
    target = Path(path)
    texts = {target: FORMATS[name](verdict)}
    if name == "action-benchmark":
        texts = {
            target.with_name(f"{target.stem}-{way}{target.suffix or '.json'}"): text
            for way, text in action_benchmark.both(verdict).items()
        }
    for file, text in texts.items():
        write_atomically(file, text.encode())
    return list(texts)
