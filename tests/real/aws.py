"""AWS's double `moto` on a loopback port, with CloudWatch in the tongue that its clients speak.

Usage: aws.py PORT. Current clients of CloudWatch send CBOR (Smithy's RPC v2) and moto knows only
JSON and forms: what comes in CBOR is handed on as JSON, and the answer goes back as CBOR.
"""

import datetime
import io
import json
import sys

import cbor2
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

SERVICE = "GraniteServiceVersion20100801"
PREFIX = f"/service/{SERVICE}/operation/"

# A moment in CBOR is a number with this tag.
MOMENT = 1


def as_json(value):
    """What JSON has no word for."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(type(value))


def as_cbor(name, value):
    """The same value with its moments marked, which are known by their names."""
    if isinstance(value, dict):
        return {key: as_cbor(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_cbor(name, item) for item in value]
    is_moment = (name or "").endswith(("Timestamp", "Timestamps"))
    if is_moment and isinstance(value, (int, float)):
        return cbor2.CBORTag(MOMENT, float(value))
    return value


class Translator:
    """Stands before moto."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environment, start):
        path = environment.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self.application(environment, start)
        length = int(environment.get("CONTENT_LENGTH") or 0)
        asked = environment["wsgi.input"].read(length)
        question = cbor2.loads(asked) if asked else {}
        body = json.dumps(question, default=as_json).encode()
        for header in ("HTTP_SMITHY_PROTOCOL", "HTTP_ACCEPT"):
            environment.pop(header, None)
        environment.update(
            {
                "PATH_INFO": "/",
                "RAW_URI": "/",
                "REQUEST_URI": "/",
                "CONTENT_TYPE": "application/x-amz-json-1.0",
                "HTTP_X_AMZ_TARGET": f"{SERVICE}.{path[len(PREFIX):]}",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
            }
        )
        told = {}

        def remember(status, headers, _error=None):
            told["status"] = status

        text = b"".join(self.application(environment, remember))
        try:
            answer = json.loads(text) if text.strip() else {}
        except ValueError:
            words = text[:200].decode("utf-8", "replace")
            answer = {"__type": "InternalServiceFault", "message": words}
        answer = cbor2.dumps(as_cbor(None, answer))
        headers = [
            ("Content-Type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("Content-Length", str(len(answer))),
        ]
        start(told["status"], headers)
        return [answer]


if __name__ == "__main__":
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), Translator(application), threaded=True)
