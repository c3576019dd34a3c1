"""What an HTTP/2 client with prior knowledge gets from the edge, asked frame by frame: prints one JSON object, case -> outcome.

An outcome is the status of the answer, "reset N" (RST_STREAM), "goaway N", or "closed".
"""

import json
import socket
import struct
import sys

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
GET = [(":method", "GET"), (":scheme", "http"), (":path", "/health"), (":authority", "edge")]
POST = [(":method", "POST"), (":scheme", "http"), (":path", "/api/auth/login"), (":authority", "edge"),
        ("content-type", "application/json")]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.send(PREFACE + frame(SETTINGS, 0, 0))
        self.buffer = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # The other side has closed: what it said before that counts.

    def headers(self, fields, stream=1, flags=END_STREAM | END_HEADERS):
        return frame(HEADERS, flags, stream, self.encoder.encode(fields))

    def frames(self):
        while True:
            while len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) < 9 + length:
                    break
                kind, flags, stream = struct.unpack(">BBI", self.buffer[3:9])
                payload, self.buffer = self.buffer[9 : 9 + length], self.buffer[9 + length :]
                yield kind, flags, stream & 0x7FFFFFFF, payload
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return
            self.buffer += data

    def outcome(self, stream=1):
        """How the stream ends. Bodies are read to their end, so that the next question finds a quiet connection."""
        answer = None
        for kind, flags, number, payload in self.frames():
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK, 0))
            if kind == GOAWAY:
                return f"goaway {struct.unpack('>I', payload[4:8])[0]}"
            if kind == HEADERS:
                fields = dict(self.decoder.decode(payload))
                if number == stream:
                    answer = fields[":status"]
            if number == stream and kind == RST_STREAM and answer is None:
                return f"reset {struct.unpack('>I', payload)[0]}"
            if number == stream and answer and (kind == RST_STREAM or flags & END_STREAM and kind in (DATA, HEADERS)):
                return answer
        return answer or "closed"


def cases(port):
    def ask(data=None, stream=1):
        client = Client(port)
        client.send(data(client) if callable(data) else data)
        return client.outcome(stream)

    def head(*changes, base=GET):
        """A request whose field block is changed: (name, None) takes one away, anything else is appended or replaces."""
        fields = [field for field in base if not any(field[0] == name for name, _ in changes if name.startswith(":"))]
        pseudo = [f for f in fields if f[0].startswith(":")] + [c for c in changes if c[0][0] == ":" and c[1] is not None]
        plain = [f for f in fields if not f[0].startswith(":")] + [c for c in changes if c[0][0] != ":"]
        return lambda client: client.headers(pseudo + plain)

    yield "a request", ask(head())
    yield "HEAD", ask(head((":method", "HEAD")))
    yield "unknown route", ask(head((":path", "/nowhere")))
    yield "wrong method", ask(head((":method", "DELETE")))
    yield "path with a query", ask(head((":path", "/health?a=b")))
    yield "path not from the root", ask(head((":path", "health")))
    yield "host as authority", ask(head(("host", "edge")))
    yield "host unlike authority", ask(head(("host", "elsewhere")))
    yield "two tenants", ask(head(("x-tenant-id", "a"), ("x-tenant-id", "a")))
    yield "two authorizations", ask(head(("authorization", "Bearer a"), ("authorization", "Bearer b")))
    yield "escaped path", ask(head((":path", "/%68ealth")))
    yield "no path", ask(head((":path", None)))
    yield "no method", ask(head((":method", None)))
    yield "unknown pseudo field", ask(head((":color", "red")))
    yield "upper-case name", ask(head(("X-Upper", "1")))
    yield "connection field", ask(head(("connection", "close")))
    yield "transfer-encoding", ask(head(("transfer-encoding", "chunked"), base=POST))
    yield "field value with a line break", ask(head(("x-a", "b\r\nc: d")))
    yield "too many fields", ask(head(*[(f"x-{i}", "1") for i in range(100)]))

    def huge(client):
        block = client.encoder.encode(GET + [("x-long", "~" * 15_000), ("x-more", "~" * 15_000)], huffman=False)
        return frame(HEADERS, END_STREAM, 1, block[:16384]) + frame(CONTINUATION, END_HEADERS, 1, block[16384:])

    yield "huge head", ask(huge)
    yield "pseudo field after others", ask(lambda c: c.headers(GET[:3] + [("x-a", "1"), GET[3]]))

    def post(body, *fields, ends=True):
        return lambda c: c.headers(POST + list(fields), flags=END_HEADERS) + b"".join(
            frame(DATA, END_STREAM if ends and i + 16384 >= len(body) else 0, 1, body[i : i + 16384])
            for i in range(0, max(1, len(body)), 16384)
        )

    good = b'{"email":"a@b.test","password":"right"}'
    yield "sign-in", ask(post(good))
    yield "wrong length", ask(post(good, ("content-length", "3")))
    yield "announced too large", ask(post(b"", ("content-length", "1048577"), ends=False))
    yield "bad JSON", ask(post(b"{"))

    def unread_body(path, *fields):
        head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "edge"),
                ("content-length", "1000000"), *fields]
        return ask(lambda c: c.headers(head, flags=END_HEADERS))

    yield "refused before its body", unread_body("/api/billing/subscriptions")
    yield "refused before the body it would continue", unread_body("/api/auth/me", ("expect", "100-continue"))
    yield "unknown expectation", unread_body("/api/auth/login", ("expect", "magic"))

    def continues():
        client = Client(port)
        client.send(client.headers(POST + [("expect", "100-continue")], flags=END_HEADERS))
        seen = []
        for kind, flags, number, payload in client.frames():
            if kind == SETTINGS and not flags & ACK:
                client.send(frame(SETTINGS, ACK, 0))
            if kind == HEADERS:
                seen.append(dict(client.decoder.decode(payload))[":status"])
                if seen == ["100"]:
                    client.send(frame(DATA, END_STREAM, 1, good))
            if number == 1 and flags & END_STREAM:
                return ", then ".join(seen)
        return "closed"

    yield "continue", continues()

    def oversize():
        client = Client(port)
        client.send(client.headers(POST, flags=END_HEADERS))
        window, sent = 65535, 0
        answer = None
        for kind, flags, number, payload in client.frames():
            if kind == SETTINGS and not flags & ACK:
                client.send(frame(SETTINGS, ACK, 0))
                initial = [struct.unpack(">HI", payload[i : i + 6]) for i in range(0, len(payload), 6)]
                window += dict(initial).get(4, 65535) - 65535
            if kind == HEADERS:
                answer = dict(client.decoder.decode(payload))[":status"]
            if kind == WINDOW_UPDATE and number == 1:
                window += struct.unpack(">I", payload)[0]
            if answer and (kind == RST_STREAM or flags & END_STREAM):
                break
            while sent <= 1_048_576 and window >= 16384:
                client.send(frame(DATA, 0, 1, b" " * 16384))
                window -= 16384
                sent += 16384
        return answer

    yield "too large", oversize()

    def many():
        client = Client(port)
        client.send(b"".join(client.headers(GET, stream=2 * i + 1) for i in range(100)))
        outcomes, ended = {}, 0
        for kind, flags, number, payload in client.frames():
            if kind == HEADERS:
                outcomes[number] = dict(client.decoder.decode(payload))[":status"]
            ended += bool(flags & END_STREAM and kind in (DATA, HEADERS))
            if ended == 100:
                break
        return "200" if set(outcomes.values()) == {"200"} else str(outcomes)

    yield "a hundred at once", many()

    def after(data):
        """The stream is refused, the connection lives."""
        client = Client(port)
        client.send(data(client))
        first = client.outcome(1)
        client.send(client.headers(GET, stream=3))
        return f"{first}, then {client.outcome(3)}"

    yield "refused, then another", after(head(("connection", "close")))

    # Errors of the connection (RFC 9113 sections 4 to 6).
    yield "DATA on stream 0", ask(frame(DATA, 0, 0, b"x"))
    yield "HEADERS on an even stream", ask(lambda c: c.headers(GET, stream=2))
    yield "DATA on an idle stream", ask(frame(DATA, 0, 5, b"x"))
    yield "frame too large", ask(frame(DATA, 0, 1, b"x" * 16385))
    yield "SETTINGS of odd length", ask(frame(SETTINGS, 0, 0, b"12345"))
    yield "SETTINGS on a stream", ask(frame(SETTINGS, 0, 1))
    yield "bad HPACK", ask(frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\xff\xff\xff\xff\xff"))
    yield "CONTINUATION alone", ask(frame(CONTINUATION, END_HEADERS, 1, b""))
    yield "interrupted head", ask(lambda c: c.headers(GET, flags=END_STREAM) + frame(PING, 0, 0, b"12345678"))
    yield "window overflow", ask(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7FFFFFFF)))
    yield "endless CONTINUATION", ask(
        lambda c: c.headers(GET, flags=END_STREAM) + frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 1000) * 200
    )
    yield "rapid reset", ask(
        lambda c: b"".join(
            c.headers(GET, stream=2 * i + 1) + frame(RST_STREAM, 0, 2 * i + 1, struct.pack(">I", 8)) for i in range(20_000)
        ),
        stream=0,
    )
    yield "PING flood", ask(frame(PING, 0, 0, b"12345678") * 200_000, stream=0)
    yield "SETTINGS flood", ask(frame(SETTINGS, 0, 0) * 200_000, stream=0)

    def wrong_preface():
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        return connection.recv(65536).split(b"\r\n")[0].decode()

    yield "wrong preface", wrong_preface()
    yield "afterwards", ask(head())


print(json.dumps(dict(cases(int(sys.argv[1])))))
