"""Writes numbered rows to one PostgreSQL server and logs each acknowledged commit.

Usage: load.py DSN LOG EVERY_MS
"""

import sys
import time

import psycopg2


def main() -> None:
    dsn, path, every_ms = sys.argv[1], sys.argv[2], int(sys.argv[3])
    number = 0
    connection = None
    with open(path, "a", buffering=1, encoding="ascii") as log:
        while True:
            try:
                if connection is None:
                    connection = psycopg2.connect(dsn, connect_timeout=2)
                    connection.autocommit = True
                with connection.cursor() as cursor:
                    # A row whose answer was lost may be there already.
                    cursor.execute(
                        "insert into load_rows (number) values (%s) on conflict do nothing",
                        (number + 1,),
                    )
                number += 1
                log.write(f"{number} {time.time_ns() // 1_000_000}\n")
            except psycopg2.Error:
                if connection is not None:
                    connection.close()
                connection = None
            time.sleep(every_ms / 1000)


main()
