"""Writes numbered keys and a heartbeat to one Redis server and logs each acknowledged key.

Usage: keys.py PORT PASSWORD LOG EVERY_MS HEARTBEAT
"""

import socket
import sys
import time

HEARTBEAT_EVERY_S = 0.1


def call(stream, *words):
    """Sends one command and waits for its one-line answer."""
    parts = [f"*{len(words)}\r\n"]
    parts += [f"${len(word)}\r\n{word}\r\n" for word in words]
    stream.write("".join(parts).encode())
    stream.flush()
    answer = stream.readline()
    if not answer.startswith(b"+"):
        raise OSError(answer)


def main() -> None:
    port, password, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    every_ms, heartbeat = int(sys.argv[4]), sys.argv[5]
    number = 0
    stream = None
    beat_at = 0.0
    with open(path, "a", buffering=1, encoding="ascii") as log:
        while True:
            try:
                if stream is None:
                    stream = socket.create_connection(("127.0.0.1", port), 2).makefile("rwb")
                    call(stream, "AUTH", password)
                if time.monotonic() - beat_at >= HEARTBEAT_EVERY_S:
                    beat_at = time.monotonic()
                    call(stream, "SET", heartbeat, str(time.time_ns() // 1_000_000))
                call(stream, "SET", f"auth:{number + 1}", "x")
                number += 1
                log.write(f"{number} {time.time_ns() // 1_000_000}\n")
            except OSError:
                stream = None
            time.sleep(every_ms / 1000)


main()
