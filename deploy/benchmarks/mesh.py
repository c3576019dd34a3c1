"""The whole mesh, started by `cloudbill up` on free ports with fresh demo data, for the parts that measure it from outside."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request

import processes

TENANT = "00000000-0000-0000-0000-000000000001"


def request(url, body=None, token=None):
    headers = {"content-type": "application/json", "x-tenant-id": TENANT}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as reply:
        return json.load(reply)


class Mesh:
    def __init__(self, process, port):
        self.process, self.port = process, port
        self.url = f"http://127.0.0.1:{port}"

    def service(self, name):
        """The pid of `cloudbill serve NAME`."""
        for pid, command in processes.children_of(self.process.pid).items():
            if "serve" in command and name in command:
                return pid
        raise SystemExit(f"the mesh runs no process for {name}")

    def sign_in(self):
        return request(self.url + "/api/auth/login", {"email": "admin@acme.test", "password": "Demo-Passw0rd"})["data"]["accessToken"]


@contextlib.contextmanager
def running(options, core=None):
    """The mesh, its own processes on one core if one is given: each then runs one loop. The database keeps all cores."""
    folder = tempfile.mkdtemp(prefix="cloudbill-mesh-")
    os.chmod(folder, 0o755)
    base = processes.free_port() // 100 * 100 - 8080
    base = base if 2000 < base < 40000 else 20000
    process = processes.start([options.binaries + "/cloudbill", "up", "--data", folder + "/data", "--base-port", str(base)],
                              core, stdout=subprocess.DEVNULL)
    try:
        processes.wait_for_port(8080 + base, process, 120)
        if core is not None:
            processes.unpin(pid for pid, command in processes.children_of(process.pid).items()
                            if command[0].endswith("/postgres"))
        yield Mesh(process, 8080 + base)
    finally:
        processes.stop(process)
        shutil.rmtree(folder, ignore_errors=True)
