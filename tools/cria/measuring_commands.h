// The commands that measure and explain; see commands.h.
#pragma once

#include "options_bench.h"
#include "options_plan.h"

namespace cria::cli {

int bench_model_command(const BenchModelFlags& flags);
int bench_engine_command(const BenchEngineFlags& flags);
int explain_model_command(const ExplainModelFlags& flags);
int plan_command(const PlanFlags& flags);
int verify_command(const VerifyFlags& flags);
int bench_gemm_command(const BenchGemmFlags& flags);
int explain_gemm_command(const ExplainGemmFlags& flags);

}  // namespace cria::cli
