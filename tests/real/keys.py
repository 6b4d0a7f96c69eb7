"""Writes numbered keys and a heartbeat to a Redis primary and logs each acknowledged key.

Usage: keys.py PORT,... PASSWORD LOG EVERY_MS HEARTBEAT,...

With several ports it goes on to the next one as soon as a server does not take a write. Each
server has a heartbeat of its own.
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
    password, path, every_ms = sys.argv[2], sys.argv[3], int(sys.argv[4])
    servers = list(zip(sys.argv[1].split(","), sys.argv[5].split(","), strict=True))
    number = 0
    stream = None
    beat_at = 0.0
    with open(path, "a", buffering=1, encoding="ascii") as log:
        while True:
            try:
                port, heartbeat = servers[0]
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
                servers.append(servers.pop(0))
            time.sleep(every_ms / 1000)


main()
