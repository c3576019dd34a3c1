#include "CWellKnown.h"
