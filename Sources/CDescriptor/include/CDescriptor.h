// What protoc and its plugins say to each other, as C structs. Made by `codegen/generate --descriptor`.
#pragma once
#include "google/protobuf/compiler/plugin.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
