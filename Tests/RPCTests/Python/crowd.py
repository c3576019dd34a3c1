"""Opens HTTP/2 connections to 127.0.0.1:PORT that do nothing, as many as asked, and prints what became of them.

usage: crowd.py PORT
Each line read is a command: a number opens as many more connections and prints "open"; "state" prints how many the server has
left open, and how many of those it closed had been told by a GOAWAY; "close" closes all and prints "closed".
"""

import resource
import socket
import sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
GOAWAY = 7

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []


def read_all(connection):
    """What has arrived, and whether the connection is still open."""
    data, is_open = b"", True
    connection.setblocking(False)
    try:
        while chunk := connection.recv(65536):
            data += chunk
        is_open = False
    except BlockingIOError:
        pass
    except OSError:
        is_open = False
    return data, is_open


def has_goaway(data):
    while len(data) >= 9:
        if data[3] == GOAWAY:
            return True
        data = data[9 + int.from_bytes(data[:3], "big"):]
    return False


for line in sys.stdin:
    command = line.strip()
    if command == "state":
        state = [read_all(connection) for connection in held]
        still = sum(1 for _, is_open in state if is_open)
        told = sum(1 for data, is_open in state if not is_open and has_goaway(data))
        print(still, told, flush=True)
    elif command == "close":
        for connection in held:
            connection.close()
        held = []
        print("closed", flush=True)
    else:
        for _ in range(int(command)):
            connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            try:
                connection.sendall(PREFACE)
            except OSError:
                pass
            held.append(connection)
        print("open", flush=True)
