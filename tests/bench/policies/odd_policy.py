"""A policy that uses all there is in the language, with names and texts that engines mistake."""

from __future__ import annotations

import json
from typing import Final

from misusebench.policies.language import read_policy

#: Marks, escapes and letters that some engine's text reads as its own.
TEXTS: Final = (
    "it's", 'say "x"', "a && b || !c", "p.rule, r.x", "back\\slash", "line\nend", "tab\there",
    "\u00e9\u4e2d\U0001f600", "(x]", "x; y // z -- w", "{{}}", "\x07\x08\x0c\x1f", "%s $1", "null",
    "a\\b", "x\\u1234", "\\\\n", "two\u2028lines", "next\x85line\x9f", "\\u{41}", "\ufeffx",
)  # fmt: skip
_LONG: Final = ", ".join(repr(f"role_{n}") for n in range(300))
_TOML: Final = f"""\
name = "odd"

[facts]
"context.default" = "text"
"action.has" = "number"
"context.limit" = "number"
"database.words" = "texts"
"context.level" = {{ default = 3 }}
"officer.nick" = {{ default = "none" }}
"context.flagged" = {{ default = false }}
"context.team" = {{ default = ["A"] }}

[lists]
odd = [{", ".join(json.dumps(text, ensure_ascii=False) for text in TEXTS)}]
many = [{_LONG}]
levels = [1, 2, 5]

[tables.may]
A = ["A", "B"]
B = ["B", "role_7"]
"it's" = ["unknown"]
none = []

[define]
late = "context.limit > context.level or action.has <= -3"

[permit]
id = "MAY"
when = "officer.role in may[database.id] or officer.role in many"

[[rule]]
id = "ODD"
when = "context.default in odd and not (late and context.flagged)"

[[rule]]
id = "SAME"
when = "officer.id == officer.nick or query.id == context.default or officer.nick != officer.role"

[[rule]]
id = "LEVEL"
when = "context.level not in levels and not late"

[[rule]]
id = "LIST"
unless = "officer.agency in context.team"
when = "officer.agency in database.words and officer.agency != 'B'"

[[rule]]
id = "NUMBERS"
when = "context.limit == action.has or 5 < context.limit or context.level != action.has and late"

[[rule]]
id = "NOTNOT"
when = "not (not (context.flagged or action.name == 'share') or officer.agency == 'A')"
"""
CHALLENGED: Final = 'id = "SAME"\neffect = "challenge"'


def odd_policy(*, challenges: bool = True):
    """Return the policy, with a rule that challenges or with none."""
    text = _TOML.replace('id = "SAME"', CHALLENGED) if challenges else _TOML
    return read_policy("odd", text)
