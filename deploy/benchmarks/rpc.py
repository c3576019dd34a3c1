"""Unary calls: our server beside gRPC C++ and nghttpd, the same load on the other core."""

import os
import re
import subprocess
import tempfile

import processes
from table import median, show

SHAPES = [("4 x 32", 4, 32, 300_000), ("1 x 1", 1, 1, 40_000)]


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    if isinstance(value, str):
        data = value.encode()
        return varint(number << 3 | 2) + varint(len(data)) + data
    return varint(number << 3) + varint(value)


def echo_message():
    identifier = "550e8400-e29b-41d4-a716-446655440000"
    values = [identifier, identifier, "pro-monthly", "active", "monthly", 9900, "USD", 1764000000, 1764000000,
              1766592000, 1, 1, 1764000000, 1764000000, identifier]
    return b"".join(field(number, value) for number, value in enumerate(values, 1))


def framed(message):
    return b"\0" + len(message).to_bytes(4, "big") + message


def load(core, port, path, connections, streams, requests, body, headers):
    command = ["taskset", "-c", str(core), "h2load", "-n", str(requests), "-c", str(connections), "-m", str(streams)]
    if body:
        command += ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"]
    for header in headers:
        command += ["-H", header]
    output = subprocess.run(command + [f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    done = int(re.search(r"(\d+) succeeded", output).group(1))
    if done != requests:
        raise SystemExit(f"{requests - done} of {requests} calls to port {port}{path} failed:\n{output}")
    return float(re.search(r"([\d.]+) req/s", output).group(1))


def one(options, server, core, port, path, shape, body, headers):
    _, connections, streams, requests = shape
    if options.quick:
        requests //= 4
    load(core, port, path, connections, streams, requests // 10, body, headers)
    rates, costs = [], []
    for _ in range(options.runs):
        before = processes.cpu_seconds(server.pid)
        rates.append(load(core, port, path, connections, streams, requests, body, headers))
        costs.append((processes.cpu_seconds(server.pid) - before) / requests * 1e6)
    return median(rates), median(costs)


def measure(options):
    server_core, load_core = processes.cores()
    with tempfile.TemporaryDirectory() as folder:
        empty, echo = os.path.join(folder, "empty"), os.path.join(folder, "echo")
        with open(empty, "wb") as file:
            file.write(framed(b""))
        with open(echo, "wb") as file:
            file.write(framed(echo_message()))
        with open(os.path.join(folder, "index.html"), "wb") as file:
            file.write(b"x" * 190)

        ours_port, peer_port, static_port = (processes.free_port() for _ in range(3))
        ours = processes.start([options.binaries + "/benchmark", "rpc-server", "--port", str(ours_port)], server_core,
                               stdout=subprocess.PIPE, text=True)
        # Its first line is a signed claims value for its own key, so that the claims are really verified.
        claims = ours.stdout.readline().strip()
        peer = processes.start([options.peer, str(peer_port)], server_core)
        static = processes.start(["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", folder, str(static_port)], server_core)
        try:
            for port, process in [(ours_port, ours), (peer_port, peer), (static_port, static)]:
                processes.wait_for_port(port, process)
            metadata = ["grpc-timeout: 5S", f"cloudbill-claims-bin: {claims}"]
            rows = []
            for shape in SHAPES:
                floor = one(options, static, load_core, static_port, "/index.html", shape, None, [])
                rows.append([f"nghttpd, 190 bytes ({shape[0]})", f"{floor[0]:,.0f}", f"{floor[1]:.2f} us", ""])
                for name, path, body in [("Health/Check", "/grpc.health.v1.Health/Check", empty),
                                         ("Echo, 15 fields", "/cloudbill.benchmark.v1.Echo/Echo", echo)]:
                    mine = one(options, ours, load_core, ours_port, path, shape, body, metadata)
                    theirs = one(options, peer, load_core, peer_port, path, shape, body, ["grpc-timeout: 5S"])
                    rows.append([f"gRPC C++ {name} ({shape[0]})", f"{theirs[0]:,.0f}", f"{theirs[1]:.2f} us", "1.00"])
                    rows.append([f"CloudBill {name} ({shape[0]})", f"{mine[0]:,.0f}", f"{mine[1]:.2f} us",
                                 f"{theirs[1] / mine[1]:.2f}"])
            show("RPC unary, one core (metrics, deadline and claims on for CloudBill)",
                 ["server", "calls/s", "CPU a call", "times cheaper than gRPC C++"], rows)
        finally:
            for process in (ours, peer, static):
                processes.stop(process)
