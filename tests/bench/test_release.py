"""A data set with its audit inside: made, audited, described, packed, and gone on with."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from misusebench import archive
from misusebench.__main__ import main
from misusebench.errors import SuiteError
from misusesim.dataset.verify import verify
from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ASKED = ("release", "tiny", "--days", "7", "--workers", "1", "--not-again")
#: More misuse than a natural preset may have.
TOO_MUCH = (
    "release", "S-NAT-hard", "--days", "7", "--workers", "1", "--not-again",
    *(f"--set=misuse.{place}.officers_per_year=1" for place in (0, 1, 4, 5)),
)  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], out: Path, *more: str, code: int = 0) -> dict:
    """Run the command with --json and return what it says."""
    capsys.readouterr()
    assert main([*ASKED, "-o", str(out), "--json", *more]) == code
    return json.loads(capsys.readouterr().out)["data"]


def files(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a release in it; read only."""
    out = tmp_path_factory.mktemp("first")
    assert main([*ASKED, "-o", str(out), "-q"]) == 0
    return out


@pytest.fixture
def out(first: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    shutil.copytree(first, tmp_path / "out")
    return tmp_path / "out"


def test_what_is_there(first: Path) -> None:
    """Data set, archive and hash, and nothing else; the data set has the audit inside."""
    assert {path.name for path in first.iterdir()} == {
        "tiny-11", "tiny-11.tar", "tiny-11.tar.sha256",
    }  # fmt: skip
    assert {path.name for path in (first / "tiny-11").iterdir()} == {
        "README.md", "DATASHEET.md", "croissant.json", "audit.json", "audit.html", "SHA256SUMS",
        "manifest.json", "scenario.toml", "log", "context", "truth",
    }  # fmt: skip
    assert verify(first / "tiny-11") == []


def test_coreutils_agree(first: Path, tmp_path: Path) -> None:
    """`sha256sum -c` passes in the data set, on the archive and in what tar unpacks."""
    tar = shutil.which("tar")
    assert tar is not None
    subprocess.run([tar, "xf", first / "tiny-11.tar", "-C", tmp_path], check=True)
    for folder, name in [
        (first, "tiny-11.tar.sha256"),
        (first / "tiny-11", "SHA256SUMS"),
        (tmp_path / "tiny-11", "SHA256SUMS"),
    ]:
        subprocess.run(["sha256sum", "-c", "--quiet", "--strict", name], cwd=folder, check=True)
    named = {line[66:] for line in (tmp_path / "tiny-11/SHA256SUMS").read_text().splitlines()}
    assert named | {"SHA256SUMS"} == set(files(tmp_path / "tiny-11"))
    assert verify(tmp_path / "tiny-11") == []


def test_every_check_is_in_the_cards(first: Path) -> None:
    """Datasheet, Croissant and page have what audit.json has."""
    folder = first / "tiny-11"
    audit = json.loads((folder / "audit.json").read_text())
    assert (audit["failed"], audit["again"], audit["level"], audit["most"]) == (
        [], False, "medium", None,
    )  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert audit["dataset_hash"] == manifest["dataset_hash"]
    assert set(audit["auditor"]) == {"misusebench", "numpy", "scikit-learn", "source_sha256"}
    sheet, page = (folder / "DATASHEET.md").read_text(), (folder / "audit.html").read_text()
    described = json.loads((folder / "croissant.json").read_text())
    (record,) = (r for r in described["recordSet"] if r["name"] == "audit")
    assert len(audit["checks"]) == len(record["data"]) >= 20
    for check, told in zip(audit["checks"], record["data"], strict=True):
        assert f"| {check['id']} | {check['name']} | " in sheet
        assert f"| {check['verdict']} | " in sheet
        assert check["name"] in page
        assert told["audit/value"] == check["value"]
        assert told["audit/verdict"] == check["verdict"]
    assert "| Q17 | accounting | 0 | 0 rows | pass | generated - lost + doubled = " in sheet
    assert "Not measured on this data set: Q1, Q2, Q5, Q6, Q7, Q9, Q10, Q11, Q12" in sheet
    assert re.search(r"## Audit\nPassed\. \d+ checks", (folder / "README.md").read_text())


def test_a_release_does_not_move_the_hash(first: Path, tmp_path: Path) -> None:
    """Manifest and data are, byte for byte, those that `simulate` writes."""
    made = tmp_path / "made"
    assert main(["simulate", "tiny", "-o", str(made), "--days=7", "--workers=1", "-q"]) == 0
    plain, released = files(made), files(first / "tiny-11")
    changed = {"README.md", "DATASHEET.md", "croissant.json", "SHA256SUMS"}
    assert set(released) - set(plain) == {"audit.json", "audit.html"}
    assert {name for name in plain if plain[name] != released[name]} == changed


def test_again_in_another_place(first: Path, tmp_path: Path) -> None:
    """The same release gives the same bytes wherever it is made, with any number of workers."""
    out = tmp_path / "elsewhere"
    asked = [*ASKED[:4], "--workers", "2", "--not-again", "-o", str(out), "-q"]
    assert main(asked) == 0
    assert files(out) == files(first)


def test_members_of_the_archive(first: Path) -> None:
    """Nothing of the machine is in it; who reads from the start reads hashes and README first."""
    with tarfile.open(first / "tiny-11.tar") as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    assert names[:3] == ["tiny-11/SHA256SUMS", "tiny-11/README.md", "tiny-11/manifest.json"]
    assert names[3:] == sorted(names[3:])
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
        (315_532_800, 0, 0, "", "", 0o644)
    }


def test_the_same_command_again_does_nothing(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is made, audited or packed again; the answer is the same."""
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    found = told(capsys, out)
    assert found["passed"] is True
    assert found["failed"] == []
    assert found["days"] == 7
    digest = hashlib.sha256((out / "tiny-11.tar").read_bytes()).hexdigest()
    assert found["archive_sha256"] == digest
    assert found["archive_bytes"] == (out / "tiny-11.tar").stat().st_size
    assert (out / "tiny-11.tar.sha256").read_text() == f"{digest}  tiny-11.tar\n"
    assert main([*ASKED, "-o", str(out), "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([*ASKED, "-o", str(out)]) == 0
    assert f"{out}/tiny-11.tar, " in capsys.readouterr().out.replace("\n", "")
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("said", ["truth, ids", "packing"])
def test_killed_between_steps(said: str, first: Path, tmp_path: Path) -> None:
    """SIGKILL after any step leaves nothing that looks finished; the same command goes on."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "misusebench", *ASKED, "-o", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(said in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (out / "tiny-11.tar.sha256").exists()
    assert subprocess.run([*command, "-q"], check=False).returncode == 0
    assert files(out) == files(first)


@pytest.mark.parametrize(
    "gone",
    [
        ("tiny-11.tar.sha256",),
        ("tiny-11.tar", "tiny-11.tar.sha256", "tiny-11/SHA256SUMS"),
        ("tiny-11/README.md", "tiny-11/croissant.json"),
        ("tiny-11/audit.html",),
        ("tiny-11/audit.json",),
    ],
)
def test_goes_on_where_it_stopped(gone: tuple[str, ...], first: Path, out: Path) -> None:
    """What is missing is made again, and what was half-written under other names goes."""
    for name in gone:
        (out / name).unlink()
    (out / "tiny-11/.audit.json.77.tmp").write_text("{")
    (out / ".tiny-11.tar.77.tmp").write_text("half")
    assert main([*ASKED, "-o", str(out), "-q"]) == 0
    assert files(out) == files(first)


def test_the_audit_inside_is_used_if_it_is_the_one_asked_for(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another auditor's audit is made again; `--force` makes it again in any case."""
    assert main([*ASKED, "-o", str(out)]) == 0
    assert "audited " in capsys.readouterr().err
    path = out / "tiny-11/audit.json"
    whole = path.read_text()
    found = json.loads(whole)
    path.write_text(json.dumps({**found, "auditor": {**found["auditor"], "numpy": "1.0"}}))
    assert main([*ASKED, "-o", str(out)]) == 0
    assert "truth, ids and density" in capsys.readouterr().err
    assert path.read_text() == whole
    assert main([*ASKED, "-o", str(out), "--force"]) == 0
    said = capsys.readouterr().err
    assert "truth, ids and density" in said
    assert "packing " in said


def test_without_an_archive(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--no-pack` makes none, but leaves one that holds this very data set."""
    assert told(capsys, out, "--no-pack")["archive"] == str(out / "tiny-11.tar")
    (out / "tiny-11.tar.sha256").unlink()
    found = told(capsys, out, "--no-pack")
    assert (found["archive"], found["archive_bytes"], found["archive_sha256"]) == (None,) * 3
    assert [path.name for path in out.iterdir()] == ["tiny-11"]


def test_a_failed_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 5 names the check; no archive is left, and the data set says that it failed."""
    out = tmp_path / "out"
    stale = out / "S-NAT-hard-1.tar"
    out.mkdir()
    stale.write_text("of an earlier release")
    assert main([*TOO_MUCH, "-o", str(out), "--json"]) == 5
    said = capsys.readouterr()
    found = json.loads(said.out)["data"]
    assert (found["passed"], found["archive"]) == (False, None)
    assert found["failed"] == [
        "Q4 density", "Q4 promised officers", "Q4 queries of misuse", "Q4 promised queries",
    ]  # fmt: skip
    assert f"{out}/S-NAT-hard-1 failed its audit, so there is no archive: Q4 density" in said.err
    assert [path.name for path in out.iterdir()] == ["S-NAT-hard-1"]
    assert verify(out / "S-NAT-hard-1") == []
    text = (out / "S-NAT-hard-1/README.md").read_text()
    assert "FAILED: density, promised officers" in text
    assert "Do not use it to compare components." in text
    assert "it has about ten misuse queries." in text
    assert "this one has 7 days." in text
    assert "it is NOT the S-NAT-hard of the family." in text
    assert "| officers with misuse in a year | 1.00% |" in text
    assert "| queries that are misuse | at most about 2e-05 |" in text
    assert main([*TOO_MUCH, "-o", str(out), "-q"]) == 5
    assert "audited" not in capsys.readouterr().err


def test_a_world_without_misuse_is_audited_for_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounting and ids hold; what needs campaigns is not applicable."""
    asked = [*ASKED, "--set", "misuse=[]", "-o", str(tmp_path / "out"), "--json"]
    assert main(asked) == 0
    checks = json.loads(capsys.readouterr().out)["data"]["audit"]["checks"]
    verdicts = {check["name"]: check["verdict"] for check in checks}
    assert verdicts["accounting"] == "pass"
    assert verdicts["rules of one line"] == "not applicable"


def test_other_settings_need_another_folder(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written over that another command made."""
    before = files(out)
    assert main([*ASKED, "--set", "noise.lost_share=0", "-o", str(out), "-q"]) == 2
    assert "choose a new or empty folder" in capsys.readouterr().err
    assert files(out) == before


def test_one_release_at_a_time(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two do not write to the same folder."""
    handle = os.open(out / "tiny-11", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert main([*ASKED, "-o", str(out), "-q"]) == 2
    finally:
        os.close(handle)
    assert "another release is writing to" in capsys.readouterr().err


def test_a_changed_file_is_not_packed(out: Path) -> None:
    """A file is held against its hash as it is read; nothing half-written is left."""
    part = min((out / "tiny-11/log").iterdir())
    data = bytearray(part.read_bytes())
    data[50] ^= 1
    part.write_bytes(data)
    with pytest.raises(DatasetError, match="was changed: its hash is not that of SHA256SUMS"):
        archive.pack(out / "tiny-11", out / "tiny-11.tar")
    assert [path.name for path in out.iterdir()] == ["tiny-11"]


def test_a_missing_part_is_damage(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A data set that lost a part is not packed."""
    min((out / "tiny-11/truth/oddities").iterdir()).unlink()
    archive.drop(out / "tiny-11.tar")
    assert main([*ASKED, "-o", str(out), "-q"]) == 5
    assert "a00000.parquet is missing; `misusebench verify` tells more" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["tiny-11"]


def test_no_room_for_an_archive(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how much is needed, before anything is written."""
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000))
    with pytest.raises(SuiteError, match=r"needs 1 MB and there are 0 MB free.*--no-pack"):
        archive.pack(out / "tiny-11", out / "tiny-11.tar")


def test_an_archive_is_known_by_its_hash_and_its_first_member(out: Path) -> None:
    """One that was changed, has no hash, or is of another data set is none."""
    folder, to = out / "tiny-11", out / "tiny-11.tar"
    digest = hashlib.sha256(to.read_bytes()).hexdigest()
    assert archive.packed(folder, to) == digest
    sums = (folder / "SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_text("0" * 64 + "  z\n")
    assert archive.packed(folder, to) is None
    (folder / "SHA256SUMS").write_text(sums)
    with to.open("ab") as file:
        file.write(b"0")
    assert archive.packed(folder, to) is None
    archive.drop(to)
    archive.drop(to)
    assert archive.packed(folder, to) is None


def test_no_release_inside_a_data_set(tmp_path, capsys):
    """A folder that is a data set is refused: what is put into it would be strange to it."""
    made = tmp_path / "tiny"
    assert main(["simulate", "tiny", "-o", str(made), "--days", "7", "-q"]) == 0
    assert main(["release", "tiny", "-o", str(made), "-q", "--not-again"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "is a data set; name a folder for releases beside it" in said
    assert verify(made) == []
