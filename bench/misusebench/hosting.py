"""Where a component runs: in a worker of ours that shuts it in, or elsewhere and we ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from misusebench.isolation import Worker
from misusebench.our_side import OurSide
from misusebench.remote import Remote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from misusebench.confinement import Limits
    from misusebench.suite import ComponentSpec

#: What answers for a component.
Hosting: TypeAlias = Worker | Remote | OurSide


def hosted(
    spec: ComponentSpec, limits: Limits | None = None, *, hide: Sequence[str | Path] = (),
    unsafe: bool = False,
) -> Hosting:  # fmt: skip
    """Return what answers for a component; a context manager.

    Parameters
    ----------
    spec
        The component.
    limits
        What it may use.
    hide
        Folders that it must not reach.
    unsafe
        Go on where it cannot be shut in.
    """
    if spec.url:
        return Remote(spec.url, limits)
    if spec.our_side:
        return OurSide(limits)
    return Worker(
        limits, search=spec.search, module=spec.module, program=spec.program,
        files=[path for _, path in spec.files], hide=hide, unsafe=unsafe,
    )  # fmt: skip
