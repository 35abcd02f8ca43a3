"""Judges components (detectors and policies) on data sets: how well, how soon, at what price."""
