"""Run SynCCFD: takes customers, terminals, days, the seed and the file to write."""

from __future__ import annotations

import sys

from synccfd import DatasetGenerator


def main(customers: str, terminals: str, days: str, seed: str, out: str) -> None:
    """Make the labelled transactions and write them as CSV."""
    made = DatasetGenerator(
        n_customers=int(customers), n_terminals=int(terminals), nb_days=int(days),
        start_date="2025-01-01", random_state=int(seed),
    )  # fmt: skip
    made.generate()[2].to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
