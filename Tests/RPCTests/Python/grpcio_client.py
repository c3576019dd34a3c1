"""A client of grpcio that asks the tests' kitchen everything: `grpcio_client.py PORT CASE` prints `ok`."""

import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, wrappers_pb2 as wrappers
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2


def method(channel, kind, name, reply):
    return getattr(channel, kind)(
        f"/test.Kitchen/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=reply.FromString,
    )


def commands(channel):
    return method(channel, "unary_unary", "Do", wrappers.StringValue)


def tell(channel, text, **options):
    return commands(channel)(wrappers.StringValue(value=text), timeout=options.pop("timeout", 60), **options).value


def failure(channel, text, **options):
    try:
        tell(channel, text, **options)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"{text} did not fail")


def statuses(channel):
    for code in grpc.StatusCode:
        if code is grpc.StatusCode.OK:
            continue
        for message in ["", "plain", '100 % grüße\n\t"\U0001f600"', " spaces "]:
            error = failure(channel, f"fail {code.value[0]} {message}")
            assert error.code() is code, (code, error)
            assert error.details() == message, (message, error.details())
            assert ("x-failed", "yes") in [tuple(pair) for pair in error.trailing_metadata()]


def metadata(channel):
    sent = (("x-text", "some text"), ("x-bytes-bin", bytes([0, 127, 128, 255])))
    reply, call = commands(channel).with_call(wrappers.StringValue(value="metadata"), metadata=sent, timeout=60)
    assert reply.value == "some text [0, 127, 128, 255]", reply
    assert ("x-head", "head") in [tuple(pair) for pair in call.initial_metadata()]
    trailing = dict(call.trailing_metadata())
    assert trailing["x-tail"] == "tail" and trailing["x-tail-bin"] == b"\x00\x01\xff", trailing


def sizes(channel):
    for count in [0, 1, 16_384, 1_000_000, 3_900_000]:
        assert len(tell(channel, f"large {count}")) == count
        assert tell(channel, "size " + "s" * count) == str(count + 5)
    error = failure(channel, "size " + "s" * 5_000_000)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, error
    assert tell(channel, "still") == "still!"


def deadlines(channel):
    assert 50_000 < float(tell(channel, "deadline", timeout=100)) <= 100_000
    assert failure(channel, "sleep 60000", timeout=0.3).code() is grpc.StatusCode.DEADLINE_EXCEEDED


def cancellation(channel):
    call = commands(channel).future(wrappers.StringValue(value="sleep 60000"))
    time.sleep(0.3)
    call.cancel()
    assert tell(channel, "on") == "on!"


def concurrent(channel):
    results = []

    def many(part):
        results.append(all(tell(channel, f"{part} {index}") == f"{part} {index}!" for index in range(100)))

    threads = [threading.Thread(target=many, args=(part,)) for part in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 10


def streams(channel):
    got = list(method(channel, "unary_stream", "Count", wrappers.StringValue)(wrappers.Int64Value(value=300), timeout=60))
    assert len(got) == 300 and got[299].value.startswith("299 ")
    numbers = (wrappers.Int64Value(value=value) for value in range(1001))
    assert method(channel, "stream_unary", "Sum", wrappers.Int64Value)(numbers, timeout=60).value == 500_500
    lines = (wrappers.StringValue(value=str(value)) for value in range(100))
    answers = [reply.value for reply in method(channel, "stream_stream", "Chat", wrappers.StringValue)(lines, timeout=60)]
    assert answers == [f"{value}?" for value in range(100)], answers


def unknown(channel):
    call = channel.unary_unary("/test.Kitchen/Nothing", lambda value: value, lambda value: value)
    try:
        call(b"", timeout=60)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED, error
    else:
        raise AssertionError("an unknown method was answered")


def compression(channel):
    """Compressed requests are not supported; the client is told so, and sends plain ones on."""
    try:
        commands(channel)(wrappers.StringValue(value="z" * 1000), compression=grpc.Compression.Gzip, timeout=60)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED, error
    else:
        raise AssertionError("a compressed request was answered")
    assert tell(channel, "plain") == "plain!"


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=60).status == serving
    assert stub.Check(health_pb2.HealthCheckRequest(service="test.Kitchen"), timeout=60).status == serving
    try:
        stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=60)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.NOT_FOUND, error
    else:
        raise AssertionError("an unknown service is healthy")


def reflection(channel):
    """Both versions, whose messages are the same on the wire."""
    asked = reflection_pb2.ServerReflectionRequest
    requests = [
        asked(list_services=""),
        asked(file_containing_symbol="nobody.Knows"),
        asked(file_containing_symbol="grpc.health.v1.Health"),
        asked(file_by_filename="grpc/health/v1/health.proto"),
    ]
    for version in ["v1", "v1alpha"]:
        call = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        replies = list(call(iter(requests), timeout=60))
        names = [service.name for service in replies[0].list_services_response.service]
        assert "test.Kitchen" in names and f"grpc.reflection.{version}.ServerReflection" in names, names
        assert replies[1].error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0], replies[1]
        for reply in replies[2:]:
            found = descriptor_pb2.FileDescriptorProto.FromString(reply.file_descriptor_response.file_descriptor_proto[0])
            assert found.name == "grpc/health/v1/health.proto", found.name
            assert [service.name for service in found.service] == ["Health"], found


def main():
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=options) as channel:
        globals()[sys.argv[2]](channel)
    print("ok")


main()
