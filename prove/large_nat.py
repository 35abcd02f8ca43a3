"""False alarms of the reference detectors on M-NAT-hard, a whole year: counties, almost honest."""

from __future__ import annotations

from shared.large import tell

if __name__ == "__main__":
    tell("M-NAT-hard", "M-NAT-hard")
