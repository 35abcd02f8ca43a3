"""Groups of commands whose help is quick."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Group(TyperGroup):
    """A group that loads nothing to learn that its own help is not wanted.

    Typer takes an absent `--help` as None, and to make None a boolean it loads pydantic, which
    takes as long as all the rest of a command's help.
    """

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`, false where it is absent."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option
