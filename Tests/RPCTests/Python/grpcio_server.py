"""The kitchen of the tests as a server of grpcio, on a free port that is printed; ends when standard input ends."""

import sys
import time
from concurrent import futures

import grpc
from google.protobuf import wrappers_pb2 as wrappers

CODES = {code.value[0]: code for code in grpc.StatusCode}


def command(request, context):
    words = request.value.split(" ", 2)
    metadata = dict(context.invocation_metadata())
    if words[0] == "fail":
        context.set_trailing_metadata((("x-failed", "yes"),))
        context.abort(CODES[int(words[1])], words[2] if len(words) > 2 else "")
    if words[0] == "metadata":
        context.send_initial_metadata((("x-head", "head"),))
        context.set_trailing_metadata((("x-tail", "tail"), ("x-tail-bin", b"\x00\x01\xff")))
        return wrappers.StringValue(value=f"{metadata['x-text']} {list(metadata['x-bytes-bin'])}")
    if words[0] == "deadline":
        left = context.time_remaining()
        return wrappers.StringValue(value="never" if left is None or left > 1e8 else str(left * 1000))
    if words[0] == "large":
        return wrappers.StringValue(value="l" * int(words[1]))
    if words[0] == "size":
        return wrappers.StringValue(value=str(len(request.value)))
    if words[0] == "sleep":
        time.sleep(int(words[1]) / 1000)
    return wrappers.StringValue(value=request.value + "!")


def count(request, context):
    for number in range(request.value):
        yield wrappers.StringValue(value=f"{number} ")
    if request.value == 13:
        context.abort(grpc.StatusCode.OUT_OF_RANGE, "thirteen")


def add(requests, context):
    return wrappers.Int64Value(value=sum(request.value for request in requests))


def chat(requests, context):
    for request in requests:
        yield wrappers.StringValue(value=request.value + "?")


def handler(kind, function, request):
    return kind(
        function,
        request_deserializer=request.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "test.Kitchen",
                {
                    "Do": handler(grpc.unary_unary_rpc_method_handler, command, wrappers.StringValue),
                    "Count": handler(grpc.unary_stream_rpc_method_handler, count, wrappers.Int64Value),
                    "Sum": handler(grpc.stream_unary_rpc_method_handler, add, wrappers.Int64Value),
                    "Chat": handler(grpc.stream_stream_rpc_method_handler, chat, wrappers.StringValue),
                },
            ),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(grace=None)


main()
