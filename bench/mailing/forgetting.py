"""Forget all sends, as the dock does ninety days later: ``bench.mailing.forgetting``.

Works on the instance at ``LISTKEEP_HOME`` in a process of its own, and prints what that
took as one JSON object. No keeper is asked: it would know the send for ninety days.
"""

import json
import os
import resource
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listkeep.wire.messages import sends as d

_LATER = timedelta(days=91)


class Forgetful:
    """The keeper after ninety days, as far as the sweep asks it."""

    def read_sends(self, _message: d.ReadSends) -> d.Sends:
        """Tell of no send any more."""
        return d.Sends(sends=())


@dataclass
class Pages:
    """How long each page of the sweep takes."""

    began_at: float = field(default_factory=time.perf_counter)
    taken: list[float] = field(default_factory=list)

    def keep_on(self) -> bool:
        """Be asked before each page."""
        now = time.perf_counter()
        self.taken.append(now - self.began_at)
        self.began_at = now
        return True


def main() -> None:
    """Forget, and tell what it took."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.dock.project.settings"
    import django  # noqa: PLC0415

    django.setup()
    from listkeep.dock.outlet.delivery.retention import (  # noqa: PLC0415
        drop_old_deliveries,
    )

    before, started, pages = _megabytes(), time.perf_counter(), Pages()
    rows = drop_old_deliveries(
        Forgetful(),  # type: ignore[arg-type]
        now=datetime.now(UTC) + _LATER,
        keep_on=pages.keep_on,
    )
    seconds = time.perf_counter() - started
    figures = {
        "forgotten, rows": rows,
        "forgetting, rows/s": round(rows / seconds),
        "forgetting, ms a page at most": round(1000 * max(pages.taken), 1),
        "forgetting, MB more": round(_megabytes() - before, 1),
    }
    sys.stdout.write(json.dumps(figures))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
