"""AWS's double `moto` on a loopback port, with CloudWatch in the tongue that its clients speak.

Usage: aws.py PORT. Current clients of CloudWatch send CBOR (Smithy's RPC v2) and moto knows only
JSON and forms: what comes in CBOR is handed on as JSON, and the answer goes back as CBOR.

Of RDS moto is true in what it asks for, and not in what becomes of it: a replica keeps its source
for ever, shares the number of its source, and is promoted at once; a rename takes no time, and a
name that is taken. That is put right here: what takes time takes so many looks, and what Amazon
would refuse is refused. POST /rig/rds sets what a test wants an instance to say. What of all this
is proven by it and what is not stands in `servers/aws.rs`.

Of ElastiCache's Global Datastores it knows nothing. They are answered for here, strictly: what is
not in the model is refused, a failover takes its time and serves nobody meanwhile.
"""

import datetime
import io
import json
import sys
import urllib.parse
import uuid

import cbor2
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    InvalidDBInstanceStateError,
    RDSClientError,
)
from moto.rds.models import RDSBackend, rds_backends
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


# What an instance says after a promotion was ordered, look by look, and whether it still names its
# source: at first it is as if nothing had been ordered.
PROMOTION = [("available", True), ("modifying", True), ("rebooting", False), ("available", False)]
CREATION = [("creating", True), ("available", True)]

# What it says look by look after a rename was ordered, under its old name; then that is gone.
RENAMING = ["available", "renaming", "renaming"]

# For what Amazon takes a parameter group when it makes a replica in another region.
TAKE_PARAMETERS = ("mysql", "oracle", "db2")


def resource_id():
    """What no other instance shares."""
    return "db-" + uuid.uuid4().hex[:26].upper()


def replicating(instance):
    """What a replica says of its replication while that runs."""
    instance.status_infos = [
        {"StatusType": "read replication", "Normal": True, "Status": "replicating"}
    ]


class Rds:
    """The calls of moto's RDS whose effects are put right."""

    create = RDSBackend.create_db_instance
    copy = RDSBackend.create_db_instance_read_replica
    describe = RDSBackend.describe_db_instances
    modify = RDSBackend.modify_db_instance
    promote = RDSBackend.promote_read_replica

    @staticmethod
    def create_instance(backend, settings):
        instance = Rds.create(backend, settings)
        instance.dbi_resource_id = resource_id()
        return instance

    @staticmethod
    def source_of(backend, name):
        """The source of a replica, which is named by its ARN from another region only."""
        region = backend.region_name
        if name.startswith("arn:"):
            _, _, _, region, _, _, name = name.split(":")
            if region == backend.region_name:
                words = "The source is of this region: give its identifier, not its ARN"
                raise RDSClientError("InvalidParameterValue", words)
        source = rds_backends[backend.account_id][region].databases.get(name)
        if source is None:
            raise DBInstanceNotFoundError(name)
        return source

    @staticmethod
    def create_replica(backend, settings):
        if settings["db_instance_identifier"].lower() in backend.databases:
            raise DBInstanceAlreadyExists()
        source = Rds.source_of(backend, settings["source_db_instance_identifier"])
        if source.status not in ("available", "backing-up"):
            words = f"The source DB instance is {source.status}"
            raise RDSClientError("InvalidDBInstanceState", words)
        if not source.backup_retention_period:
            words = "Automated backups are not enabled for this database instance"
            raise RDSClientError("InvalidDBInstanceState", words)
        crosses, key = source.region != backend.region_name, settings.get("kms_key_id")
        if crosses and bool(key) != bool(source.storage_encrypted):
            words = "KmsKeyId goes with a source that is encrypted, and with no other"
            raise RDSClientError("InvalidParameterCombination", words)
        takes_parameters = source.engine.startswith(TAKE_PARAMETERS)
        if settings.get("db_parameter_group_name") and not takes_parameters:
            words = "DBParameterGroupName is not supported for this engine"
            raise RDSClientError("InvalidParameterCombination", words)
        # First: what follows is looked for in the region of the replica.
        settings = {"backend": backend, **{key: settings[key] for key in settings}}
        replica = Rds.copy(backend, settings)
        replica.dbi_resource_id = resource_id()
        replica.backup_retention_period = 0
        replica.steps = list(CREATION)
        replica.status_infos = []
        replica.promotions = replica.copies = 0
        source.copies = getattr(source, "copies", 0) + 1
        return replica

    @staticmethod
    def promote_replica(backend, settings):
        name = settings["db_instance_identifier"]
        instance = backend.databases.get(name)
        if instance is None:
            raise DBInstanceNotFoundError(name)
        if instance.status != "available" or not instance.source_db_instance_identifier:
            raise InvalidDBInstanceStateError(name, "a read replica that is available")
        promoted = Rds.promote(backend, settings)
        promoted.steps = list(PROMOTION)
        promoted.promotions = getattr(promoted, "promotions", 0) + 1
        return promoted

    @staticmethod
    def modify_instance(backend, name, settings):
        to = settings.get("new_db_instance_identifier")
        if to is None:
            return Rds.modify(backend, name, settings)
        instance = backend.databases.get(name)
        if instance is None:
            raise DBInstanceNotFoundError(name)
        if instance.status != "available" or getattr(instance, "renaming", None) is not None:
            words = f"The DB instance {name} is {instance.status} and cannot be modified"
            raise RDSClientError("InvalidDBInstanceState", words)
        if to.lower() in backend.databases:
            raise DBInstanceAlreadyExists()
        instance.pending_modified_values = {"DBInstanceIdentifier": to.lower()}
        # Else it waits for a maintenance window, which never comes here.
        if settings.get("apply_immediately"):
            instance.renaming = list(RENAMING)
        return instance

    @staticmethod
    def go_on_renaming(backend):
        for name, instance in list(backend.databases.items()):
            steps = getattr(instance, "renaming", None)
            if steps is None:
                continue
            if steps:
                instance.status = steps.pop(0)
                continue
            to = instance.pending_modified_values["DBInstanceIdentifier"]
            instance.pending_modified_values, instance.renaming = {}, None
            instance.db_instance_identifier = to
            backend.databases[to] = backend.databases.pop(name)
            instance.steps = [("rebooting", True), ("available", True)]

    @staticmethod
    def describe_all(backend, db_instance_identifier=None, filters=None):
        Rds.go_on_renaming(backend)
        found = Rds.describe(backend, db_instance_identifier, filters)
        for instance in found:
            steps = getattr(instance, "steps", None)
            if not steps:
                continue
            instance.status, has_source = steps.pop(0)
            if not has_source:
                instance.source_db_instance_identifier = None
                instance.status_infos = []
            elif instance.source_db_instance_identifier and not steps:
                replicating(instance)
        return found


RDSBackend.create_db_instance = Rds.create_instance
RDSBackend.create_db_instance_read_replica = Rds.create_replica
RDSBackend.modify_db_instance = Rds.modify_instance
RDSBackend.promote_read_replica = Rds.promote_replica
RDSBackend.describe_db_instances = Rds.describe_all


def rig(asked):
    """What a test wants of an instance: its status, its replication, how long its backups are kept,
    whether it is encrypted, that it is not there; answers what became of it, and the names there.
    """
    backend = rds_backends[asked["account"]][asked["region"]]
    instance = backend.databases.get(asked["instance"])
    if "status" in asked:
        instance.status = asked["status"]
    if "replication" in asked:
        instance.status_infos = [
            {"StatusType": "read replication", "Normal": False, "Status": asked["replication"]}
        ]
    if "retention" in asked:
        instance.backup_retention_period = asked["retention"]
    if "encrypted" in asked:
        instance.storage_encrypted = asked["encrypted"]
    if "gone" in asked:
        del backend.databases[asked["instance"]]
    counts = {name: getattr(instance, name, 0) for name in ("promotions", "copies")}
    return {**counts, "names": sorted(backend.databases)}


# What is known of Global Datastores, by their identifiers.
DATASTORES = {}

# How many looks a failover takes.
FAILOVER = 3


class Refusal(Exception):
    """An answer that is an error: status, code and words."""


class Datastores:
    """The calls of ElastiCache that moto does not know, as its model describes them."""

    @staticmethod
    def find(asked):
        name = asked.pop("GlobalReplicationGroupId", None)
        if name not in DATASTORES:
            words = f"Global Replication Group {name} not found"
            raise Refusal(404, "GlobalReplicationGroupNotFoundFault", words)
        return DATASTORES[name]

    @staticmethod
    def needs_available(store):
        if store["steps"]:
            words = "The Global Replication Group is not in a valid state: modifying"
            raise Refusal(400, "InvalidGlobalReplicationGroupState", words)

    @staticmethod
    def member(store, asked, region, group):
        wanted = (asked.pop(region, None), asked.pop(group, None))
        for member in store["members"]:
            if (member["region"], member["group"]) == wanted:
                return member
        raise Refusal(400, "InvalidParameterValue", f"{wanted} is no member")

    @staticmethod
    def describe(asked):
        for name in ("MaxRecords", "ShowMemberInfo", "Marker"):
            asked.pop(name, None)
        stores = list(DATASTORES.values())
        text = "".join(map(Datastores.xml, stores))
        for store in stores:
            if store["steps"]:
                store["steps"] -= 1
                if not store["steps"]:
                    for member in store["members"]:
                        is_target = member is store["target"]
                        member["role"] = "PRIMARY" if is_target else "SECONDARY"
        return f"<GlobalReplicationGroups>{text}</GlobalReplicationGroups>"

    @staticmethod
    def failover(asked):
        store = Datastores.find(asked)
        Datastores.needs_available(store)
        target = Datastores.member(store, asked, "PrimaryRegion", "PrimaryReplicationGroupId")
        if target["role"] == "PRIMARY":
            raise Refusal(400, "InvalidParameterValue", "it is the primary already")
        store.update(target=target, steps=FAILOVER, failovers=store["failovers"] + 1)
        return Datastores.xml(store)

    @staticmethod
    def disassociate(asked):
        store = Datastores.find(asked)
        Datastores.needs_available(store)
        leaver = Datastores.member(store, asked, "ReplicationGroupRegion", "ReplicationGroupId")
        if leaver["role"] == "PRIMARY":
            raise Refusal(400, "InvalidParameterValue", "the primary cannot leave")
        store["members"].remove(leaver)
        return Datastores.xml(store)

    @staticmethod
    def xml(store):
        status = "modifying" if store["steps"] else "available"
        members = "".join(
            f"<GlobalReplicationGroupMember><ReplicationGroupId>{one['group']}</ReplicationGroupId>"
            f"<ReplicationGroupRegion>{one['region']}</ReplicationGroupRegion>"
            f"<Role>{one['role']}</Role><Status>associated</Status>"
            f"<AutomaticFailover>enabled</AutomaticFailover></GlobalReplicationGroupMember>"
            for one in store["members"]
        )
        return (
            f"<GlobalReplicationGroup><GlobalReplicationGroupId>{store['name']}"
            f"</GlobalReplicationGroupId><Status>{status}</Status><Members>{members}</Members>"
            f"</GlobalReplicationGroup>"
        )

    CALLS = {
        "DescribeGlobalReplicationGroups": describe,
        "FailoverGlobalReplicationGroup": failover,
        "DisassociateGlobalReplicationGroup": disassociate,
    }

    @staticmethod
    def answer(asked):
        """Status and body for a call; nothing for one of moto's."""
        action = asked.pop("Action", None)
        call = Datastores.CALLS.get(action)
        if call is None:
            return None
        asked.pop("Version", None)
        space = "http://elasticache.amazonaws.com/doc/2015-02-02/"
        try:
            told = call.__func__(asked)
            if asked:
                raise Refusal(400, "InvalidParameterValue", f"unknown: {sorted(asked)}")
            body = (
                f'<{action}Response xmlns="{space}"><{action}Result>{told}</{action}Result>'
                f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
            )
            return "200 OK", body.encode()
        except Refusal as refusal:
            status, code, words = refusal.args
            body = (
                f'<ErrorResponse xmlns="{space}"><Error><Type>Sender</Type><Code>{code}</Code>'
                f"<Message>{words}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            )
            return f"{status} Refused", body.encode()


def make_datastore(asked):
    """A datastore of these groups, the first of which is the primary; answers its failovers."""
    name = asked["global"]
    if "members" in asked:
        members = [
            {"region": region, "group": group, "role": "SECONDARY" if number else "PRIMARY"}
            for number, (region, group) in enumerate(asked["members"])
        ]
        DATASTORES[name] = {
            "name": name, "members": members, "steps": 0, "target": None, "failovers": 0
        }
    return {"failovers": DATASTORES[name]["failovers"]}


class Translator:
    """Stands before moto."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environment, start):
        path = environment.get("PATH_INFO", "")
        length = int(environment.get("CONTENT_LENGTH") or 0)
        wanted = {"/rig/rds": rig, "/rig/elasticache": make_datastore}.get(path)
        if wanted is not None:
            answer = json.dumps(wanted(json.loads(environment["wsgi.input"].read(length)))).encode()
            start("200 OK", [("Content-Length", str(len(answer)))])
            return [answer]
        if "/elasticache/" in environment.get("HTTP_AUTHORIZATION", ""):
            asked = environment["wsgi.input"].read(length)
            environment["wsgi.input"] = io.BytesIO(asked)
            told = Datastores.answer(dict(urllib.parse.parse_qsl(asked.decode())))
            if told is not None:
                status, answer = told
                headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(answer)))]
                start(status, headers)
                return [answer]
        if not path.startswith(PREFIX):
            return self.application(environment, start)
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
