"""Child processes of a measurement: pinned to a core, their CPU time read from the kernel, always stopped by pid."""

import glob
import os
import re
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process=None, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process is not None and process.poll() is not None:
                raise SystemExit(f"a server ended before it listened on port {port}")
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port} after {seconds} s")


def start(command, core=None, **options):
    prefix = ["taskset", "-c", str(core)] if core is not None else []
    return subprocess.Popen(prefix + command, **options)


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(pid):
    """Time on a core of every thread of the process (nanoseconds in /proc/PID/task/*/schedstat)."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path) as file:
                total += int(file.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def resident_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(re.search(r"^Rss:\s+(\d+) kB", file.read(), re.M).group(1)) * 1024


def unpin(pids):
    """Lets processes and their children run on every core."""
    cores = f"0-{os.cpu_count() - 1}"
    for pid in pids:
        for each in [pid, *children_of(pid)]:
            subprocess.run(["taskset", "-a", "-c", "-p", cores, str(each)], check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)


def children_of(pid):
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as file:
                fields = file.read().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                child = int(path.split("/")[2])
                with open(f"/proc/{child}/cmdline", "rb") as file:
                    found[child] = file.read().decode(errors="replace").split("\0")
        except (OSError, IndexError):
            pass
    return found


def cores():
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[1 % len(available)]
