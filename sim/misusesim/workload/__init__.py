"""Honest work of an agency: shifts, street, desks, oddities, and how people fill in reasons."""
