"""One tool for working on MisuseBench; needs nothing but Python 3.11 or newer.

python3 dev.py demo            make a data set, judge components on it, write the report
python3 dev.py test            lint and tests; --fast: not the slow ones, --long: all there are
python3 dev.py lint            ruff, mypy, import-linter
python3 dev.py bench [--quick] speed of the simulator, written to results/; bench --help
python3 dev.py bench DATA ...  misusebench bench DATA ...
python3 dev.py prove [NAME]    long proofs, written with date, versions and hashes to results/
python3 dev.py docs            renew the reference pages in docs/ from the code
python3 dev.py install         only make .venv
python3 dev.py lock            renew requirements.lock from pyproject.toml (needs uv)

The first call makes .venv (with uv where it is found, else with pip); later ones start at once.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - older ones parse this far, so they can be told
    import os
    import shutil

    for minor in (14, 13, 12, 11):
        newer = shutil.which("python3.%d" % minor)  # noqa: UP031
        if newer:
            os.execv(newer, [newer] + sys.argv)  # noqa: S606, RUF005
    sys.exit("dev.py needs Python 3.11 or newer, this is " + sys.version.split()[0])

import datetime as dt
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
LOCK = ROOT / "requirements.lock"
SOURCES = ("sim", "bench", "scenarios")
LINTERS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)
LOCK_HEAD = """\
# What the tests run with: exact versions with hashes for Python 3.11 to 3.14, by markers.
# Made from pyproject.toml: python3 dev.py lock (needs uv). No index is named: yours is used.
"""


class DevError(Exception):
    """Something a person at the keyboard can mend."""


def run(*command: str | Path, env: dict[str, str] | None = None) -> int:
    """Run a command in the root folder and return its exit code."""
    return subprocess.run([str(c) for c in command], cwd=ROOT, env=env, check=False).returncode


def tool(name: str) -> Path:
    """Return a command of the environment."""
    return VENV / "bin" / name


# --- the environment -------------------------------------------------------------------------


def install() -> None:
    """Make or renew .venv, unless it is as it should be."""
    wanted = fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    started = time.monotonic()
    print("making .venv (once) ...", file=sys.stderr)
    STAMP.unlink(missing_ok=True)
    if not (shutil.which("uv") and install_with_uv()):
        install_with_pip()
    STAMP.write_text(wanted)
    print(f".venv is ready after {time.monotonic() - started:.0f} s", file=sys.stderr)


def fingerprint() -> str:
    """Return what the environment depends on."""
    parts = [platform.python_version(), str(ROOT)]
    parts += [sha256(path) for path in (LOCK, ROOT / "pyproject.toml")]
    return "\n".join(parts) + "\n"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install_with_uv() -> bool:
    """Make .venv with uv; tell whether that worked."""
    pip = ("uv", "pip", "install", "--quiet", "--python", PYTHON, "--compile-bytecode")
    return (
        run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, VENV) == 0
        and run(*pip, "--require-hashes", "-r", LOCK) == 0
        and run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT) == 0
    )


def install_with_pip() -> None:
    """Make .venv with what Python brings along."""
    if run(sys.executable, "-m", "venv", "--clear", VENV):
        raise DevError(
            "no virtual environment could be made; on Debian: apt-get install python3-venv; "
            "or install uv"
        )
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if run(*pip, "--require-hashes", "-r", LOCK):
        raise DevError("pip could not install requirements.lock; its message is above")
    if run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT):
        raise DevError("pip could not install this project; its message is above")


def lock(_: Sequence[str]) -> int:
    """Renew requirements.lock."""
    if not shutil.which("uv"):
        raise DevError("dev.py lock needs uv")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copy(ROOT / "pyproject.toml", copy)
        export = ("uv", "export", "--quiet", "--all-extras", "--no-emit-project", "--no-header")
        done = subprocess.run(export, cwd=copy, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DevError(done.stderr.strip())
    LOCK.write_text(LOCK_HEAD + done.stdout)
    return 0


# --- checks ----------------------------------------------------------------------------------


def lint(_: Sequence[str] = ()) -> int:
    """Run all linters, and say which ones found something."""
    install()
    failed = [name for name, *rest in LINTERS if run(tool(name), *rest)]
    if failed:
        print(f"lint: {', '.join(failed)} found something", file=sys.stderr)
    return 1 if failed else 0


def test(arguments: Sequence[str]) -> int:
    """Run the tests, and the linters beside them; other arguments go to pytest."""
    install()
    which = ["-m", "not slow and not browser and not long" if "--fast" in arguments else "not long"]
    which = [] if "--long" in arguments else which
    rest = [a for a in arguments if a not in ("--fast", "--long")]
    # three at a time on two cores: many tests wait for a process or for a clock
    workers = ("-n", "3", "--dist", "worksteal")
    with tempfile.TemporaryFile("w+") as said:
        words = (sys.executable, ROOT / "dev.py", "lint")
        with subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=said) as linters:
            tested = run(PYTHON, "-m", "pytest", "-q", *workers, *which, *rest)
        said.seek(0)
        if linters.returncode:
            print(said.read(), file=sys.stderr)
    return tested or linters.returncode


# --- what it is for --------------------------------------------------------------------------


def demo(arguments: Sequence[str]) -> int:
    """Run the demo."""
    install()
    return run(tool("misusebench"), "demo", *arguments)


def bench(arguments: Sequence[str]) -> int:
    """Measure the simulator's speed, or with a data set first run ``misusebench bench``."""
    install()
    if arguments and not arguments[0].startswith("-"):
        return run(tool("misusebench"), "bench", *arguments)
    return run(PYTHON, "-m", "tests.speed", *arguments)


def prove(names: Sequence[str]) -> int:
    """Run the named proofs, or all, and write what they say to results/."""
    install()
    scripts = {path.stem: path for path in sorted((ROOT / "prove").glob("*.py"))}
    unknown = [name for name in names if name not in scripts]
    if unknown:
        raise DevError(f"no proof {', '.join(unknown)}; there are {', '.join(scripts) or 'none'}")
    failed = [name for name in names or scripts if not prove_one(name, scripts[name])]
    if failed:
        print(f"prove: {', '.join(failed)} failed; nothing of theirs was written", file=sys.stderr)
    return 1 if failed else 0


def prove_one(name: str, script: Path) -> bool:
    """Run one proof; write results/NAME.md (what it prints) and .json (the facts) if it holds."""
    print(f"proving {name} ...", file=sys.stderr)
    started, date = time.monotonic(), dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        numbers = Path(folder) / "numbers.json"
        env = {**os.environ, "PROOF_NUMBERS": str(numbers), "PROOF_FOLDER": folder}
        done = subprocess.run(
            [PYTHON, script], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=False
        )
        found = json.loads(numbers.read_text()) if numbers.exists() else {}
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        return False
    facts = {
        "name": name,
        "command": " ".join([*asked_for(), f"python3 dev.py prove {name}"]),
        "date": date.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 1),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "versions": versions(),
        "hashes": {"script": sha256(script), "source": source_hash(), "lock": sha256(LOCK)},
        "numbers": found,
    }
    results = ROOT / "results"
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
    (results / f"{name}.md").write_text(heading(facts) + done.stdout)
    print(done.stdout)
    return True


def asked_for() -> list[str]:
    """Return the settings by which a proof was asked for other than its usual."""
    ours = ("PROOF_NUMBERS", "PROOF_FOLDER")
    return [
        f"{name}={shlex.quote(value)}" for name, value in sorted(os.environ.items())
        if name.startswith("PROOF_") and name not in ours
    ]  # fmt: skip


def heading(facts: dict) -> str:
    """Return the lines that say when and with what a proof was run."""
    source = facts["hashes"]["source"][:16]
    return (
        f"<!-- written by `{facts['command']}` on {facts['date']}, {facts['seconds']} s on "
        f"{facts['machine']['cores']} cores, source {source}; "
        f"versions and hashes: {facts['name']}.json -->\n\n"
    )


def versions() -> dict[str, str]:
    """Return the versions in the environment."""
    folders = [str(path) for path in VENV.glob("lib/python*/site-packages")]
    found = {d.metadata["Name"]: d.version for d in metadata.distributions(path=folders)}
    return {"python": platform.python_version(), **dict(sorted(found.items()))}


def source_hash() -> str:
    """Return one hash over the source files and scenarios, by path."""
    whole = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(f"{path.relative_to(ROOT)} {sha256(path)}\n".encode())
    return whole.hexdigest()


def docs(_: Sequence[str]) -> int:
    """Write the reference pages that are made from the code."""
    install()
    return run(PYTHON, "-m", "misusebench.reference", ROOT / "docs")


def install_only(_: Sequence[str]) -> int:
    """Make the environment."""
    install()
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "bench": bench,
    "prove": prove,
    "docs": docs,
    "install": install_only,
    "lock": lock,
}


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(__doc__.strip())
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        print(
            f"dev.py: no command {arguments[0]}; there are {', '.join(COMMANDS)}", file=sys.stderr
        )
        return 2
    if arguments[0] != "bench" and {"-h", "--help"} & set(arguments[1:]):
        print(__doc__.strip())
        return 0
    # container images switch compiled files off; without them each run rewrites and compiles every
    # test again, in each process: a sixth of the fast tests' time
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except DevError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
