"""Google's implementation as the judge. Reads cases from standard input, writes verdicts to standard output.

usage: judge.py PROTO_DIRECTORY (messages | texts | bytes | rules)
Every record is a 4-byte big-endian length and as many bytes.
  messages  in: serialized, JSON of ours       out: serialized again, JSON of theirs, b"1" when our JSON means the same message
  texts     in: JSON                           out: b"1" + serialized, or b"0" + why it is refused
  bytes     in: serialized                     out: b"1" + serialized in order, or b"0"
  rules     in: serialized testing.v1.Ruled    out: what protovalidate finds, U+001E between: JSON path, space, rule
"""

import struct
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc
from google.protobuf import json_format


def compiled(directory, *names):
    output = tempfile.mkdtemp()
    own = Path(__file__).parents[3] / "proto"
    include = Path(protoc.__file__).parent / "_proto"
    arguments = [f"-I{directory}", f"-I{own}", f"-I{include}", f"--python_out={output}", *names]
    if protoc.main(["protoc", *arguments]) != 0:
        sys.exit("protoc failed")
    sys.path.insert(0, output)


def everything(directory):
    compiled(directory, "testing/v1/everything.proto")
    from testing.v1 import everything_pb2

    return everything_pb2.Everything


def json_name(name):
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def path(violation):
    parts = []
    for element in violation.proto.field.elements:
        parts.append(json_name(element.field_name))
        subscript = element.subscript
        if subscript is not None:
            value = subscript.value
            parts.append(str(value).lower() if isinstance(value, bool) else str(value))
    return ".".join(parts)


def rules(directory, stream):
    compiled(directory, "testing/v1/rules.proto", "buf/validate/validate.proto")
    from testing.v1 import rules_pb2

    from protovalidate import Validator

    validator = Validator()
    for serialized in stream:
        found = validator.collect_violations(rules_pb2.Ruled.FromString(serialized))
        # An empty text that is no UUID breaks a rule of another name, which we do not tell apart.
        emit("\x1e".join(f"{path(one)} {one.proto.rule_id.removesuffix('_empty')}" for one in found).encode())


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
    stream = records(sys.stdin.buffer)
    if sys.argv[2] == "rules":
        return rules(sys.argv[1], stream)
    message_type = everything(sys.argv[1])
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
