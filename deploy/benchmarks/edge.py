"""GET /api/billing/subscriptions/:id end to end: CPU of edge and billing together, and latency at a constant rate."""

import os
import re
import subprocess
import tempfile

import mesh
import processes
from table import median, show


LOADS = {"HTTP/1.1, 16 connections": ["--h1", "-c", "16"], "HTTP/2, 4 x 32": ["-c", "4", "-m", "32"]}


def load(core, target, token, extra):
    command = ["taskset", "-c", str(core), "h2load", "-t", "1", "-H", f"authorization: Bearer {token}",
               "-H", f"x-tenant-id: {mesh.TENANT}"] + extra + [target]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    done = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output)
    if not done or any(int(count) for count in done.groups()[1:]):
        raise SystemExit(f"requests failed:\n{output}")
    return int(done.group(1)), float(re.search(r"([\d.]+) req/s", output).group(1))


def percentiles(path):
    with open(path) as file:
        times = sorted(int(line.split("\t")[2]) for line in file if line.strip())
    return [times[min(len(times) - 1, int(len(times) * share))] / 1000 for share in (0.5, 0.99, 0.999)]


def measure(options):
    server_core, load_core = processes.cores()
    with mesh.running(options, server_core) as running, tempfile.TemporaryDirectory() as folder:
        token = running.sign_in()
        first = mesh.request(running.url + "/api/billing/subscriptions?limit=1", token=token)["data"][0]["id"]
        target = f"{running.url}/api/billing/subscriptions/{first}"
        edge, billing = running.service("edge"), running.service("billing")
        count = 10_000 if options.quick else 40_000
        rows = []
        for name, shape in LOADS.items():
            load(load_core, target, token, shape + ["-n", str(count // 4)])
            edge_costs, billing_costs, rates = [], [], []
            for _ in range(options.runs):
                before = processes.cpu_seconds(edge), processes.cpu_seconds(billing)
                done, rate = load(load_core, target, token, shape + ["-n", str(count)])
                edge_costs.append((processes.cpu_seconds(edge) - before[0]) / done * 1e6)
                billing_costs.append((processes.cpu_seconds(billing) - before[1]) / done * 1e6)
                rates.append(rate)
            both = median([one + two for one, two in zip(edge_costs, billing_costs)])
            rows.append([name, f"{median(rates):,.0f}", f"{median(edge_costs):.1f} us", f"{median(billing_costs):.1f} us", f"{both:.1f} us"])
        show("GET /api/billing/subscriptions/:id (token, session, RLS, JSON), edge and billing on one core",
             ["CPU a request", "requests/s", "edge", "billing", "together"], rows)
        # Sixteen connections; h2load's --rps is a constant rate for each of them.
        log = os.path.join(folder, "log")
        load(load_core, target, token, LOADS["HTTP/1.1, 16 connections"] + ["--rps", "63", "-n", str(1008 * (3 if options.quick else 20)), "--log-file", log])
        half, tail, far = percentiles(log)
        show("The same at a constant 1,000 requests/s", ["", "p50", "p99", "p99.9"], [["latency", f"{half:.2f} ms", f"{tail:.2f} ms", f"{far:.2f} ms"]])
