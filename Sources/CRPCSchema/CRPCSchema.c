#include "CRPCSchema.h"
