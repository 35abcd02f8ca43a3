"""One component on the seeds of one scenario: is it there, does it work, what did it lose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from misusebench.gate.losses import Loss, loss, pooled
from misusebench.gate.missed import is_of_misuse, missed_campaign, worst_kind
from misusebench.gate.verdict import FAILED, INCONCLUSIVE, NEW, NOTED, PASS, REGRESSION, Check
from misusebench.gate.wording import command, told_loss, with_places
from misusebench.metrics import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.gate.margins import Margins
    from misusebench.gate.missed import Pair
    from misusebench.gate.worlds import World


def component_checks(component: str, where: Sequence[World], limits: Margins) -> list[Check]:
    """Return the checks of a component on the worlds of one scenario.

    Where it is on several seeds, every metric is judged once, on all of them together; the single
    seeds are told. What has vanished or failed on any seed fails.

    Parameters
    ----------
    component
        In base, in head or in both.
    where
        The scenario's worlds.
    limits
        Margins.
    """
    found, sound = [], []
    for world in where:
        if component not in world.base["components"]:
            if component in world.head["components"]:
                found.append(_new(component, world))
            continue
        check = _broken(component, world)
        if check is None:
            sound.append(world)
        else:
            found.append(with_places(check, world, command(world, component)))
    metrics = dict.fromkeys(
        name for w in sound for side in w.pair(component) for name in side["metrics"]
    )
    for name in metrics:
        found += _metric_checks(component, name, sound, limits)
    return found


def _new(component: str, world: World) -> Check:
    one = world.results[component]
    message = f"{component} is new and not in the baseline"
    if not one.failed:
        return Check(world.shown, component, "", NEW, message)
    check = Check(world.shown, component, "", FAILED, f"{message}, and failed: {one.state}")
    return with_places(check, world, command(world, component))


def _broken(component: str, world: World) -> Check | None:
    """Return why nothing of a component can be compared, None if it can."""
    before, after = (side["components"].get(component) for side in (world.base, world.head))
    if after is None:
        message = f"{component} has vanished from the run on {world.shown}"
        return Check(world.shown, component, "", REGRESSION, message)
    one = world.results[component]
    if before["state"] != "ok" and not one.failed:
        return None if before["state"] == after["state"] else _unknown(component, world)
    if after["state"] == "ok":
        return None
    why = "; ".join(one.reasons) or after["state"]
    status = REGRESSION if after["state"] == "not_applicable" else FAILED
    message = f"{component} on {world.shown}: {after['state']}: {why}"
    return Check(world.shown, component, "", status, message)


def _unknown(component: str, world: World) -> Check:
    """Return what is said where base did not work and head does: nothing can be compared."""
    before, after = world.pair(component)
    why = "; ".join(before.get("reasons", ())) or "no reason is kept"
    message = (
        f"{component} on {world.shown}: base is {before['state']} ({why}) and head is "
        f"{after['state']}, so nothing can be compared; bounds of gate.toml hold all the same"
    )
    return Check(world.shown, component, "", INCONCLUSIVE, message)


def _metric_checks(
    component: str, name: str, where: Sequence[World], limits: Margins
) -> list[Check]:
    found, judged, losses = [], [], []
    for world in where:
        base, head = world.pair(component)
        if name not in base["metrics"]:
            if name in head["metrics"]:
                message = f"{component}: {name} is new"
                found.append(Check(world.shown, component, name, NEW, message))
            continue
        before = base["metrics"][name]["value"]
        if before is None:
            continue
        known = name.partition("/")[0] in REGISTRY  # base may be of a version that had another
        if not known or head["metrics"].get(name, {}).get("value") is None:
            there = known and name in head["metrics"]
            gone = "is undefined" if there else "has vanished"
            message = f"{component} on {world.shown}: {name} was {before:.4f} and {gone}"
            check = Check(world.shown, component, name, REGRESSION, message, before)
            found.append(with_places(check, world, command(world, component)))
            continue
        judged.append(world)
        losses.append(loss(name, base, head, limits))
    if len(judged) == 1:
        return [*found, _loss_check(component, losses[0], judged, judged[0].shown)]
    for world, one in zip(judged, losses, strict=True):
        check = _check(component, one, world.shown, world.shown)
        found.append(replace(check, status=NOTED))
    if judged:
        both = pooled(losses)
        # the command shows the seed that lost most
        order = sorted(range(len(losses)), key=lambda n: losses[n].worse, reverse=True)
        shown = f"{judged[0].name}, mean of {len(judged)} seeds"
        found.append(_loss_check(component, both, [judged[n] for n in order], shown))
    return found


def _check(component: str, one: Loss, dataset: str, shown: str) -> Check:
    low, high = one.ends or (None, None)
    return Check(
        dataset, component, one.metric, one.status, told_loss(component, shown, one),
        one.base, one.head, one.change, low, high, one.margin, non_inferior=one.non_inferior,
    )  # fmt: skip


def _loss_check(component: str, one: Loss, where: Sequence[World], shown: str) -> Check:
    """Return the check that decides; if it does not pass, with all that helps to find out why."""
    dataset = where[0].shown if len(where) == 1 else where[0].name
    check = _check(component, one, dataset, shown)
    if check.status == PASS:
        return check
    if not is_of_misuse(one.metric):
        return with_places(check, where[0], command(where[0], component))
    pairs = [world.pair(component) for world in where]
    message, worst = check.message, worst_kind(pairs, one.metric)
    if worst is not None:
        message += f"; worst for {worst[0]} (-{worst[1]:.4f})"
    missed, at = _missed(pairs, worst[0] if worst else None)
    if missed is not None:
        message += f"; misses campaign {missed[0]} ({missed[1]})"
        message += f" of {where[at].shown}" if len(where) > 1 else ""
    campaign = missed[0] if missed else None
    check = replace(
        check, message=message, worst_kind=worst[0] if worst else None, missed_campaign=campaign
    )
    return with_places(check, where[at], command(where[at], component, campaign))


def _missed(pairs: Sequence[Pair], kind: str | None) -> tuple[tuple[str, str] | None, int]:
    """Return a campaign that head misses, of the kind if there is one, and the place of its world.

    Worlds come in the order of what they lost.
    """
    lost = [(missed_campaign(pair, kind), nth) for nth, pair in enumerate(pairs)]
    told = [one for one in lost if one[0] is not None]
    return min(told, key=lambda one: (one[0] is not None and one[0][1] != kind, one[1]),
               default=(None, 0))  # fmt: skip
