"""An ordinary client built on h2: many requests at once on one connection, windows renewed frame by frame."""

import socket
import sys

import h2.connection
import h2.events

COUNT = 90
SIZE = 100_000


def main():
    sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    bodies, ended = {}, set()
    for index in range(COUNT):
        stream = connection.get_next_available_stream_id()
        path = f"/bytes/{SIZE}" if index % 2 else "/hello"
        connection.send_headers(
            stream,
            [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "test")],
            end_stream=True,
        )
        bodies[stream] = (path, bytearray())
    sock.sendall(connection.data_to_send())
    while len(ended) < COUNT:
        data = sock.recv(65536)
        assert data, "the server closed the connection"
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id][1].extend(event.data)
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                connection.ping(b"bandwidt")
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
            assert not isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)), event
        sock.sendall(connection.data_to_send())
    for path, body in bodies.values():
        assert bytes(body) == (b"hello" if path == "/hello" else b"b" * SIZE)
    connection.close_connection()
    sock.sendall(connection.data_to_send())
    print("ok")


main()
