"""A peer that breaks the rules: `raw_peer.py PORT CASE` prints as JSON what the server did about it."""

import json
import socket
import sys
import time

import hpack
import hyperframe.frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
REQUEST = [(":method", "GET"), (":scheme", "http"), (":path", "/hello"), (":authority", "test")]


class Peer:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.encoder = hpack.Encoder()
        self.seen = {"goaway": None, "resets": {}, "statuses": {}, "acknowledged": 0, "pings": 0, "closed": False}
        self.decoder = hpack.Decoder()
        self.pending = b""
        self.body = 0

    def handshake(self, settings=None):
        self.send(PREFACE + frames.SettingsFrame(0, settings=settings or {}).serialize())

    def send(self, data):
        """Sends all, unless the server has closed already: that it may is the point of most cases."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def headers(self, stream, fields=None, flags=("END_HEADERS", "END_STREAM")):
        frame = frames.HeadersFrame(stream, flags=list(flags))
        frame.data = self.encoder.encode(REQUEST if fields is None else fields)
        return frame.serialize()

    def request(self, path):
        return [(name, path if name == ":path" else value) for name, value in REQUEST]

    def read(self, until=lambda seen: False):
        """Reads frames until the server closes or `until` holds."""
        while not until(self.seen):
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.seen["closed"] = True
                return
            self.pending += data
            while len(self.pending) >= 9:
                frame, length = frames.Frame.parse_frame_header(memoryview(self.pending[:9]))
                if len(self.pending) < 9 + length:
                    break
                frame.parse_body(memoryview(self.pending[9 : 9 + length]))
                self.pending = self.pending[9 + length :]
                self.note(frame)

    def note(self, frame):
        if isinstance(frame, frames.GoAwayFrame):
            self.seen["goaway"] = frame.error_code
        elif isinstance(frame, frames.RstStreamFrame):
            self.seen["resets"][str(frame.stream_id)] = frame.error_code
        elif isinstance(frame, frames.HeadersFrame):
            fields = dict(self.decoder.decode(frame.data))
            if ":status" in fields:
                self.seen["statuses"][str(frame.stream_id)] = fields[":status"]
        elif isinstance(frame, frames.DataFrame):
            self.body += len(frame.data)
        elif isinstance(frame, frames.SettingsFrame) and "ACK" in frame.flags:
            self.seen["acknowledged"] += 1
        elif isinstance(frame, frames.PingFrame) and "ACK" in frame.flags:
            self.seen["pings"] += 1


def raw(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def bad_preface(peer):
    peer.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")


def almost_preface(peer):
    peer.send(PREFACE[:-1] + b"X" + frames.SettingsFrame(0).serialize())


def no_settings(peer):
    peer.send(PREFACE + frames.PingFrame(0, opaque_data=b"12345678").serialize())


def oversize_frame(peer):
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/echo"), ["END_HEADERS"]))
    peer.send(raw(0, 0, 1, bytes(16385)))


def wrong_length_ping(peer):
    peer.handshake()
    peer.send(raw(6, 0, 0, bytes(7)))


def settings_on_stream(peer):
    peer.handshake()
    peer.send(raw(4, 0, 1, b""))


def data_on_idle_stream(peer):
    peer.handshake()
    peer.send(frames.DataFrame(1, data=b"early").serialize())


def even_stream(peer):
    peer.handshake()
    peer.send(peer.headers(2))


def broken_header_block(peer):
    peer.handshake()
    peer.send(raw(1, 0x5, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))


def interrupted_header_block(peer):
    peer.handshake()
    peer.send(peer.headers(1, flags=["END_STREAM"]))
    peer.send(frames.PingFrame(0, opaque_data=b"12345678").serialize())


def connection_window_overflow(peer):
    peer.handshake()
    peer.send(frames.WindowUpdateFrame(0, window_increment=2**31 - 1).serialize())


def stream_window_overflow(peer):
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/silent")))
    peer.send(frames.WindowUpdateFrame(1, window_increment=2**31 - 1).serialize())
    peer.read(lambda seen: seen["resets"])


def window_exceeded(peer):
    """Sends more body than the window of the stream, which /sink never renews."""
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/sink"), ["END_HEADERS"]))
    for _ in range(40):
        peer.send(frames.DataFrame(1, data=bytes(16384)).serialize())
    peer.read(lambda seen: seen["resets"])


def data_after_end(peer):
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/silent")))
    peer.send(frames.DataFrame(1, data=b"late").serialize())


def self_dependency(peer):
    peer.handshake()
    peer.send(raw(2, 0, 1, (1).to_bytes(4, "big") + b"\x10"))
    peer.send(peer.headers(1))
    peer.read(lambda seen: seen["statuses"])


def malformed_requests(peer):
    """Requests that RFC 9113 §8.1.1 calls malformed: each stream is reset, the connection stays."""
    peer.handshake()
    cases = [
        REQUEST[1:],
        REQUEST + [(":method", "GET")],
        REQUEST + [("Upper", "case")],
        REQUEST + [("connection", "close")],
        REQUEST + [(":unknown", "1")],
        [("x-first", "1")] + REQUEST,
        REQUEST + [("te", "gzip")],
        REQUEST + [("x-bad", "line\nbreak")],
        REQUEST + [("content-length", "5")],
    ]
    for index, fields in enumerate(cases):
        peer.send(peer.headers(1 + 2 * index, fields))
    last = 1 + 2 * len(cases)
    peer.send(peer.headers(last))
    peer.read(lambda seen: str(last) in seen["statuses"])


def rapid_reset(peer):
    peer.handshake()
    for index in range(5000):
        stream = 1 + 2 * index
        peer.send(
            peer.headers(stream, peer.request("/silent")) + frames.RstStreamFrame(stream, error_code=8).serialize()
        )


def rapid_reset_by_server(peer):
    """Makes the server reset its own streams ("MadeYouReset"): opens requests and breaks each."""
    peer.handshake()
    for index in range(5000):
        stream = 1 + 2 * index
        peer.send(
            peer.headers(stream, peer.request("/silent"))
            + frames.WindowUpdateFrame(stream, window_increment=2**31 - 1).serialize()
        )


def flood(peer, frame, count=20000):
    peer.handshake()
    chunk = frame * 100
    for _ in range(count // 100):
        peer.send(chunk)


def ping_flood(peer):
    flood(peer, frames.PingFrame(0, opaque_data=b"12345678").serialize())


def settings_flood(peer):
    flood(peer, frames.SettingsFrame(0).serialize())


def priority_flood(peer):
    flood(peer, raw(2, 0, 1, (0).to_bytes(4, "big") + b"\x10"))


def unknown_flood(peer):
    flood(peer, raw(0xEE, 0, 0, b"?"))


def window_update_flood(peer):
    flood(peer, frames.WindowUpdateFrame(0, window_increment=1).serialize())


def empty_data_flood(peer):
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/echo"), ["END_HEADERS"]))
    chunk = frames.DataFrame(1, data=b"").serialize() * 100
    for _ in range(200):
        peer.send(chunk)


def window_update_on_stream_flood(peer):
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/silent")))
    chunk = frames.WindowUpdateFrame(1, window_increment=1).serialize() * 100
    for _ in range(400):
        peer.send(chunk)


def continuation_flood(peer):
    peer.handshake()
    peer.send(peer.headers(1, flags=["END_STREAM"]))
    block = frames.ContinuationFrame(1)
    block.data = peer.encoder.encode([("x-more", "y" * 100)])
    chunk = block.serialize() * 10
    for _ in range(1000):
        peer.send(chunk)


def empty_continuation_flood(peer):
    peer.handshake()
    peer.send(peer.headers(1, flags=["END_STREAM"]))
    chunk = frames.ContinuationFrame(1).serialize() * 100
    for _ in range(200):
        peer.send(chunk)


def header_list_too_large(peer):
    """Slightly over the limit: 431 and nothing worse."""
    peer.handshake()
    peer.send(peer.headers(1, REQUEST + [("x-large", "z" * 7000), ("x-larger", "z" * 12000)])[:0])
    fields = REQUEST + [(f"x-{index}", "#" * 3000) for index in range(6)]
    block = peer.encoder.encode(fields)
    frame = frames.HeadersFrame(1, flags=["END_STREAM"])
    frame.data = block[:16000]
    rest = frames.ContinuationFrame(1, flags=["END_HEADERS"])
    rest.data = block[16000:]
    peer.send(frame.serialize() + rest.serialize() + peer.headers(3))
    peer.read(lambda seen: "3" in seen["statuses"])


def header_bomb(peer):
    """A small block that unpacks to many times the limit through the dynamic table."""
    peer.handshake()
    peer.encoder.encode([("x-bomb", "b" * 3900)])
    first = hpack.Encoder()
    block = first.encode(REQUEST) + first.encode([("x-bomb", "b" * 3900)])
    indexed = first.encode([("x-bomb", "b" * 3900)])
    assert len(indexed) == 1
    frame = frames.HeadersFrame(1, flags=["END_HEADERS", "END_STREAM"])
    frame.data = block + indexed * 10000
    peer.send(frame.serialize())


def too_many_streams(peer):
    peer.handshake()
    for index in range(300):
        peer.send(peer.headers(1 + 2 * index, peer.request("/silent")))
    peer.read(lambda seen: len(seen["resets"]) == 300 - 256)


def reads_nothing(peer):
    """Opens every window and reads nothing for a while: what the server holds for it must stay bounded."""
    peer.handshake({frames.SettingsFrame.INITIAL_WINDOW_SIZE: 2**31 - 1})
    peer.send(frames.WindowUpdateFrame(0, window_increment=2**31 - 1 - 65535).serialize())
    for index in range(4):
        peer.send(peer.headers(1 + 2 * index, peer.request("/bytes/20000000")))
    time.sleep(1)
    peer.read(lambda seen: peer.body == 80_000_000)


def goes_away(peer):
    """The client says GOAWAY: its open request is still answered, then the connection ends."""
    peer.handshake()
    peer.send(peer.headers(1) + frames.GoAwayFrame(0, last_stream_id=0, error_code=0).serialize())
    peer.read(lambda seen: "1" in seen["statuses"])


def half_close(peer):
    """Ends its side of the socket with a request unanswered."""
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/silent")))
    peer.read(lambda seen: seen["acknowledged"])
    peer.socket.shutdown(socket.SHUT_WR)


def byte_by_byte(peer):
    """The smallest possible reads."""
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in PREFACE + frames.SettingsFrame(0).serialize() + peer.headers(1):
        peer.send(bytes([byte]))
    peer.read(lambda seen: "1" in seen["statuses"])


def padded(peer):
    """Padding on headers and data counts against the windows and is given back."""
    peer.handshake()
    peer.send(peer.headers(1, peer.request("/echo"), ["END_HEADERS"]))
    for _ in range(100):
        peer.send(frames.DataFrame(1, data=b"x" * 100, pad_length=250, flags=["PADDED"]).serialize())
    peer.send(frames.DataFrame(1, data=b"", flags=["END_STREAM"]).serialize())
    peer.read(lambda seen: peer.body == 10_000)


def main():
    peer = Peer(int(sys.argv[1]))
    case = globals()[sys.argv[2]]
    case(peer)
    survives = {
        "stream_window_overflow", "window_exceeded", "self_dependency", "malformed_requests", "header_list_too_large",
        "too_many_streams", "reads_nothing", "goes_away", "byte_by_byte", "padded",
    }  # fmt: skip
    if sys.argv[2] not in survives:
        peer.read()
    print(json.dumps(dict(peer.seen, body=peer.body)))


main()
