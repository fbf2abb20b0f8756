"""How long the disk takes to make a small write last."""

import os
import time
from pathlib import Path

from bench.figures import percentile

_BYTES = 4096


def fsync_milliseconds(folder: Path, *, times: int = 200) -> float:
    """Measure the 99th percentile of appending 4 KiB and syncing them."""
    path, taken = folder / "bench-fsync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(bytes(_BYTES))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    path.unlink()
    return percentile(taken, 99) * 1000
