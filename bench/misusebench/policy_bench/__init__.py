"""Measuring policies and their engines, outside of where components run."""
