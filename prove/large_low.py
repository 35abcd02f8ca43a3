"""Reference detectors on M-LOW-hard, a year: five times the misuse that is reported."""

from __future__ import annotations

from shared.large import tell

if __name__ == "__main__":
    tell("M-LOW-hard", "M-LOW-hard")
