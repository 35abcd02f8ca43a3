"""SARIF 2.1.0: one result a fault, at the rule that lost it or a line that the change touches.

In the text of a message brackets would begin a link and braces a placeholder, so both are escaped
(sections 3.11.5 and 3.11.6 of the standard).
"""

from __future__ import annotations

import hashlib
import posixpath
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from misusebench.gate.outputs.told import dumps, judged, meaning, plain
from misusebench.gate.verdict import INCONCLUSIVE

if TYPE_CHECKING:
    from misusebench.gate.verdict import Check, Verdict

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: Where a fault is that lies nowhere else: readers refuse a whole log for one without a place.
_LAST: Final = "gate.toml"
_LITERAL: Final = str.maketrans(
    {"\\": "\\\\", "[": "\\[", "]": "\\]", "{": "{{", "}": "}}"}
)  # fmt: skip


def render(verdict: Verdict) -> str:
    """Return the faults of a verdict as a SARIF log; without one it has no results."""
    rules = {_rule(check): check for check in judged(verdict)}
    order = {name: nth for nth, name in enumerate(rules)}
    driver = {
        "name": "misusebench gate",
        "semanticVersion": metadata.version("misusebench"),
        "rules": [_described(name, check) for name, check in rules.items()],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "misusebench-gate/"},
        "columnKind": "utf16CodeUnits",
        "results": [_result(check, order, verdict.strict) for check in verdict.faults],
    }
    if verdict.only:  # what is not named here was not judged
        run["properties"] = {"only": [plain(name) for name in verdict.only]}
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(check: Check) -> str:
    """Return the id of what was judged: the side, and the metric without its kind."""
    return f"{check.side}/{plain(check.metric.partition('/')[0]) or 'valid'}"


def _described(name: str, check: Check) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.replace("/", " "),
        "shortDescription": {"text": meaning(check).translate(_LITERAL)},
        "defaultConfiguration": {"level": "error"},
    }


def _result(check: Check, rules: dict[str, int], strict: bool) -> dict[str, Any]:
    unsure = check.status == INCONCLUSIVE and not strict
    # the same fault of the next run is the same one to whoever tracks them
    what = f"{check.side}\x1f{check.dataset}\x1f{check.component}\x1f{check.metric}"
    mark = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": _rule(check),
        "ruleIndex": rules[_rule(check)],
        "level": "warning" if unsure else "error",
        "message": {"text": plain(check.message).translate(_LITERAL)},
        "partialFingerprints": {"misusebench/v1": mark},
        "properties": {
            "dataset": plain(check.dataset), "component": plain(check.component),
            "metric": plain(check.metric), "status": check.status,
            **{part: value for part in ("base", "head", "change", "margin", "reproduce",
                                        "worst_kind", "missed_campaign")
               if (value := getattr(check, part)) is not None},
        },
    }  # fmt: skip
    place = {
        "artifactLocation": {"uri": _uri(check.file or _LAST)},
        "region": {"startLine": max(1, check.line or 1)},
    }
    result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(file: str) -> str:
    """Return a file, told from the working folder, as code review wants it: from the repository."""
    here = Path.cwd().resolve()
    top = next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
    whole = posixpath.normpath(posixpath.join(here.as_posix(), file))
    below = top.as_posix().rstrip("/") + "/"
    found = whole.removeprefix(below) if whole.startswith(below) else file
    return quote(found.encode("utf-8", "surrogatepass"))
