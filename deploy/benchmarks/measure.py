"""Runs the parts of deploy/benchmark and prints their tables."""

import argparse

import edge
import memory
import postgres
import rpc
import build

PARTS = {"rpc": rpc.measure, "postgres": postgres.measure, "edge": edge.measure, "memory": memory.measure, "build": build.measure}


def main():
    parser = argparse.ArgumentParser(prog="deploy/benchmark")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    options = parser.parse_args()
    options.runs = 1 if options.quick else 5
    options.seconds = 2 if options.quick else 5
    for part in options.parts:
        PARTS[part](options)


main()
