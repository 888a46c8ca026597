// The whole C++ API.
#pragma once

#include "cria/diagnose.h"    // IWYU pragma: export
#include "cria/engine.h"      // IWYU pragma: export
#include "cria/gemm.h"        // IWYU pragma: export
#include "cria/model.h"       // IWYU pragma: export
#include "cria/perplexity.h"  // IWYU pragma: export
#include "cria/plan.h"        // IWYU pragma: export
#include "cria/quantize.h"    // IWYU pragma: export
#include "cria/sampling.h"    // IWYU pragma: export
#include "cria/session.h"     // IWYU pragma: export
#include "cria/status.h"      // IWYU pragma: export
#include "cria/tokenizer.h"   // IWYU pragma: export
