"""How often a worker's use is looked at: seldom while it is calm, at every poll else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from misusebench import conversation
from misusebench.confinement import Limits
from misusebench.conversation import Conversation

LOOK_S = 0.01


@pytest.fixture
def looked(monkeypatch):
    """Return a conversation, what its worker is said to use, and when that was looked at."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    clock, use, looks = [0.0], [10.0, 3], []

    def use_of(_pid):
        looks.append(round(clock[0], 2))
        clock[0] += LOOK_S
        return use[0], use[1]

    monkeypatch.setattr(conversation, "use_of", use_of)
    monkeypatch.setattr(conversation.time, "monotonic", lambda: clock[0])
    talk = Conversation(process, Limits(memory_mb=100))

    def polls(count):
        looks.clear()
        for _ in range(count):
            clock[0] += 0.05
            talk._watch(1e9, 1.0)
        return len(looks)

    yield use, polls
    monkeypatch.undo()
    os.write(process.stdin.fileno(), b"\n")
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()


def test_a_calm_worker_is_looked_at_seldom(looked):
    """Twenty times what a look takes lies between two looks: 0.2 s, four polls."""
    _, polls = looked
    assert 20 <= polls(100) <= 30


@pytest.mark.parametrize("use", [(51.0, 3), (10.0, 4), (99.0, 20)])
def test_a_worker_that_grows_or_starts_others_is_looked_at_at_every_poll(looked, use):
    """From half its memory on, or with a process of its own."""
    told, polls = looked
    polls(10)
    told[:] = use
    polls(10)
    assert polls(50) == 50
