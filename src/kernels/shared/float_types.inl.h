// Floats of fewer bits as fp32 lanes. Included in an unnamed namespace after the vector primitives.

struct F32 {
  static constexpr int kBytes = 4;
  static VecF load_lanes(const void* at) { return load_f32(at); }
};
struct F16 {
  static constexpr int kBytes = 2;
  static VecF load_lanes(const void* at) { return load_f16(at); }
};
struct BF16 {
  static constexpr int kBytes = 2;
  static VecF load_lanes(const void* at) { return load_bf16(at); }
};
