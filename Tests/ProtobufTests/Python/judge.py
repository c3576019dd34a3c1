"""Google's implementation as the judge. Reads cases from standard input, writes verdicts to standard output.

usage: judge.py PROTO_DIRECTORY (messages | texts | bytes)
Every record is a 4-byte big-endian length and as many bytes.
  messages  in: serialized, JSON of ours       out: serialized again, JSON of theirs, b"1" when our JSON means the same message
  texts     in: JSON                           out: b"1" + serialized, or b"0" + why it is refused
  bytes     in: serialized                     out: b"1" + serialized in order, or b"0"
"""

import struct
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc
from google.protobuf import json_format


def compiled(directory):
    output = tempfile.mkdtemp()
    name = "testing/v1/everything.proto"
    include = Path(protoc.__file__).parent / "_proto"
    status = protoc.main(["protoc", f"-I{directory}", f"-I{include}", f"--python_out={output}", name])
    if status != 0:
        sys.exit("protoc failed")
    sys.path.insert(0, output)
    from testing.v1 import everything_pb2

    return everything_pb2.Everything


def records(stream):
    while header := stream.read(4):
        (length,) = struct.unpack(">I", header)
        yield stream.read(length)


def emit(data):
    sys.stdout.buffer.write(struct.pack(">I", len(data)) + data)


def difference(left, right):
    for field in left.DESCRIPTOR.fields:
        if str(getattr(left, field.name)) != str(getattr(right, field.name)):
            return f"{field.name}: {getattr(left, field.name)} is not {getattr(right, field.name)}"
    return ""


def main():
    message_type = compiled(sys.argv[1])
    stream = records(sys.stdin.buffer)
    if sys.argv[2] == "messages":
        for serialized in stream:
            json = next(stream)
            message = message_type.FromString(serialized)
            emit(message.SerializeToString(deterministic=True))
            emit(json_format.MessageToJson(message).encode())
            theirs = json_format.Parse(json.decode(), message_type())
            emit(b"1" if theirs == message else b"0" + difference(message, theirs).encode())
    elif sys.argv[2] == "texts":
        for json in stream:
            try:
                message = json_format.Parse(json.decode(), message_type())
                emit(b"1" + message.SerializeToString(deterministic=True))
            except (json_format.ParseError, ValueError, OverflowError) as error:
                emit(b"0" + str(error).encode())
    else:
        for serialized in stream:
            try:
                emit(b"1" + message_type.FromString(serialized).SerializeToString(deterministic=True))
            except Exception:
                emit(b"0")


main()
