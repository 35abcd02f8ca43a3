"""Reference detectors on M-LOW-hard: 60 days, five times the misuse reported."""

from __future__ import annotations

from shared.large import tell

if __name__ == "__main__":
    tell("M-LOW-hard", "M-LOW-hard", days=60)
