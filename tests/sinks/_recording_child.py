"""Records without end, as a live run does, and says how far it came, until it is killed.

The frames come in real time, so that what is lost can be told in seconds.
"""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path

from bgsub.events import Event
from bgsub.live_events import EventChange
from bgsub.sinks.notify import Notifier
from tests.sinks._notifying import notify_rules
from tests.sinks._recording import moment, recorder, rules
from tests.sinks._results import stream_info

FPS = 25
SIZE = (96, 72)


def main(folder: Path) -> None:
    settings = rules(mode="always", max_length_s=5.0, mask=True, name="%H%M%S-{event}")
    notifier = Notifier(
        folder,
        stream_info(*SIZE, fps=FPS),
        notify_rules(log="log.jsonl", log_bytes=20_000),
        name="%H%M%S-{event}",
        peaks_s=tuple,
        max_value=None,
        min_free_bytes=0,
    )
    with notifier, recorder(folder, settings, size=SIZE) as sink:
        began = time.perf_counter()
        for index in count():
            at_s = index / FPS
            time.sleep(max(0.0, began + at_s - time.perf_counter()))
            event = Event(
                start_s=at_s,
                end_s=at_s,
                peak_s=at_s,
                start_frame=index,
                end_frame=index,
                peak_coverage=0.1,
                boxes=(),
            )
            notifier.changed(EventChange(kind="update", number=1, event=event))
            sink.write(moment(index, at_s=at_s, size=SIZE))
            sys.stdout.write(f"{at_s} {sink.n_dropped}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
