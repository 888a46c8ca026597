// Orders instructions for a core that issues them in order, while the program is compiled. Included
// in an unnamed namespace after arm_tile.inl.h.
//
// A loop's body is a list of instructions with what they read and write. They are ordered as a core
// would that could choose: in each cycle the one on the longest way to the end, and beside it
// another that may go there. Compilers do the same with rougher rules (they pair no `ins` with a
// load) and undo what is written between iterations.

// Vector arithmetic; loads of 8 bytes to a vector and to a general register; moves to a vector's
// upper half.
enum class Unit { vector, load_low, load_high, insert };

struct Insn {
  int kind, a, b, c;  // what it is, to who lists it
  Unit unit;
  int latency;
  int cycles;  // that it takes to issue; from 2 on it pairs with nothing
  int reads[4];
  int write;
  bool next;  // belongs to the next iteration
};

template <int kMax>
struct Insns {
  Insn at[kMax] = {};
  int n = 0;
};
template <int kMax>
struct Order {
  int at[kMax] = {};
  int cycles = 0;
};

constexpr bool reads(const Insn& insn, int reg) {
  for (const int r : insn.reads) {
    if (r == reg) return true;
  }
  return false;
}

// From a's issue to that of b, which comes behind it in the list; -1: they are independent.
constexpr int distance(const Insn& a, const Insn& b) {
  if (reads(b, a.write)) return a.latency;
  if (a.write == b.write) return 1;
  return reads(a, b.write) ? 1 : -1;
}

// What a core pairs.
struct PairsA53 {
  static constexpr bool may(Unit a, Unit b) {
    if (a == Unit::vector || b == Unit::vector) return a == Unit::load_high || b == Unit::load_high;
    return (a == Unit::insert) != (b == Unit::insert);
  }
};
struct PairsA55 {
  static constexpr bool may(Unit a, Unit b) {
    const bool a_loads = a == Unit::load_low || a == Unit::load_high;
    const bool b_loads = b == Unit::load_low || b == Unit::load_high;
    return a != b && !(a_loads && b_loads);
  }
};

template <typename Pairs, int kMax>
constexpr Order<kMax> order_of(const Insns<kMax>& insns) {
  Order<kMax> order;
  int to_end[kMax] = {}, ready[kMax] = {}, waits_for[kMax] = {};
  bool issued[kMax] = {};
  for (int i = insns.n - 1; i >= 0; --i) {
    to_end[i] = insns.at[i].latency;
    for (int j = i + 1; j < insns.n; ++j) {
      const int d = distance(insns.at[i], insns.at[j]);
      if (d < 0) continue;
      ++waits_for[j];
      if (to_end[j] + d > to_end[i]) to_end[i] = to_end[j] + d;
    }
  }
  int cycle = 0;
  for (int n = 0; n < insns.n;) {
    int first = -1;
    for (int slot = 0, taken = 1; slot < 2 && taken == 1; ++slot) {
      int best = -1;
      for (int i = 0; i < insns.n; ++i) {
        if (issued[i] || waits_for[i] > 0 || ready[i] > cycle) continue;
        if (slot == 1 &&
            (insns.at[i].cycles > 1 || !Pairs::may(insns.at[first].unit, insns.at[i].unit))) {
          continue;
        }
        if (best < 0 || to_end[i] > to_end[best]) best = i;
      }
      if (best < 0) break;
      issued[best] = true;
      order.at[n++] = best;
      for (int j = best + 1; j < insns.n; ++j) {
        const int d = distance(insns.at[best], insns.at[j]);
        if (d < 0) continue;
        --waits_for[j];
        if (cycle + d > ready[j]) ready[j] = cycle + d;
      }
      first = best;
      taken = insns.at[best].cycles;
      if (taken > 1) cycle += taken - 1;
    }
    ++cycle;
  }
  order.cycles = cycle;
  return order;
}
