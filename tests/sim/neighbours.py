"""Plans made one by one, put together: the oracle of the engine's road over neighbours in one."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from misusesim.plan import SERIAL_BITS, Block, Cases, Incidents


def block_of(plans):
    """Return the block of some plans, in their order."""
    officers = _firsts_of([len(plan.officers) for plan in plans])
    terminals = _firsts_of([len(plan.terminals.kind) for plan in plans])
    campaigns = _firsts_of([len(plan.campaigns.kind) for plan in plans])
    moves = [
        _Move(int(o), int(t), int(c), place << SERIAL_BITS)
        for place, (o, t, c) in enumerate(
            zip(officers[:-1], terminals[:-1], campaigns[:-1], strict=True)
        )
    ]
    moved = [_moved(plan, move) for plan, move in zip(plans, moves, strict=True)]
    return Block(
        agencies=tuple(plan.agency for plan in plans),
        officer_place=np.repeat(np.arange(len(plans), dtype=np.int16), np.diff(officers)),
        terminal_place=np.repeat(np.arange(len(plans), dtype=np.int16), np.diff(terminals)),
        **{name: _joined([one[name] for one in moved]) for name in moved[0]},
    )


@dataclass(frozen=True, slots=True)
class _Move:
    """By how much references of one plan move in a block."""

    officer: int
    terminal: int
    campaign: int
    serial: int


def _firsts_of(sizes):
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _shift(column, by):
    """Return references moved; what refers to nothing (negative) stays."""
    return np.where(column >= 0, column + by, column).astype(column.dtype)


def _by_serial(kind, files):
    order = np.argsort(files.serial, kind="stable")
    return kind(*(getattr(files, f.name)[order] for f in fields(kind)))


def _moved(plan, by):
    """Return the groups of columns of a plan with their references moved."""
    people, work = plan.officers, plan.occasions
    files, cases = _by_serial(Incidents, plan.incidents), _by_serial(Cases, plan.cases)
    return {
        "officers": replace(
            people, units=(), car_terminal=_shift(people.car_terminal, by.terminal),
            desk_terminal=_shift(people.desk_terminal, by.terminal),
        ),
        "terminals": plan.terminals,
        "occasions": replace(
            work, officer=_shift(work.officer, by.officer),
            campaign=_shift(work.campaign, by.campaign),
            **{name: _shift(getattr(work, name), by.serial)
               for name in ("incident", "case", "says_case", "says_incident")},
        ),
        "incidents": replace(
            files, serial=files.serial + by.serial,
            officer=_shift(files.officer, by.officer),
            dispatcher=_shift(files.dispatcher, by.officer),
        ),
        "cases": replace(
            cases, serial=cases.serial + by.serial, officer=_shift(cases.officer, by.officer)
        ),
        "campaigns": replace(
            plan.campaigns, asks_for=_shift(plan.campaigns.asks_for, by.officer),
            seat=_shift(plan.campaigns.seat, by.officer),
        ),
        "suspensions": replace(
            plan.suspensions, officer=_shift(plan.suspensions.officer, by.officer)
        ),
    }  # fmt: skip


def _joined(parts):
    """Return groups of columns of one kind one below the other."""
    columns = {}
    for f in fields(parts[0]):
        values = [getattr(part, f.name) for part in parts]
        whole = isinstance(values[0], np.ndarray)
        columns[f.name] = np.concatenate(values) if whole else values[0]
    return type(parts[0])(**columns)
