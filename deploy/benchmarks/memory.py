"""Resident memory: of each process when idle, and of each idle connection to the edge."""

import resource
import socket
import time

import mesh
import processes
from table import show


def connections_to(port, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    opened = []
    for _ in range(min(count, hard - 100)):
        connection = socket.create_connection(("127.0.0.1", port), 5)
        # One request each, so that the connection has been through everything a real one has.
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        connection.recv(4096)
        opened.append(connection)
    return opened


def measure(options):
    with mesh.running(options) as running:
        mesh.request(running.url + "/health")
        time.sleep(1)
        rows = []
        for name in ("edge", "auth", "billing"):
            rows.append([name, f"{processes.resident_bytes(running.service(name)) / 1e6:.1f} MB"])
        rows.append(["supervisor", f"{processes.resident_bytes(running.process.pid) / 1e6:.1f} MB"])
        show("Resident memory when idle", ["process", "RSS"], rows)

        edge = running.service("edge")
        connections_to(running.port, 200)
        time.sleep(0.5)
        before = processes.resident_bytes(edge)
        count = 2000 if options.quick else 8000
        opened = connections_to(running.port, count)
        time.sleep(1)
        each = (processes.resident_bytes(edge) - before) / len(opened)
        show("Idle connections to the edge", ["connections", "bytes each"], [[f"{len(opened):,}", f"{each:,.0f}"]])
