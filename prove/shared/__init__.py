"""What several proofs need; not proofs themselves."""
