"""A gRPC server made of single frames: `raw_server.py CASE` prints its port, plays the case and prints `ok`."""

import socket
import struct
import sys

import hpack
import hyperframe.frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_STREAMS = frames.SettingsFrame.MAX_CONCURRENT_STREAMS
WINDOW = frames.SettingsFrame.INITIAL_WINDOW_SIZE
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


class Connection:
    def __init__(self, listener, settings={}):
        self.socket, _ = listener.accept()
        self.socket.settimeout(60)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.pending, self.streams, self.pings, self.closed = b"", {}, 0, False
        while len(self.pending) < len(PREFACE):
            self.pending += self.socket.recv(65536)
        assert self.pending.startswith(PREFACE)
        self.pending = self.pending[len(PREFACE):]
        self.send(frames.SettingsFrame(0, settings={WINDOW: 1 << 20, **settings}), frames.WindowUpdateFrame(0, window_increment=1 << 24))

    def send(self, *parts):
        self.socket.sendall(b"".join(part.serialize() for part in parts))

    def read(self, until):
        while not until():
            while len(self.pending) >= 9:
                frame, length = frames.Frame.parse_frame_header(memoryview(self.pending[:9]))
                if len(self.pending) < 9 + length:
                    break
                frame.parse_body(memoryview(self.pending[9 : 9 + length]))
                self.pending = self.pending[9 + length :]
                self.note(frame)
            if until():
                return
            data = self.socket.recv(65536)
            if not data:
                self.closed = True
                assert until(), "the client closed the connection"
                return
            self.pending += data

    def note(self, frame):
        stream = self.streams.setdefault(frame.stream_id, Stream()) if frame.stream_id else None
        if isinstance(frame, frames.HeadersFrame):
            stream.fields += self.decoder.decode(frame.data)
        elif isinstance(frame, frames.DataFrame):
            stream.body += frame.data
        elif isinstance(frame, frames.RstStreamFrame):
            stream.reset = frame.error_code
        elif isinstance(frame, frames.PingFrame):
            if "ACK" in frame.flags:
                self.pings += 1
            else:
                self.send(frames.PingFrame(0, frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags:
            self.send(frames.SettingsFrame(0, flags=["ACK"]))
        if stream is not None and "END_STREAM" in frame.flags:
            stream.ended = True

    def barrier(self):
        """Returns when all has arrived that the client had sent when it got this."""
        seen = self.pings
        self.send(frames.PingFrame(0, b"barrier!"))
        self.read(lambda: self.pings > seen)

    def answer(self, number, value, status="0"):
        head = [(":status", "200"), ("content-type", "application/grpc")]
        self.send(
            frames.HeadersFrame(number, self.encoder.encode(head), flags=["END_HEADERS"]),
            frames.DataFrame(number, text(value)),
            frames.HeadersFrame(number, self.encoder.encode([("grpc-status", status)]), flags=["END_HEADERS", "END_STREAM"]))

    def whole(self, number):
        self.read(lambda: number in self.streams and self.streams[number].ended)
        return self.streams[number]


def refused(listener, bytes_read):
    """Refuses a stream when so much of its body has come, then takes it whole and says how long it was."""
    peer = Connection(listener)
    peer.read(lambda: 1 in peer.streams and len(peer.streams[1].body) >= int(bytes_read))
    peer.send(frames.RstStreamFrame(1, REFUSED_STREAM))
    stream = peer.whole(3)
    assert "grpc-previous-rpc-attempts" not in dict(stream.fields)
    peer.answer(3, str(len(stream.body)))
    peer.read(lambda: peer.closed)


def refused_for_good(listener, bytes_read):
    """Refuses a stream when so much of its body has come; no other one follows."""
    peer = Connection(listener)
    peer.read(lambda: 1 in peer.streams and len(peer.streams[1].body) >= int(bytes_read))
    peer.send(frames.RstStreamFrame(1, REFUSED_STREAM))
    peer.read(lambda: peer.closed)
    assert list(peer.streams) == [1], list(peer.streams)


def goaway(listener, bytes_read):
    """Goes away with a last stream below the call's; the next connection gets it whole."""
    peer = Connection(listener)
    peer.read(lambda: 1 in peer.streams and len(peer.streams[1].body) >= int(bytes_read))
    peer.send(frames.GoAwayFrame(0, last_stream_id=0))
    second = Connection(listener)
    second.answer(1, str(len(second.whole(1).body)))
    second.read(lambda: second.closed)


def before_settings(listener):
    """Three connections end before the server has said anything; the fourth is served."""
    for _ in range(3):
        listener.accept()[0].close()
    peer = Connection(listener)
    peer.whole(1)
    peer.answer(1, "patient")
    peer.read(lambda: peer.closed)


def settings_grow(listener):
    """Ten calls and room for one: the others wait in the client until the server makes room."""
    peer = Connection(listener, {MAX_STREAMS: 1})
    peer.whole(1)
    peer.barrier()
    assert list(peer.streams) == [1], list(peer.streams)
    peer.send(frames.SettingsFrame(0, settings={MAX_STREAMS: 10}))
    for number in range(1, 20, 2):
        peer.whole(number)
    for number in range(1, 20, 2):
        peer.answer(number, "x")
    peer.read(lambda: peer.closed)


def no_room(listener):
    """No stream is allowed: calls end by their deadline and leave nothing behind; with room the next one is served."""
    peer = Connection(listener, {MAX_STREAMS: 0})
    print("ready", flush=True)
    sys.stdin.readline()
    peer.barrier()
    assert not peer.streams, list(peer.streams)
    peer.send(frames.SettingsFrame(0, settings={MAX_STREAMS: 1}))
    peer.whole(1)
    assert list(peer.streams) == [1], list(peer.streams)
    peer.answer(1, "at last")
    peer.read(lambda: peer.closed)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    globals()[sys.argv[1]](listener, *sys.argv[2:])
    print("ok", flush=True)


main()
