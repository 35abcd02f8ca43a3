"""A detector that is a command in any language, behind the face of one in Python.

It runs inside the worker's confinement and speaks on its stdin and stdout, one JSON object a line
("ndjson") or such lines with Arrow IPC streams between them ("arrow"). The bench asks, the command
answers each question in order, and flushes:

====================================================== ==========================================
the bench                                              the command
====================================================== ==========================================
{"type":"hello","protocol":1,"seed":0}                 {"type":"info","name":"x","tiers":["T0"],
                                                       "needs":["officer_id"],"has":["fit"]}
{"type":"context","table":"roster/officers","n":2}, rows {"type":"ok"}
{"type":"fit","n":3}, rows of the history              {"type":"ok"}
{"type":"observe","table":"...","n":1}, rows           {"type":"ok"}
{"type":"score","n":2}, rows                           two lines, a number each
{"type":"feedback","n":1}, outcomes                    {"type":"ok"}
{"type":"alerts","now":0}                              {"type":"alerts","alerts":[[...]]}
{"type":"bye"}                                         ends
====================================================== ==========================================

Rows are one object a line and hold the columns of `needs` only (all, if there are none); times are
whole microseconds UTC, 64-bit keys are numbers (a double does not hold them: read them as text
to name them), what is null is left out. Under "arrow" rows are
``{"bytes":N}`` in the question and N bytes of an Arrow stream behind it, and scores are 8 bytes a
row, little endian, without any line. Questions about what `has` does not name are never asked.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.component import Alert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Form = Literal["ndjson", "arrow"]
PROTOCOL: Final = 1
_PIECE: Final = 1 << 16
_ROWS: Final = 65_536  # put into words at a time
_END_S: Final = 2.0  # a command that no longer reads has so long to end
_OPTIONAL: Final = ("fit", "observe", "feedback", "alerts")


class Command:
    """Starts the command and passes questions on.

    Parameters
    ----------
    command
        Its words; the first is the path of a program.
    form
        ``ndjson`` or ``arrow``.
    seed
        Told to the command.
    """

    def __init__(self, command: Sequence[str], form: Form = "ndjson", seed: int = 0) -> None:
        self._form = form
        self._process = subprocess.Popen(  # noqa: S603 - what the user wants judged, shut in
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            env=os.environ | {"OPENSSL_CONF": os.devnull},  # Node refuses to run without one
        )  # fmt: skip
        self._waiting, self._deaf = bytearray(), False
        info = self._ask({"type": "hello", "protocol": PROTOCOL, "seed": seed})
        if info.get("type") != "info":
            raise ValueError(f"hello must be answered by an info, got {info!r:.80}")
        self.name, self.version = str(info.get("name", "command")), str(info.get("version", ""))
        self.tiers, self.needs = tuple(info.get("tiers", ("T0",))), tuple(info.get("needs", ()))
        for method in _OPTIONAL:
            if method not in info.get("has", ()):
                setattr(self, method, None)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Send the context known at the end of the history, then the history."""
        for table, rows in context.items():
            self._tell({"type": "context", "table": table}, rows)
        self._tell({"type": "fit"}, self._needed(history))

    def observe(self, table: str, rows: pa.Table) -> None:
        """Send context rows."""
        self._tell({"type": "observe", "table": table}, rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Send a batch and read its scores."""
        rows = self._needed(pa.Table.from_batches([batch]))
        self._must_be_silent()
        # a command may answer each row at once: neither side must wait for the other to read
        writer = threading.Thread(target=self._send, args=({"type": "score"}, rows))
        writer.start()
        try:
            if self._form == "arrow":
                return np.frombuffer(self._read(8 * len(rows)), "<f8").copy()
            return np.array([_number(self._line()) for _ in range(len(rows))], np.float64)
        except BaseException:
            self._process.kill()  # else who stopped reading would never let the writer end
            raise
        finally:
            writer.join()
            self._must_listen()

    def feedback(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        """Send outcomes, one object a line whatever the form."""
        lines = [_dense(dict(one)) for one in outcomes]
        self._write("\n".join([_dense({"type": "feedback", "n": len(lines)}), *lines, ""]))
        self._ok()

    def alerts(self, now: int) -> list[Alert]:
        """Ask for alerts."""
        answer = self._ask({"type": "alerts", "now": now})
        return [Alert(*parts) for parts in answer.get("alerts", ())]

    def close(self) -> None:
        """Let the command end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._write('{"type":"bye"}\n')
        self._process.stdin.close()
        self._waiting += self._process.stdout.read()
        self._process.wait()
        self._process.stdout.close()
        self._must_be_silent()

    def _must_be_silent(self) -> None:
        """Refuse answers to what was not asked: they would be taken for the next ones."""
        pipe = self._process.stdout
        assert pipe is not None
        if not pipe.closed and select.select([pipe], [], [], 0)[0]:
            self._waiting += os.read(pipe.fileno(), _PIECE)
        if self._waiting:
            raise ValueError(f"it answered more than was asked: {bytes(self._waiting[:40])!r}")

    def _needed(self, rows: pa.Table) -> pa.Table:
        return rows.select(list(self.needs)) if self.needs else rows

    def _tell(self, question: dict[str, Any], rows: pa.Table) -> None:
        self._must_be_silent()
        self._send(question, rows)
        self._ok()

    def _ok(self) -> None:
        self._must_listen()
        answer = json.loads(self._line())
        if answer != {"type": "ok"}:
            raise ValueError(f'expected {{"type":"ok"}}, got {answer!r:.80}')

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self._must_be_silent()
        self._write(_dense(question) + "\n")
        answer = json.loads(self._line())
        if not isinstance(answer, dict):
            raise TypeError(f"expected an object, got {answer!r:.80}")
        return answer

    def _send(self, question: dict[str, Any], rows: pa.Table) -> None:
        question |= {"n": len(rows)}
        if self._form == "ndjson":
            self._write(_dense(question) + "\n")
            for first in range(0, len(rows), _ROWS):
                self._write("".join(lines_of(rows.slice(first, _ROWS))))
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        body = sink.getvalue()
        self._write(_dense(question | {"bytes": body.size}) + "\n", body)

    def _write(self, text: str, body: Any = b"") -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            for part in (memoryview(text.encode()), memoryview(body)):
                left = part.cast("B") if part.nbytes else part
                while left.nbytes:
                    left = left[pipe.write(left) :]
        except BrokenPipeError:
            self._end_of_reading()

    def _end_of_reading(self) -> None:
        """Let a command end that reads no more: who reads its answers is told how it ended.

        One that goes on all the same would be waited for until its time is over.
        """
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._deaf = True
            self._process.kill()

    def _must_listen(self) -> None:
        if self._deaf:
            raise ValueError("it closed the pipe that its questions come through")

    def _line(self) -> bytes:
        while (end := self._waiting.find(b"\n")) < 0:
            self._more()
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        return line

    def _read(self, size: int) -> bytes:
        while len(self._waiting) < size:
            self._more()
        found = bytes(self._waiting[:size])
        del self._waiting[:size]
        return found

    def _more(self) -> None:
        """Wait for more of an answer."""
        assert self._process.stdout is not None
        piece = os.read(self._process.stdout.fileno(), _PIECE)
        self._must_listen()
        if not piece:
            raise EOFError(f"the command ended with {self._process.wait()}")
        self._waiting += piece


def _dense(value: dict[str, Any]) -> str:
    """Return JSON without blanks, which a pattern finds more easily."""
    return json.dumps(value, separators=(",", ":"))


def _number(line: bytes) -> float:
    try:
        return float(line)
    except ValueError as error:
        raise ValueError(f"a score must be a number, got {line!r:.60}") from error


def lines_of(rows: pa.Table) -> list[str]:
    r"""Return each row as a JSON object with a line's end; what is null is left out.

    Column by column, since a loop over rows is several times slower.

    Examples
    --------
    >>> lines_of(pa.table({"a": [1, None], "b": ["x", 'say "y"']}))
    ['{"a":1,"b":"x"}\n', '{"b":"say \\"y\\""}\n']
    """
    if not len(rows):
        return []
    parts = [_fields(name, rows[name]) for name in rows.column_names]
    joined = pc.binary_join_element_wise(
        *parts, ",", null_handling="skip"
    ) if parts else pa.array([""] * len(rows))  # fmt: skip
    whole = pc.binary_join_element_wise("{", joined, "}\n", "")
    return whole.to_pylist()  # type: ignore[no-any-return]


def _fields(name: str, column: pa.ChunkedArray) -> pa.Array:
    """Return each value as ``"name":value``, null where it is null."""
    array = pa.concat_arrays(column.chunks) if column.num_chunks > 1 else column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    if pa.types.is_integer(array.type) or pa.types.is_boolean(array.type):
        text = array.cast(pa.string())
    elif pa.types.is_list(array.type):
        lists = array.to_pylist()
        text = pa.array([None if one is None else json.dumps(one) for one in lists], pa.string())
    else:  # texts, dates and floats: few different ones, or few rows
        coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        words = [json.dumps(word, default=str) for word in coded.dictionary.to_pylist()]
        text = pa.array(words, pa.string()).take(coded.indices)
    return pc.binary_join_element_wise(f"{json.dumps(name)}:", text, "")
