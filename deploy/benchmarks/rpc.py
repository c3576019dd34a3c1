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


def rounds(options, core, shape, targets):
    """Rates and costs of each target (name, process, port, path, body, headers). The targets take turns, so that whatever else the machine
    does at a time weighs on all of them alike."""
    _, connections, streams, requests = shape
    if options.quick:
        requests //= 4
    seen = {target[0]: ([], []) for target in targets}
    for warm in [True] + [False] * options.runs:
        for name, process, port, path, body, headers in targets:
            count = requests // 10 if warm else requests
            before = processes.cpu_seconds(process.pid)
            rate = load(core, port, path, connections, streams, count, body, headers)
            if not warm:
                seen[name][0].append(rate)
                seen[name][1].append((processes.cpu_seconds(process.pid) - before) / count * 1e6)
    return seen


def ratio(costs, floor):
    """The median of the ratios of each round."""
    return f"{median([cost / unit for cost, unit in zip(costs, floor)]):.2f}"


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
                targets = [("nghttpd, 190 bytes", static, static_port, "/index.html", None, [])]
                for name, path, body in [("Health/Check", "/grpc.health.v1.Health/Check", empty),
                                         ("Echo, 15 fields", "/cloudbill.benchmark.v1.Echo/Echo", echo)]:
                    targets.append(("gRPC C++ " + name, peer, peer_port, path, body, ["grpc-timeout: 5S"]))
                    targets.append(("CloudBill " + name, ours, ours_port, path, body, metadata))
                seen = rounds(options, load_core, shape, targets)
                floor = seen["nghttpd, 190 bytes"][1]
                for name, (rates, costs) in seen.items():
                    theirs = seen.get(name.replace("CloudBill", "gRPC C++"))
                    cheaper = ratio(theirs[1], costs) if name.startswith("CloudBill") else ""
                    rows.append([f"{name} ({shape[0]})", f"{median(rates):,.0f}", f"{median(costs):.2f} us",
                                 ratio(costs, floor), cheaper])
            show("RPC unary, one core (metrics, deadline and claims on for CloudBill)",
                 ["server", "calls/s", "CPU a call", "times nghttpd", "times cheaper than gRPC C++"], rows)
        finally:
            for process in (ours, peer, static):
                processes.stop(process)
