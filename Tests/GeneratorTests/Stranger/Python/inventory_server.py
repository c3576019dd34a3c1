"""The schema's server as its owner would write it: grpcio, and modules made by grpcio-tools from the same files.

usage: inventory_server.py SOCKET_PORT MODULES_DIRECTORY PROTO_PATH...
"""

import os
import sys
from concurrent import futures

import grpc
from google.protobuf import empty_pb2, text_format
from grpc_tools import protoc


def compile_modules(target, paths):
    files = ["warehouse/inventory.proto", "warehouse/shared/types.proto"]
    includes = [f"-I{path}" for path in paths] + [f"-I{os.path.dirname(protoc.__file__)}/_proto"]
    status = protoc.main(["protoc", *includes, f"--python_out={target}", f"--grpc_python_out={target}", *files])
    if status != 0:
        sys.exit(status)


def main():
    port, target, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    compile_modules(target, paths)
    sys.path.insert(0, target)
    from warehouse import inventory_pb2, inventory_pb2_grpc

    class Inventory(inventory_pb2_grpc.InventoryServicer):
        def Echo(self, request, context):
            return request

        def Describe(self, request, context):
            return inventory_pb2.Description(text=text_format.MessageToString(request, as_one_line=True))

        def Fail(self, request, context):
            codes = {code.value[0]: code for code in grpc.StatusCode}
            context.abort(codes[request.code], request.message)
            return empty_pb2.Empty()

        def Count(self, requests, context):
            return inventory_pb2.Tally(total=sum(item.pieces for item in requests))

        def List(self, request, context):
            for number in range(request.total):
                yield inventory_pb2.Item(name=f"item {number}", pieces=number)

        def Rename(self, requests, context):
            for item in requests:
                item.name = item.name.upper()
                yield item

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    inventory_pb2_grpc.add_InventoryServicer_to_server(Inventory(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


main()
