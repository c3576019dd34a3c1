"""What Google's gRPC client hears from the edge for each kind of call: UNIMPLEMENTED, soon, and where to go instead."""

import sys
import time

import grpc

channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}")
path = "/cloudbill.billing.v1.Billing/GetSubscription"
same = {"request_serializer": bytes, "response_deserializer": bytes}


def endless():
    yield b""
    time.sleep(30)


def outcome(call):
    start = time.monotonic()
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED, error
        assert "RPC port" in error.details(), error
        assert time.monotonic() - start < 20, "it took too long"
        return
    raise AssertionError("the call succeeded")


outcome(lambda: channel.unary_unary(path, **same)(b"", timeout=60))
outcome(lambda: list(channel.unary_stream(path, **same)(b"", timeout=60)))
outcome(lambda: channel.stream_unary(path, **same)(endless(), timeout=60))
outcome(lambda: list(channel.stream_stream(path, **same)(endless(), timeout=60)))
