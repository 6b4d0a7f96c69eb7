"""The service of one region: its health is a real write and a real read in its PostgreSQL.

Usage: service.py REGION ADDRESS PORT DSN

GET /health  200 {"status":"up","role":"primary","wrote":n}     a row was committed and read back
             503 {"status":"standby","role":"standby"}          the database is a standby
             503 {"status":"down","why":...}                    anything else
GET /live    200 {"status":"up"} or {"status":"standby"}        the database answers reads
             503 {"status":"down","why":...}
GET /health?standby-ok is /health on a primary and /live on a standby.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

REGION, ADDRESS, PORT, DSN = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def ask(write):
    """The status and the words of one look at the database."""
    connection = psycopg2.connect(DSN, connect_timeout=2, options="-c statement_timeout=2000")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_is_in_recovery()")
            if cursor.fetchone()[0]:
                return "standby", {"role": "standby"}
            if not write:
                return "up", {"role": "primary"}
            cursor.execute(
                "insert into service_rows (region) values (%s) returning number", (REGION,)
            )
            number = cursor.fetchone()[0]
        with connection, connection.cursor() as cursor:
            cursor.execute("select region from service_rows where number = %s", (number,))
            if cursor.fetchone() != (REGION,):
                return "down", {"why": "the row that was written is not there"}
        return "up", {"role": "primary", "wrote": number}
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    """Answers the three paths of the module's text."""

    def do_GET(self):
        """One request."""
        path, _, query = self.path.partition("?")
        if path not in ("/health", "/live"):
            self.answer(404, {"status": "unknown", "why": "there is /health and /live"})
            return
        try:
            status, words = ask(write=path == "/health")
        except psycopg2.Error as error:
            status, words = "down", {"why": str(error).strip()}
        standby_ok = path == "/live" or query == "standby-ok"
        good = status == "up" or (status == "standby" and standby_ok)
        self.answer(200 if good else 503, {"status": status, **words})

    def answer(self, code, words):
        """Sends JSON."""
        body = json.dumps({"region": REGION, **words}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


ThreadingHTTPServer((ADDRESS, PORT), Handler).serve_forever()
