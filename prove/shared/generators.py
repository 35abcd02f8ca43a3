"""Public generators of labelled data: how each is got, run and read.

Each `make` runs one in a folder of its own and returns its table as it publishes it. Nothing of
them is kept here: they are run from clones and from packages, as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from shared import java
from shared.checkouts import Checkout, unpack
from shared.environments import environment, ran

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HERE: Final = __file__.rpartition("/")[0]
RUNNERS: Final = f"{_HERE}/runners"


class Place(NamedTuple):
    """Where a generator works."""

    clones: Path
    environments: Path  # a virtual environment each, by the peer's name
    folder: Path  # of one making, empty


class Peer(NamedTuple):
    """A generator, and how its table is read."""

    name: str
    origin: Checkout | str  # a repository's commit, or a pinned package
    command: str  # as its own documentation says it, with our sizes
    seed: str
    label: str
    time: str
    entity: str
    make: Callable[[Place], pa.Table]
    packages: tuple[str, ...] = ()  # of its virtual environment
    also: tuple[Checkout, ...] = ()  # repositories it is built with
    dropped: tuple[str, ...] = ()  # columns that are no part of the public table
    note: str = ""

    @property
    def checkouts(self) -> tuple[Checkout, ...]:
        """Return all repositories it needs."""
        own = (self.origin,) if isinstance(self.origin, Checkout) else ()
        return own + self.also


SPARKOV: Final = Checkout(
    "namebrandon/Sparkov_Data_Generation", "b5eb45c89d36f2aa4ef16044a42945bed8b96d93"
)
HANDBOOK: Final = Checkout(
    "Fraud-Detection-Handbook/fraud-detection-handbook",
    "81cf7d1714bb7b2f5b496407d9055d91dc68dc25",
    ("Chapter_3_GettingStarted/SimulatedDataset.ipynb",),
)
RINGS: Final = Checkout(
    "SantanderAI/gen-fraud-graph", "486d23a22d8aef78d93311a84152679379a628ea", ("src",)
)


def python(peer: Peer, environments: Path) -> Path:
    """Make a peer's virtual environment."""
    return environment(environments / peer.name, peer.packages)


def _python(place: Place, name: str) -> Path:
    return place.environments / name / "bin" / "python"


def sparkov(place: Place) -> pa.Table:
    """Run Sparkov; its files, one a profile and block of customers, in order of time."""
    home = unpack(SPARKOV, place.clones, place.folder)
    asked = ["-n", "250", "-seed", "42", "-o", place.folder / "out", "01-01-2023", "12-31-2023"]
    ran([_python(place, "Sparkov"), "datagen.py", *asked], home)
    bars = csv.ParseOptions(delimiter="|")
    whole = csv.ConvertOptions(column_types={"zip": pa.string(), "cc_num": pa.string()})
    parts = [
        csv.read_csv(part, parse_options=bars, convert_options=whole)
        for part in sorted((place.folder / "out").glob("*.csv"))
        if part.name != "customers.csv" and part.read_text().count("\n") > 1
    ]
    table = pa.concat_tables(parts, promote_options="permissive")
    table = table.take(pc.sort_indices(table, [("unix_time", "ascending")]))
    day = table["trans_date"].cast(pa.timestamp("s"))
    seconds = table["trans_time"].cast(pa.time32("s")).cast(pa.int32()).cast(pa.int64())
    table = table.drop_columns(["trans_date", "trans_time", "unix_time"])
    return table.append_column("time", pc.add(day, seconds.cast(pa.duration("s"))))


def handbook(place: Place) -> pa.Table:
    """Run the Handbook's simulator."""
    home = unpack(HANDBOOK, place.clones, place.folder)
    out = place.folder / "out.csv"
    runner = f"{RUNNERS}/notebook.py"
    ran([_python(place, "Handbook"), runner, home / HANDBOOK.paths[0], "61", out])
    return csv.read_csv(out)


def cards(place: Place) -> pa.Table:
    """Run SynCCFD."""
    out = place.folder / "out.csv"
    sizes = ["1000", "2000", "30", "42"]
    ran([_python(place, "SynCCFD"), f"{RUNNERS}/cards.py", *sizes, out])
    return csv.read_csv(out)


def rings(place: Place) -> pa.Table:
    """Run gen-fraud-graph; label by file, for it writes fraud apart, and mix the files."""
    home, out = unpack(RINGS, place.clones, place.folder), place.folder / "out"
    runner = f"{RUNNERS}/rings.py"
    ran([_python(place, "gen-fraud-graph"), runner, "0.002", out], PYTHONPATH=str(home / "src"))
    honest = [csv.read_csv(part) for part in sorted((out / "transactions").glob("*.csv"))]
    fraud = csv.read_csv(out / "fraud" / "transactions_fraud.csv")
    table = pa.concat_tables([*honest, fraud], promote_options="permissive")
    label = np.arange(len(table)) >= len(table) - len(fraud)
    table = table.drop_columns(["embedding"]).append_column("is_fraud", pa.array(label))
    return table.take(pa.array(np.random.default_rng(0).permutation(len(table))))


PEERS: Final = (
    Peer(
        "Sparkov", SPARKOV,
        "`datagen.py -n 250 -seed 42 -o out 01-01-2023 12-31-2023`", "42 (seeds Faker)",
        "is_fraud", "time", "cc_num", sparkov, ("Faker==13.12.0", "numpy==1.26.4"),
        note="Its date and time columns are one; numpy 1.26 for the pinned 1.21, which has no "
        "build for this Python.",
    ),
    Peer(
        "Handbook", HANDBOOK,
        "`generate_dataset(n_customers=5000, n_terminals=10000, nb_days=61, r=5)`, `add_frauds`",
        "0, 1 and the day, in its code",
        "TX_FRAUD", "TX_DATETIME", "CUSTOMER_ID", handbook, ("pandas==1.5.3", "numpy==1.26.4"),
        dropped=("TX_FRAUD_SCENARIO",),
        note="The book's own sizes, but 61 days for 183: frauds of terminals and customers take "
        "28 and 14 days to reach their full rate.",
    ),
    Peer(
        "SynCCFD", "synccfd 0.1.0",
        "`DatasetGenerator(n_customers=1000, n_terminals=2000, nb_days=30, "
        'start_date="2025-01-01", random_state=42)`', "42",
        "TX_FRAUD", "TX_DATETIME", "CUSTOMER_ID", cards,
        ("synccfd==0.1.0", "numpy==2.4.6", "pandas==3.1.1", "pyarrow==26.0.1", "geopandas==1.2.0",
         "shapely==2.2.0", "geopy==2.5.0", "haversine==2.9.0", "tqdm==4.70.1"),
        dropped=("TX_FRAUD_SCENARIO",),
        note="The example of its README. As many customers a day fall victim among the 10,000 of "
        "its defaults, so its base rate is lower there.",
    ),
    Peer(
        "AMLSim", java.AMLSIM,
        "`transaction_graph_generator.py`, `amlsim.AMLSim`, `convert_logs.py` on `conf.json` with "
        "`paramFiles/10K`", "0, its default",
        "is_sar", "tran_timestamp", "orig_acct", java.amlsim,
        ("networkx==1.11", "numpy==1.26.4", "powerlaw==2.0.0", "python-dateutil==2.9.0.post0",
         "Faker==13.12.0", "setuptools==65.5.0"),
        also=(java.MASON, java.JSON), dropped=("alert_id",),
        note="Of its outputs the table of transactions; its measure of the graph's diameter, off "
        "by default, is left out of the build. `alert_id` is -1 for what is no alert.",
    ),
    Peer(
        "gen-fraud-graph", RINGS, "`Config(scale_factor=0.002)`", "none to give",
        "is_fraud", "timestamp", "src_id", rings,
        ("numpy==2.4.6", "pandas==3.1.1", "tqdm==4.70.1"),
        note="It writes fraud into a file of its own; the files are mixed here in random order, so "
        "that order tells nothing. Embeddings, here 8 random numbers for 768, are left out.",
    ),
    Peer(
        "PaySim", java.PAYSIM,
        '`PaySim "" -file PaySim.properties 1` with `multiplier=0.1`, `seed=42`', "42",
        "isFraud", "seconds", "nameOrig", java.paysim, also=(java.MASON,),
        note="A step is an hour. Its network of 61 drug dealers and buyers, who are not labelled, "
        "needs a graph library and is left out of the build.",
    ),
)  # fmt: skip
#: The page of PaySim's published sample advises against these columns.
BALANCES: Final = ("oldBalanceOrig", "newBalanceOrig", "oldBalanceDest", "newBalanceDest")
