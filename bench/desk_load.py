"""Asks the desk as its browsers do, in a process of its own: what it costs is not the server's.

Reads from standard input what each hand asks, one address after the other over its own connection, and how long it
thinks in between; writes the seconds of each answer and when it was there (seconds since 1970), by hand in their order,
and the processor time it took itself.

    {"port": 8000, "think": 0.0, "hands": [{"cookie": "…", "addresses": ["/", "/"]}]}
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from typing import Any


def asked(port: int, hands: list[dict[str, Any]], think: float) -> list[list[tuple[float, float]]]:
    """Let all hands ask at once; `think` is the mean of the seconds between two questions of one hand, 0 = none."""
    times: list[list[tuple[float, float]]] = [[] for _ in hands]
    begun = threading.Barrier(len(hands))

    def work(number: int, hand: dict[str, Any]) -> None:
        rng, own = random.Random(number), times[number]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.connect()
        begun.wait()
        for address in hand["addresses"]:
            if think:
                time.sleep(rng.expovariate(1 / think))
            start = time.perf_counter()
            try:
                connection.request("GET", address, headers={"cookie": hand["cookie"]})
                answer = connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionError):  # idle too long: a browser opens another
                connection.close()
                connection.request("GET", address, headers={"cookie": hand["cookie"]})
                answer = connection.getresponse()
            body = answer.read()
            own.append((time.perf_counter() - start, time.time()))
            if answer.status != 200:
                raise SystemExit(f"{address}: {answer.status} {body[:500].decode()}")

    threads = [threading.Thread(target=work, args=(n, hand)) for n, hand in enumerate(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(len(own) < len(hand["addresses"]) for own, hand in zip(times, hands, strict=True)):
        sys.exit("not all was answered")
    return times


if __name__ == "__main__":
    given = json.load(sys.stdin)
    times = asked(given["port"], given["hands"], given["think"])
    json.dump({"times": times, "processor": time.process_time()}, sys.stdout)
