# Holds the broker against Qpid Proton, an AMQP stack that shares nothing with the client the product uses.
# Starts the compiled broker itself. Prints why it is skipped where Proton is missing (Debian: python3-qpid-proton).
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

try:
    from proton import ConnectionException, Delivery, Message, int32, symbol, ulong
    from proton.reactor import Filter
    from proton.utils import BlockingConnection, LinkDetached, SendException
except ImportError as error:
    # Where several Pythons are installed, packages of the system belong to the system's own.
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", os.path.abspath(__file__)])
    print(f"skipped: Qpid Proton is not installed ({error}); on Debian: apt-get install python3-qpid-proton")
    sys.exit(0)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
KEY = "key-for-proton"
QUEUE, SESSIONS, TOPIC = "plain", "sessions", "news"
SECONDS = 20
RULE = {"Name": "r", "Properties": {"FilterType": "Correlation", "CorrelationFilter": {"Properties": {"n": 7}}}}
CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                "Queues": [{"Name": QUEUE}, {"Name": SESSIONS, "Properties": {"RequiresSession": True}}],
                "Topics": [{"Name": TOPIC, "Subscriptions": [{"Name": "all"}, {"Name": "sevens", "Rules": [RULE]}]}],
            }
        ],
        "Logging": {"Type": "Console"},
    }
}


def sign(resource):
    encoded = urllib.parse.quote_plus(resource)
    expiry = str(int(time.time()) + 600)
    digest = hmac.new(KEY.encode(), f"{encoded}\n{expiry}".encode(), hashlib.sha256).digest()
    signature = urllib.parse.quote_plus(base64.b64encode(digest))
    return f"SharedAccessSignature sr={encoded}&sig={signature}&se={expiry}&skn=RootManageSharedAccessKey"


def put_token(connection, entity):
    receiver = connection.create_receiver("$cbs", name="told", credit=1)
    sender = connection.create_sender("$cbs", name="ask")
    resource = f"sb://127.0.0.1/{entity}"
    properties = {"operation": "put-token", "type": "servicebus.windows.net:sastoken", "name": resource}
    sender.send(Message(id="1", reply_to="told", properties=properties, body=sign(resource)), timeout=SECONDS)
    reply = receiver.receive(timeout=SECONDS)
    assert reply.properties["status-code"] == 202, reply.properties
    receiver.close()
    sender.close()


def refused(condition, act):
    try:
        act()
    except (LinkDetached, SendException) as error:
        assert condition is None or condition in str(getattr(error, "condition", None) or error), error
        return
    raise AssertionError(f"{condition} did not come about")


def values_survive(sender, receiver):
    body = {"id": uuid.uuid4(), "long": 2**40, "int": int32(7), "ulong": ulong(2**63), "double": 1.5, "list": [1, "x"]}
    sender.send(Message(id="types", body=body, properties={"a": uuid.UUID(int=5), "b": 2**40}), timeout=SECONDS)
    message = receiver.receive(timeout=SECONDS)
    assert message.id == "types" and message.body == body, message
    assert message.properties == {"a": uuid.UUID(int=5), "b": 2**40}, message
    receiver.accept()


def released_comes_again(sender, receiver):
    sender.send(Message(id="again", body="x"), timeout=SECONDS)
    first = receiver.receive(timeout=SECONDS)
    assert first.delivery_count == 0 and first.first_acquirer
    receiver.release(delivered=False)
    second = receiver.receive(timeout=SECONDS)
    assert second.id == "again" and second.delivery_count == 1, second
    receiver.accept()


def modified_comes_again(sender, receiver):
    sender.send(Message(id="modified", body="x"), timeout=SECONDS)
    receiver.receive(timeout=SECONDS)
    receiver.settle(Delivery.MODIFIED)
    assert receiver.receive(timeout=SECONDS).delivery_count == 1
    receiver.accept()


def drained(connection, sender, receiver):
    sender.send(Message(id="one", body="x"), timeout=SECONDS)
    receiver.receive(timeout=SECONDS)
    receiver.accept()
    receiver.link.drain(5)
    connection.wait(lambda: not receiver.link.draining(), timeout=SECONDS)
    assert receiver.link.credit == 0
    # Nothing is left of the credit that was drained.
    receiver.flow(1)
    sender.send(Message(id="two", body="x"), timeout=SECONDS)
    assert receiver.receive(timeout=SECONDS).id == "two"
    receiver.accept()


def sessions_by_id_and_next(connection):
    sender = connection.create_sender(SESSIONS)
    for group in ("a", "b", "a"):
        sender.send(Message(id=group, group_id=group, body="x"), timeout=SECONDS)
    refused(None, lambda: sender.send(Message(body="no session"), timeout=SECONDS))

    def accept(session, name):
        wish = Filter({symbol("com.microsoft:session-filter"): session})
        return connection.create_receiver(SESSIONS, credit=5, name=name, options=wish)

    first = accept("a", "by-id")
    assert [first.receive(timeout=SECONDS).group_id for _ in range(2)] == ["a", "a"]
    assert first.link.remote_properties["com.microsoft:locked-until-utc"] > 2**53
    refused("com.microsoft:session-cannot-be-locked", lambda: accept("a", "again"))
    following = accept(None, "next")
    granted = following.link.remote_source.filter
    granted.rewind()
    granted.next()
    assert granted.get_object() == {symbol("com.microsoft:session-filter"): "b"}
    for link in (first, following, sender):
        link.close()


def topics_and_rules(connection):
    sender = connection.create_sender(TOPIC)
    for number in (6, 7):
        sender.send(Message(id=number, properties={"n": number}, body="x"), timeout=SECONDS)
    receivers = [connection.create_receiver(f"{TOPIC}/Subscriptions/{name}", credit=5) for name in ("all", "sevens")]
    assert [receivers[0].receive(timeout=SECONDS).id for _ in range(2)] == [6, 7]
    assert receivers[1].receive(timeout=SECONDS).id == 7
    for link in (*receivers, sender):
        link.close()


def kept_alive(port):
    # Proton drops a peer that is silent for longer than this.
    quiet = BlockingConnection(f"amqp://127.0.0.1:{port}", allowed_mechs="ANONYMOUS", timeout=SECONDS, heartbeat=1)
    before = quiet.conn.transport.frames_input
    quiet.wait(lambda: quiet.conn.transport.frames_input >= before + 3, timeout=SECONDS)
    put_token(quiet, "")
    quiet.close()


def plain_with_the_key(port):
    def connect(key):
        url = f"amqp://RootManageSharedAccessKey:{key}@127.0.0.1:{port}"
        return BlockingConnection(url, allowed_mechs="PLAIN", timeout=SECONDS)

    connection = connect(KEY)
    connection.create_sender(QUEUE).close()
    connection.close()
    try:
        connect("wrong")
    except ConnectionException:
        return
    raise AssertionError("a wrong key got in")


def rejected_is_a_dead_letter(connection, sender, receiver):
    sender.send(Message(id="bad", body="x"), timeout=SECONDS)
    receiver.receive(timeout=SECONDS)
    receiver.reject()
    dead = connection.create_receiver(f"{QUEUE}/$DeadLetterQueue", credit=1)
    message = dead.receive(timeout=SECONDS)
    assert message.id == "bad", message
    dead.accept()
    dead.close()


def large_and_too_large(sender, receiver):
    sender.send(Message(id="large", body=b"x" * 150_000), timeout=SECONDS)
    assert len(receiver.receive(timeout=SECONDS).body) == 150_000
    receiver.accept()
    refused(None, lambda: sender.send(Message(id="too large", body=b"x" * 300_000), timeout=SECONDS))
    sender.send(Message(id="after", body="x"), timeout=SECONDS)
    assert receiver.receive(timeout=SECONDS).id == "after"
    receiver.accept()


def run(port):
    connection = BlockingConnection(f"amqp://127.0.0.1:{port}", allowed_mechs="ANONYMOUS", timeout=SECONDS)
    refused("amqp:unauthorized-access", lambda: connection.create_sender(QUEUE))
    put_token(connection, "")
    refused("amqp:not-found", lambda: connection.create_sender("nowhere"))
    # Proton gives a sender and a receiver of one entity the same name.
    sender = connection.create_sender(QUEUE, name="same")
    receiver = connection.create_receiver(QUEUE, name="same", credit=1)
    checks = [
        (values_survive, sender, receiver),
        (released_comes_again, sender, receiver),
        (modified_comes_again, sender, receiver),
        (large_and_too_large, sender, receiver),
        (rejected_is_a_dead_letter, connection, sender, receiver),
        (drained, connection, sender, receiver),
        (sessions_by_id_and_next, connection),
        (topics_and_rules, connection),
        (kept_alive, port),
        (plain_with_the_key, port),
    ]
    for check, *subjects in checks:
        check(*subjects)
        print("ok", check.__name__, flush=True)
    connection.close()


def main():
    with tempfile.TemporaryDirectory() as directory:
        config = os.path.join(directory, "Config.json")
        with open(config, "w", encoding="utf8") as file:
            json.dump(CONFIG, file)
        judge(["node", "dist/local/service-bus/main.js", "--config", config])
    print("Qpid Proton finds nothing wrong")


def judge(command):
    environment = {**os.environ, "BOOKEND_SERVICE_BUS_KEY": KEY}
    broker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        run(json.loads(broker.stdout.readline())["port"])
    finally:
        broker.terminate()
    assert broker.wait(SECONDS) == 0


main()
