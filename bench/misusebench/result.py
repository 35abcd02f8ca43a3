"""The result of one component on one data set: a JSON file and its raw scores beside it.

Everything outside ``ungated`` depends on data, component, parameters and seeds alone: no wall
clock, no machine, no path. Two equal runs differ in nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import io
import json
import math
import os
import sys
import tempfile
import tokenize
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from misusebench.errors import SuiteError
from misusebench.reading import json_of, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from misusebench.component import Alert

SCHEMA_VERSION: Final = "1"
STATES: Final = ("ok", "not_applicable", "timeout", "oom", "crash", "invalid")
#: Columns of a component's own alerts.
ALERTS: Final = pa.schema({
    "level": pa.string(), "key": pa.string(), "time_us": pa.int64(), "score": pa.float64(),
    "evidence": pa.list_(pa.uint64()), "reason": pa.string(), "rule": pa.string(),
})  # fmt: skip
_SILENT: Final = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING)


@dataclass(slots=True)
class Result:
    """What one component was worth on one data set (DESIGN.md 4.4)."""

    dataset: dict[str, Any]  # name, hash, rows, scored_rows, history_end_us
    scenario_hash: str
    component: dict[str, Any]  # kind, name, target, version, parameters, source_sha256
    tier: str  # granted and used
    seeds: dict[str, int]
    isolation: dict[str, Any]  # level, not_stopped
    state: str  # of STATES
    reasons: list[str] = field(default_factory=list)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    diagnostics: dict[str, Any] = field(default_factory=dict)
    #: Metrics of speed, timing, machine, last words: never part of a comparison.
    ungated: dict[str, Any] = field(default_factory=dict)
    schema_version: str = SCHEMA_VERSION

    @property
    def name(self) -> str:
        """The component's name in this run."""
        return str(self.component["name"])

    @property
    def valid(self) -> bool:
        """Whether the result may be compared at all."""
        return self.state == "ok"

    @property
    def failed(self) -> bool:
        """Whether the component failed: not so where it was not applicable."""
        return self.state not in ("ok", "not_applicable")

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the result file."""
        return clean({**asdict(self), "valid": self.valid})  # type: ignore[no-any-return]

    def gated(self) -> dict[str, Any]:
        """Return the part that two equal runs share."""
        return {key: value for key, value in self.as_json().items() if key != "ungated"}


def metrics_json(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return metric values as JSON objects; what is undefined is null and has a reason.

    Parameters
    ----------
    values
        Objects with `value`, `low`, `high`, `unit`, `direction`, `n` and maybe `reason` and `note`.
    """
    found = {}
    for name, metric in values.items():
        entry = {
            part: _number(getattr(metric, part, None))
            for part in ("value", "low", "high", "unit", "direction", "n")
        }
        if note := getattr(metric, "note", None):
            entry["note"] = note
        if entry["value"] is None:
            entry["reason"] = getattr(metric, "reason", None) or "not defined on this data"
        found[name] = entry
    return found


def _number(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def clean(value: Any) -> Any:
    """Return `value` as plain JSON: numpy scalars become numbers, what is not finite null."""
    if isinstance(value, dict):
        return {str(key): clean(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(part) for part in value]
    if hasattr(value, "tolist") and not isinstance(value, (str, bytes)):
        return clean(value.tolist())
    return _number(value)


def dumps(value: Any) -> str:
    """Return JSON text with sorted keys, one entry a line, without NaN."""
    return json.dumps(clean(value), sort_keys=True, indent=1, allow_nan=False) + "\n"


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    SuiteError
        If that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuiteError(f"{folder} cannot be made: {error.strerror}; choose another") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises
    ------
    SuiteError
        If it cannot be written there.
    """
    make_folder(path.parent)
    if path.is_dir():
        raise SuiteError(f"{path} is a folder; name a file in it")
    try:
        _write(path, data)
    except OSError as error:
        raise SuiteError(f"{path} cannot be written: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def save(result: Result, folder: Path) -> Path:
    """Write ``results/NAME.json`` below a run's folder; return its path."""
    path = folder / "results" / f"{result.name}.json"
    write_atomically(path, dumps(result.as_json()).encode())
    return path


def save_scores(table: pa.Table, folder: Path, name: str) -> Path:
    """Write ``scores/NAME.parquet`` below a run's folder; return its path."""
    return _save_table(table, folder / "scores" / f"{name}.parquet")


def save_followed(table: pa.Table, folder: Path, name: str) -> Path:
    """Write ``followed/NAME.parquet`` below a run's folder; return its path."""
    return _save_table(table, folder / "followed" / f"{name}.parquet")


def save_alerts(alerts: Sequence[Alert], folder: Path, name: str) -> Path:
    """Write a component's own alerts to ``alerts/NAME.parquet``; return its path."""
    rows = [alert._asdict() for alert in alerts]
    return _save_table(pa.Table.from_pylist(rows, ALERTS), folder / "alerts" / f"{name}.parquet")


def _save_table(table: pa.Table, path: Path) -> Path:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    write_atomically(path, sink.getvalue())
    return path


def load(path: str | Path) -> Result:
    """Read a result file.

    Raises
    ------
    SuiteError
        If it is not one: what is missing or wrong.
    """
    data = json_of(path, read_text(path))
    faults = _faults(data)
    if faults:
        raise SuiteError(f"{path} is not a result: {'; '.join(faults)}")
    names = {f.name for f in fields(Result)}
    return Result(**{key: value for key, value in data.items() if key in names})


_TYPES: Final = {
    "dataset": dict, "scenario_hash": str, "component": dict, "tier": str, "seeds": dict,
    "isolation": dict, "state": str, "reasons": list, "metrics": dict, "diagnostics": dict,
    "ungated": dict, "valid": bool,
}  # fmt: skip


def _faults(data: Any) -> list[str]:
    if not isinstance(data, dict):
        return ["it must be a JSON object"]
    if data.get("schema_version") != SCHEMA_VERSION:
        version = data.get("schema_version")
        return [f"its schema_version is {version!r}, this package reads {SCHEMA_VERSION!r}"]
    faults = [
        f"{key} must be {kind.__name__}, got {type(data.get(key)).__name__}"
        for key, kind in _TYPES.items()
        if not isinstance(data.get(key), kind)
    ]
    if faults:
        return faults
    if data["state"] not in STATES:
        faults.append(f"state must be one of {', '.join(STATES)}, got {data['state']!r}")
    if not isinstance(data["component"].get("name"), str):
        faults.append("component.name must be str")
    for name, metric in data["metrics"].items():
        if not isinstance(metric, dict) or not {"value", "unit", "direction"} <= set(metric):
            faults.append(f"metrics.{name} must have value, unit and direction")
        elif not is_number(metric["value"]):
            faults.append(f"metrics.{name}.value must be a number or null: {metric['value']!r:.40}")
    return faults


def is_number(value: Any) -> bool:
    """Tell whether a value from JSON is a number or null."""
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def load_run(folder: str | Path) -> tuple[dict[str, Any], list[Result]]:
    """Read ``run.json`` and the results of a run, in the run's order.

    Raises
    ------
    SuiteError
        If the folder holds no run.
    """
    path = Path(folder) / "run.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        names = [str(name) for name in data["components"]]
        fault = _fault_of_run(data)
    except OSError as error:
        raise SuiteError(f"{folder} holds no run: {path} is missing; make one with "
                         "`misusebench bench`") from error  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise SuiteError(f"{path} is not a run: {error!r}") from error
    if fault:
        raise SuiteError(f"{path} is not a run that can be read: {fault}")
    return data, [load(Path(folder) / "results" / f"{name}.json") for name in names]


def _fault_of_run(data: dict[str, Any]) -> str:
    """Return what is wrong with a ``run.json``, nothing if all is well."""
    if data.get("schema_version") != SCHEMA_VERSION:
        told = data.get("schema_version")
        return f"its schema_version is {told!r:.40}, this package reads {SCHEMA_VERSION!r}"
    if not isinstance(data["components"], list):
        return "components must be a list of names"
    for key in ("dataset", "ungated"):
        if not isinstance(data.get(key, {}), dict):
            return f"{key} must be an object"
    return ""


def source_sha256(target: str, search: Sequence[str] = ()) -> str | None:
    """Return the SHA-256 of the tokens of a component's module, None if it has no source.

    Comments and blank lines do not count; the module is found without importing it.
    """
    path = module_file(target.partition(":")[0], [*search, *sys.path])
    if path is None:
        return None
    digest = hashlib.sha256()
    for token in _tokens(path):
        digest.update(f"{token.type}\x1f{token.string}\x1e".encode())
    return digest.hexdigest()


def command_sha256(words: Sequence[str], files: Sequence[str]) -> str:
    """Return the SHA-256 of a command's words and of the bytes of its program and files."""
    digest = hashlib.sha256("\x1e".join(words).encode())
    for name in files:
        with Path(name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _tokens(path: Path) -> Iterable[tokenize.TokenInfo]:
    with path.open("rb") as file:
        yield from (t for t in tokenize.tokenize(file.readline) if t.type not in _SILENT)


def module_file(module: str, places: Sequence[str]) -> Path | None:
    """Return the source file of a module, looked for in folders; it is not imported."""
    at: Sequence[str] | None = [place for place in places if place]
    name = ""
    spec = None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        if at is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, at)
        if spec is None:
            return None
        at = spec.submodule_search_locations
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)
