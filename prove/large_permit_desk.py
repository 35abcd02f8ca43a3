"""Reference detectors, and oracles of two tiers, on the permit desk: a year of a unit's checks."""

from __future__ import annotations

from shared.large import tell

if __name__ == "__main__":
    tell("permit_desk", "permit_desk", tiers=("T2", "T3"))
