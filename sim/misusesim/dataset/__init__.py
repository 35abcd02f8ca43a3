"""Data sets on disk: the contract, and writing, reading, checking and describing them."""
