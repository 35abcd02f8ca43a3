"""The policy benchmark: what policies are worth, how far and how fast their engines can be trusted.

Our side of the process boundary; components lie in `policies/`.
"""
