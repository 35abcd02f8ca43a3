"""The policy benchmark: what policies are worth, and how far their engines can be trusted.

Our side of the process boundary; components lie in `policies/`.
"""
