"""Generators in Java: compiled from their sources, and run.

Both need libraries for a part of theirs that is not used here; that class is replaced by one that
does nothing, so the JDK, MASON and JSON-java are enough.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from shared.checkouts import Checkout, unpack
from shared.environments import ran

if TYPE_CHECKING:
    from pathlib import Path

    from shared.generators import Place

AMLSIM: Final = Checkout("IBM/AMLSim", "7338a4bcb1af9bcfea2201ad7daccfe2a4d569ca")
PAYSIM: Final = Checkout("EdgarLopezPhD/PaySim", "d1feae8327ff2317771f3658f14d214cbf897dab")
MASON: Final = Checkout(
    "eclab/mason", "43c501ca5fb30f3549f4271d163fcd69561855e1", ("mason/src/main/java",)
)
JSON: Final = Checkout(
    "stleary/JSON-java", "1795e8cf26229229e7ab6fe4aeab0f51ffecda5a", ("src/main/java",)
)
_NO_DIAMETER: Final = """
package amlsim.stat;
public class Diameter {
    public Diameter(int accounts) { }
    public void addEdge(String from, String to) { }
    public double[] computeDiameter() { return new double[2]; }
}
"""
_NO_DEALERS: Final = """
package org.paysim.paysim.actors.networkdrugs;
public class NetworkDrug {
    public static void createNetwork(org.paysim.paysim.PaySim world, String file) { }
}
"""


def _compiled(
    place: Place, home: Path, main: str, instead: tuple[str, str], libraries: tuple[Checkout, ...]
) -> Path:
    """Compile a class and all it needs; `instead` is a class in the place of one of theirs."""
    ours, out = place.folder / "instead", place.folder / "classes"
    path = ours / f"{instead[0].replace('.', '/')}.java"
    path.parent.mkdir(parents=True)
    path.write_text(instead[1])
    own = home / "src" / "main" / "java"
    others = [unpack(one, place.clones, place.folder) / one.paths[0] for one in libraries]
    sources = ":".join(map(str, (ours, own, *others)))
    options = ["-nowarn", "-encoding", "UTF-8", "-d", out, "-sourcepath", sources]
    ran(["javac", *options, own / f"{main.replace('.', '/')}.java"])
    return out


def amlsim(place: Place) -> pa.Table:
    """Run AMLSim's three stages."""
    home = unpack(AMLSIM, place.clones, place.folder)
    main, instead = "amlsim.AMLSim", ("amlsim.stat.Diameter", _NO_DIAMETER)
    classes = _compiled(place, home, main, instead, (MASON, JSON))
    settings = json.loads((home / "conf.json").read_text())
    settings["input"]["directory"] = "paramFiles/10K"
    (home / "conf.json").write_text(json.dumps(settings))
    older = f"{__file__.rpartition('/')[0]}/runners/older.py"
    python = [place.environments / "AMLSim" / "bin" / "python", older]
    ran([*python, "scripts/transaction_graph_generator.py", "conf.json"], home)
    ran(["java", "-cp", classes, main, "conf.json"], home)
    ran([*python, "scripts/convert_logs.py", "conf.json"], home)
    return csv.read_csv(home / "outputs" / "sample" / "transactions.csv")


def paysim(place: Place) -> pa.Table:
    """Run PaySim once."""
    home = unpack(PAYSIM, place.clones, place.folder)
    main = "org.paysim.paysim.PaySim"
    instead = ("org.paysim.paysim.actors.networkdrugs.NetworkDrug", _NO_DEALERS)
    classes = _compiled(place, home, main, instead, (MASON,))
    out = place.folder / "out"
    out.mkdir()
    properties = home / "PaySim.properties"
    changed = {"seed": "42", "multiplier": "0.1", "outputPath": f"{out}/"}
    properties.write_text(with_properties(properties.read_text(), changed))
    ran(["java", "-cp", classes, main, "", "-file", properties, "1"], home)
    table = csv.read_csv(next(out.glob("*/*_rawLog.csv")))
    return table.append_column("seconds", pc.multiply(table["step"], 3_600)).drop_columns("step")


def with_properties(text: str, changed: dict[str, str]) -> str:
    r"""Return a Java properties file with other values.

    >>> with_properties("a=1\nb=2\n", {"b": "3"})
    'a=1\nb=3\n'
    """
    for name, value in changed.items():
        text = re.sub(rf"(?m)^{name}=.*$", f"{name}={value}", text)
    return text
