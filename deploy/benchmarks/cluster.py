"""A throwaway PostgreSQL cluster on a unix socket, run as an unprivileged user."""

import contextlib
import os
import shutil
import subprocess
import tempfile

import glob


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise SystemExit("PostgreSQL's server programs are not installed (package postgresql-15)")
    return os.path.dirname(found[-1])


def unprivileged():
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []


@contextlib.contextmanager
def running(core=None):
    folder = tempfile.mkdtemp(prefix="cloudbill-benchmark-")
    data = os.path.join(folder, "data")
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    pin = ["taskset", "-c", str(core)] if core is not None else []
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    subprocess.run(unprivileged() + [binaries() + "/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"], **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c synchronous_commit=off"
    subprocess.run(pin + unprivileged() + [binaries() + "/pg_ctl", "-D", data, "-w", "-l", folder + "/log", "-o", options, "start"], **quiet)
    try:
        yield folder
    finally:
        subprocess.run(unprivileged() + [binaries() + "/pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)
