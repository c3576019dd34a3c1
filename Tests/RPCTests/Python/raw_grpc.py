"""A gRPC client made of single frames: `raw_grpc.py PORT CASE` prints `ok`."""

import socket
import struct
import sys

import hpack
import hyperframe.frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CANCEL, REFUSED_STREAM = 8, 7


def text(value):
    """A framed StringValue."""
    data = value.encode()
    assert len(data) < 126
    message = bytes([10, len(data)]) + data
    return struct.pack(">BI", 0, len(message)) + message


class Stream:
    def __init__(self):
        self.fields, self.body, self.ended, self.reset = [], b"", False, None

    def field(self, name):
        return dict(self.fields).get(name)


class Peer:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.pending = b""
        self.streams, self.goaways, self.pings, self.closed = {}, [], 0, False
        self.send(PREFACE, frames.SettingsFrame(0))

    def send(self, *parts):
        self.socket.sendall(b"".join(part if isinstance(part, bytes) else part.serialize() for part in parts))

    def headers(self, number, method="Do", ends=False, extra=()):
        fields = [(":method", "POST"), (":scheme", "http"), (":path", "/test.Kitchen/" + method), (":authority", "test"),
                  ("content-type", "application/grpc"), ("te", "trailers"), *extra]
        return self.block(number, fields, ends)

    def block(self, number, fields, ends):
        flags = ["END_HEADERS"] + (["END_STREAM"] if ends else [])
        return frames.HeadersFrame(number, self.encoder.encode(fields), flags=flags)

    def data(self, number, bytes, ends=False):
        return frames.DataFrame(number, bytes, flags=["END_STREAM"] if ends else [])

    def call(self, number, value):
        """A whole call and its answer."""
        self.send(self.headers(number), self.data(number, text(value), ends=True))
        return self.answer(number)

    def answer(self, number):
        self.read(lambda: self.stream(number).ended or self.stream(number).reset is not None)
        return self.stream(number)

    def stream(self, number):
        return self.streams.setdefault(number, Stream())

    def barrier(self):
        """Returns when the server has dealt with all that was sent."""
        seen = self.pings
        self.send(frames.PingFrame(0, b"barrier!"))
        self.read(lambda: self.pings > seen)

    def read(self, until):
        while not until():
            data = self.socket.recv(65536)
            if not data:
                self.closed = True
                assert until(), "the server closed the connection"
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
        stream = self.stream(frame.stream_id) if frame.stream_id else None
        if isinstance(frame, frames.HeadersFrame):
            stream.fields += self.decoder.decode(frame.data)
        elif isinstance(frame, frames.DataFrame):
            stream.body += frame.data
        elif isinstance(frame, frames.RstStreamFrame):
            stream.reset = frame.error_code
        elif isinstance(frame, frames.GoAwayFrame):
            self.goaways.append((frame.last_stream_id, frame.error_code))
        elif isinstance(frame, frames.PingFrame):
            if "ACK" in frame.flags:
                self.pings += 1
            else:
                self.drain_ping = frame.opaque_data
        elif isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags:
            self.send(frames.SettingsFrame(0, flags=["ACK"]))
        if stream is not None and "END_STREAM" in frame.flags:
            stream.ended = True


def answered(stream, value):
    assert stream.field("grpc-status") == "0", stream.fields
    assert stream.body == text(value), stream.body


def split(peer):
    """Every byte in a frame of its own, some frames empty, the end of the stream alone."""
    peer.send(peer.headers(1), *[peer.data(1, bytes([byte])) for byte in text("split")], peer.data(1, b"", ends=True))
    answered(peer.answer(1), "split!")


def padded(peer):
    body = text("padded")
    first = frames.DataFrame(1, body[:3], pad_length=200, flags=["PADDED"])
    second = frames.DataFrame(1, body[3:], pad_length=1, flags=["PADDED", "END_STREAM"])
    peer.send(peer.headers(1), first, second)
    answered(peer.answer(1), "padded!")


def trailers(peer):
    """Trailers of a request are allowed and mean nothing."""
    peer.send(peer.headers(1), peer.data(1, text("trailed")), peer.block(1, [("x-checksum", "1")], ends=True))
    answered(peer.answer(1), "trailed!")


def continuation(peer):
    frame = peer.headers(1)
    parts = [frame.data[:1], frame.data[1:20], frame.data[20:]]
    peer.send(frames.HeadersFrame(1, parts[0]), frames.ContinuationFrame(1, parts[1]),
              frames.ContinuationFrame(1, parts[2], flags=["END_HEADERS"]), peer.data(1, text("cut"), ends=True))
    answered(peer.answer(1), "cut!")


def reset(peer):
    """A call that runs is reset; its neighbours do not notice."""
    peer.send(peer.headers(1), peer.data(1, text("sleep 60000"), ends=True), peer.headers(3), peer.data(3, b"\0\0"))
    peer.barrier()
    peer.send(frames.RstStreamFrame(1, CANCEL), frames.RstStreamFrame(3, CANCEL))
    answered(peer.call(5, "next"), "next!")
    assert peer.stream(1).fields == [] and peer.stream(3).fields == []


def early(peer):
    """A streaming call that fails while its caller still sends: the status first, then a reset without an error."""
    peer.send(peer.headers(1, "Chat"), peer.data(1, text("stop")))
    peer.read(lambda: peer.stream(1).reset is not None)
    assert peer.stream(1).field("grpc-status") == "10" and peer.stream(1).reset == 0, vars(peer.stream(1))
    peer.send(peer.data(1, text("too late"), ends=True))
    answered(peer.call(3, "next"), "next!")


def limit(peer):
    """The server takes four calls a connection; one more is refused unseen, the others stay."""
    for number in (1, 3, 5, 7, 9):
        peer.send(peer.headers(number, "Chat"))
    assert peer.answer(9).reset == REFUSED_STREAM
    for number in (1, 3, 5, 7):
        peer.send(peer.data(number, text("x"), ends=True))
        answered(peer.answer(number), "x?")
    answered(peer.call(11, "next"), "next!")


def drain(peer):
    """The server drains once one call runs: it says so, takes what is on its way, names the last call, finishes, closes."""
    peer.drain_ping = None
    peer.send(peer.headers(1, "Chat"))
    peer.read(lambda: peer.drain_ping is not None)
    assert peer.goaways == [(2**31 - 1, 0)], peer.goaways
    peer.send(peer.headers(3), peer.data(3, text("on its way"), ends=True))
    peer.send(frames.PingFrame(0, peer.drain_ping, flags=["ACK"]))
    peer.read(lambda: len(peer.goaways) == 2)
    assert peer.goaways[1] == (3, 0), peer.goaways
    answered(peer.answer(3), "on its way!")
    peer.send(peer.headers(5), peer.data(5, text("too late"), ends=True))
    peer.send(peer.data(1, text("still"), ends=True))
    answered(peer.answer(1), "still?")
    peer.read(lambda: peer.closed)
    assert not peer.stream(5).body


def main():
    globals()[sys.argv[2]](Peer(int(sys.argv[1])))
    print("ok")


main()
