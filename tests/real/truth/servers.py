"""Writes rows, keys and heartbeats to the primaries, and looks at all four servers directly.

Usage: servers.py FOLDER PG_A PG_B REDIS_A REDIS_B PASSWORD EVERY_MS BEATS

Commands on stdin, one a line: `pause pg`, `go pg`, `still pg` (no heartbeat), `beat pg`,
`burst cache 2000`; `pg` or `cache`. Each is answered with `done` on stdout.

Logs in FOLDER, times in milliseconds since 1970: `acked-STORE` has a line `NUMBER AT` for each
acknowledged write, `seen-STORE-SIDE` a line `ASKED ANSWERED NUMBER AT` for each look that was
answered, with the newest write that is committed or visible there and its own time.
"""

import socket
import sys
import threading
import time

import psycopg2

BEAT_EVERY_S = 0.1
LOOK_EVERY_S = 0.15
AGAIN_AFTER_S = 0.3
NEWEST_ROW = "select number, (extract(epoch from at) * 1000)::bigint from load_rows " \
    "order by number desc limit 1"
NEWEST_BEAT = "select (extract(epoch from ts) * 1000)::bigint from dr_heartbeat"


def now_ms():
    return time.time_ns() // 1_000_000


class Switch:
    """What one store's writers do."""

    def __init__(self):
        self.writes = threading.Event()
        self.beats = threading.Event()
        self.burst = 0


class Pg:
    """A connection to one PostgreSQL server, opened when needed."""

    def __init__(self, port):
        self.dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        self.connection = None

    def run(self, sql, values=()):
        if self.connection is None:
            self.connection = psycopg2.connect(self.dsn, connect_timeout=1)
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone() if cursor.description else None

    def leave(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def write(self, number):
        self.run("insert into load_rows (number) values (%s) on conflict do nothing", (number,))

    def beat(self):
        self.run("update dr_heartbeat set ts = clock_timestamp()")

    def newest(self, beats):
        number, at = self.run(NEWEST_ROW) or (0, 0)
        beat = self.run(NEWEST_BEAT) if beats else None
        return number, max(at, beat[0] if beat else 0)


class Cache:
    """A connection to one Redis server, opened when needed."""

    def __init__(self, port, password):
        self.port, self.password = port, password
        self.stream = None

    def run(self, *commands):
        """Sends commands together; a list of answers, each text or none."""
        if self.stream is None:
            connection = socket.create_connection(("127.0.0.1", self.port), 1)
            self.stream = connection.makefile("rwb")
            self.run(("AUTH", self.password))
        parts = []
        for words in commands:
            parts.append(f"*{len(words)}\r\n")
            parts += [f"${len(str(word))}\r\n{word}\r\n" for word in words]
        self.stream.write("".join(parts).encode())
        self.stream.flush()
        return [self.answer() for _ in commands]

    def answer(self):
        line = self.stream.readline()
        if line.startswith(b"+"):
            return line[1:].strip().decode()
        if line.startswith(b"$-1"):
            return None
        if line.startswith(b"$"):
            return self.stream.read(int(line[1:]) + 2)[:-2].decode()
        raise OSError(line)

    def leave(self):
        self.stream = None

    def write(self, number):
        at = now_ms()
        newest = ("SET", "truth:newest", f"{number} {at}")
        self.run(("SET", f"auth:{number}", at), newest)

    def beat(self):
        self.run(("SET", "dr:hb:a", now_ms()))

    def newest(self, beats):
        newest, beat = self.run(("GET", "truth:newest"), ("GET", "dr:hb:a"))
        number, at = (int(word) for word in newest.split()) if newest else (0, 0)
        return number, max(at, int(beat) if beats and beat else 0)


FAULTS = (psycopg2.Error, OSError, ValueError)


def writes(server, switch, log, every_s):
    number = 0
    while True:
        switch.writes.wait()
        try:
            server.write(number + 1)
            number += 1
            log.write(f"{number} {now_ms()}\n")
            if switch.burst > 0:
                switch.burst -= 1
            else:
                time.sleep(every_s)
        except FAULTS:
            server.leave()
            time.sleep(AGAIN_AFTER_S)


def beats(server, switch):
    while True:
        switch.beats.wait()
        try:
            server.beat()
            time.sleep(BEAT_EVERY_S)
        except FAULTS:
            server.leave()
            time.sleep(AGAIN_AFTER_S)


def looks(server, log, with_beats):
    while True:
        asked = now_ms()
        try:
            number, at = server.newest(with_beats)
            log.write(f"{asked} {now_ms()} {number} {at}\n")
            time.sleep(LOOK_EVERY_S)
        except FAULTS:
            server.leave()
            time.sleep(AGAIN_AFTER_S)


def main():
    folder, pg_a, pg_b, redis_a, redis_b, password, every_ms, with_beats = sys.argv[1:9]
    with_beats = with_beats == "beats"
    makers = {
        "pg": (Pg, [(pg_a,), (pg_b,)]),
        "cache": (Cache, [(redis_a, password), (redis_b, password)]),
    }
    switches = {}

    def start(work, *arguments):
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def log(name):
        return open(f"{folder}/{name}", "a", buffering=1, encoding="ascii")

    for store, (make, places) in makers.items():
        switch = switches[store] = Switch()
        switch.writes.set()
        if with_beats:
            switch.beats.set()
        start(writes, make(*places[0]), switch, log(f"acked-{store}"), int(every_ms) / 1000)
        start(beats, make(*places[0]), switch)
        for side, place in zip("ab", places, strict=True):
            start(looks, make(*place), log(f"seen-{store}-{side}"), with_beats)
    for line in sys.stdin:
        verb, store, *rest = line.split()
        switch = switches[store]
        if verb == "pause":
            switch.writes.clear()
        elif verb == "go":
            switch.writes.set()
        elif verb == "still":
            switch.beats.clear()
        elif verb == "beat" and with_beats:
            switch.beats.set()
        elif verb == "burst":
            switch.burst = int(rest[0])
            switch.writes.set()
        print("done", flush=True)


main()
