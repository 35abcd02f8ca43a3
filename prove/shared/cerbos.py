"""Cerbos, whose server comes in a package of npm: fetched, started on this machine, and ended."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import tarfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The version in which the fault of its batches was seen (a 31 MB package, 100 MB unpacked).
VERSION: Final = "0.55.0"
_PACKAGE: Final = "@cerbos/cerbos-linux-x64"
_PATIENCE_S: Final = 20.0


def fetched(folder: Path, version: str = VERSION) -> Path | None:
    """Return the server's program, None where npm or its registry cannot be had.

    Nothing of the package is run while it is fetched: `npm pack` only loads it.
    """
    npm = shutil.which("npm")
    if npm is None:
        return None
    asked = [npm, "pack", "--silent", f"{_PACKAGE}@{version}"]
    try:
        made = subprocess.run(
            asked, cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    name = made.stdout.strip().splitlines()[-1:] if made.returncode == 0 else []
    if not name:
        return None
    with tarfile.open(folder / name[0]) as packed:
        packed.extractall(folder, filter="data")
    program = folder / "package" / "cerbos-linux-x64"
    program.chmod(0o755)
    return program


@contextmanager
def served(program: Path, folder: Path, policies: dict[str, str]) -> Iterator[str]:
    """Give the address of a Cerbos server with some policies, by file name; it is ended after.

    Parameters
    ----------
    program
        The server.
    folder
        For its policies and configuration; made new.
    policies
        Texts of files.

    Raises
    ------
    RuntimeError
        If it does not start.
    """
    folder.mkdir()
    store = folder / "policies"
    store.mkdir()
    for name, text in policies.items():
        (store / name).write_text(text, encoding="utf-8")
    ports = _free(2)
    (folder / "conf.yaml").write_text(json.dumps(_configuration(ports, store)))  # JSON is YAML
    log = folder / "log.txt"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [program, "server", "--config", folder / "conf.yaml"], stdout=out, stderr=out,
            env={"HOME": str(folder), "CERBOS_NO_TELEMETRY": "1"},
        )  # fmt: skip
    try:
        _await(server, ports[0], log)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _configuration(ports: list[int], store: Path) -> dict[str, object]:
    return {
        "server": {
            "httpListenAddr": f"127.0.0.1:{ports[0]}", "grpcListenAddr": f"127.0.0.1:{ports[1]}",
            # It takes requests of one officer and resource together, as actions of one resource.
            "requestLimits": {"maxResourcesPerRequest": 500, "maxActionsPerResource": 500},
        },
        "telemetry": {"disabled": True},
        "storage": {
            "driver": "disk", "disk": {"directory": str(store), "watchForChanges": False},
        },
    }  # fmt: skip


def _free(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once it answers on its port."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            line.request("GET", "/_cerbos/health")
            if line.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise RuntimeError(f"Cerbos does not start: {log.read_text(errors='replace')[-1000:]}")
