"""What has been freed goes back to the system, where the allocator can be asked to."""

import ctypes
import sys


def give_back() -> None:
    """Let glibc hand on the pages that nothing stands on; elsewhere nothing happens."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(ctypes.c_size_t(0))
