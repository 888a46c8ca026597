#include "kernels/verify.h"

#include "kernels/dispatch.h"
#include "kernels/verify_parts.h"

namespace cria::kernels {
namespace {

class Verifier {
 public:
  Verifier(const Table& table, FunctionRef<bool()> should_stop)
      : table_(table), should_stop_(should_stop) {}

  std::vector<SlotCheck> run() {
    products();
    check("quantize_q8a", table_.quantize_q8a, verify_quantize_q8a);
    check("quantize_grouped", table_.quantize_grouped, verify_quantize_grouped);
    check("rms_norm", table_.rms_norm, verify_rms_norm);
    check("swiglu", table_.swiglu, verify_swiglu);
    check("attend", table_.attend, verify_attend);
    check("store_f16", table_.store_f16, verify_store_f16);
    return std::move(checks_);
  }

 private:
  void products() {
    for (size_t i = 0; i < table_.packed.size(); ++i) {
      const auto type = static_cast<PackedType>(i);
      check(packed_slot(type), table_.packed[i],
            [type](const PackedKernel* kernel) { return verify_packed(*kernel, type); });
    }
    check("matmul_grouped", table_.matmul_grouped, verify_grouped);
  }

  template <typename Slot, typename Check>
  void check(const std::string& slot, Slot kernel, const Check& of_kind) {
    if (kernel == nullptr || should_stop_()) return;
    checks_.push_back({slot_name(table_.name, slot), of_kind(kernel)});
  }

  const Table& table_;
  FunctionRef<bool()> should_stop_;
  std::vector<SlotCheck> checks_;
};

}  // namespace

std::vector<SlotCheck> verify(const Table& table, FunctionRef<bool()> should_stop) {
  return Verifier(table, should_stop).run();
}

}  // namespace cria::kernels
