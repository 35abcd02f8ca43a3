"""The policy benchmark, on the scorer's side: engines held against the reference, then measured.

Unlike `policies/`, nothing here runs in a component's process but `asked.py`, the other end of its
own questions.
"""
