"""How long a newcomer waits: a clean release build, and a fresh clone to the first response."""

import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

import processes
from table import show


def measure(options):
    folder = tempfile.mkdtemp(prefix="cloudbill-clone-")
    os.chmod(folder, 0o755)
    clone = os.path.join(folder, "cloudbill")
    base = 23000
    try:
        subprocess.run(["git", "clone", "-q", ".", clone], check=True)
        start = time.monotonic()
        subprocess.run(["swift", "build", "-c", "release", "--product", "cloudbill"], cwd=clone, check=True, stdout=subprocess.DEVNULL)
        built = time.monotonic() - start
        shutil.rmtree(os.path.join(clone, ".build"))
        start = time.monotonic()
        process = subprocess.Popen(["deploy/up", "--base-port", str(base)], cwd=clone, stdout=subprocess.DEVNULL)
        try:
            processes.wait_for_port(8080 + base, process, 1800)
            urllib.request.urlopen(f"http://127.0.0.1:{8080 + base}/health", timeout=30).read()
            first = time.monotonic() - start
        finally:
            processes.stop(process)
        show("Time", ["", "seconds"], [["clean release build", f"{built:.0f}"], ["fresh clone to first response", f"{first:.0f}"]])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
