"""Environments that make this machine another one."""

from __future__ import annotations

from typing import Final

#: numpy and the C library without what newer processors have. Where the machine has no AVX-512,
#: the first of the names is what still makes a difference.
LESS_CPU: Final = "numpy and libc without AVX2, FMA, AVX-512"
LESS_CPU_ENVIRONMENT: Final = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F",
}
