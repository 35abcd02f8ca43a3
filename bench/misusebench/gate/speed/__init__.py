"""The speed gate: whether head is slower, or larger in memory, than base on this machine."""
