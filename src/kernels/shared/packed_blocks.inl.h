// Packed quantised weights and their tiles. Included in an unnamed namespace after
// matmul_blocks.inl.h.
//
// A panel is kLanes columns of B (rows of the weights), transposed beforehand as unpack.inl.h wants
// them: what stands at offset o of a block stands at o * kLanes of the packed block, for all lanes
// side by side, in units of four bytes (two for a lone fp16). So a packed block holds the bytes of
// kLanes blocks, no more, and is only streamed forward.

struct PackedRows {
  const std::byte* at;
};
[[gnu::always_inline]] inline VecF load_f16_of_rows(const PackedRows& rows, int64_t offset) {
  return load_f16(rows.at + offset * kLanes);
}
[[gnu::always_inline]] inline VecI load_32_of_rows(const PackedRows& rows, int64_t offset) {
  return load_ints(rows.at + offset * kLanes);
}
[[gnu::always_inline]] inline void load_16_bytes_of_rows(const PackedRows& rows, int64_t offset,
                                                         VecI* out) {
  for (int i = 0; i < 4; ++i) out[i] = load_ints(rows.at + (offset + 4 * i) * kLanes);
}

template <typename Type>
constexpr int64_t kBlockBytes = static_cast<int64_t>(sizeof(typename Type::Block));
template <typename Type>
constexpr int64_t kPackedBlockBytes = kLanes* kBlockBytes<Type>;
template <typename Type>
constexpr int64_t kBlockColumns = 32 * Type::kParts;

template <typename Type>
int64_t packed_blocks_bytes(int64_t n_k) {
  return n_k / kBlockColumns<Type> * kPackedBlockBytes<Type>;
}

// One block of each lane: 16 bytes of all lanes at a time where that many fields are left, else 4, and
// a lone fp16 as two.
template <typename Type>
inline void pack_block(const Rows& rows, int64_t offset_of_block, std::byte* out) {
  constexpr int64_t kVecBytes = static_cast<int64_t>(sizeof(VecI));
  for (int64_t offset = 0; offset < kBlockBytes<Type>;) {
    std::byte* to = out + offset * kLanes;
    const int64_t end = Type::kF16At > offset ? Type::kF16At : kBlockBytes<Type>;
    if (offset == Type::kF16At) {
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        memcpy(to + 2 * lane, rows.at[lane] + offset_of_block + offset, 2);
      }
      offset += 2;
    } else if (end - offset >= 16) {
      VecI vecs[4];
      load_16_bytes_of_rows(rows, offset_of_block + offset, vecs);
      for (int i = 0; i < 4; ++i) memcpy(to + i * kVecBytes, &vecs[i], sizeof vecs[i]);
      offset += 16;
    } else {
      const VecI vec = load_32_of_rows(rows, offset_of_block + offset);
      memcpy(to, &vec, sizeof vec);
      offset += 4;
    }
  }
}

// Lanes without a column repeat the last one; what they give is never stored.
template <typename Type>
void pack_blocks(const PackArgs& args) {
  Rows rows;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    const int64_t n = lane < args.n_cols ? lane : args.n_cols - 1;
    rows.at[lane] = args.b + n * args.n_stride;
  }
  const int64_t n_blocks = args.n_k / kBlockColumns<Type>;
  for (int64_t i = 0; i < n_blocks; ++i) {
    pack_block<Type>(rows, i * kBlockBytes<Type>, args.out + i * kPackedBlockBytes<Type>);
  }
}

inline const BlockQ8A* lhs_blocks(const TileArgs& args, int64_t i_row) {
  return reinterpret_cast<const BlockQ8A*>(args.a + i_row * args.a_row_bytes);
}
inline float* c_row(const TileArgs& args, int64_t i_row) {
  return static_cast<float*>(args.c) + i_row * args.c_stride;
}
inline VecF start_sum(const TileArgs& args, int64_t i_row) {
  return args.add ? load_partial(c_row(args, i_row), args.n_cols) : zeros();
}
inline void store_sum(const TileArgs& args, int64_t i_row, VecF sum) {
  float* out = c_row(args, i_row);
  args.n_cols >= kLanes ? store(out, sum) : store_partial(out, sum, args.n_cols);
}

// sum[t] += x[t].d * product, for each part in turn.
template <typename Type, int kTokens>
[[gnu::always_inline]] inline void add_parts(const Part* parts, int64_t n_parts, const BlockQ8A** x,
                                             VecF* sum) {
  for (int64_t i = 0; i < n_parts; ++i) {
    VecF products[kTokens];
    if constexpr (Type::kHalves) {
      dot_halves<Type, kTokens>(parts[i], x, products);
    } else {
      dot_whole<Type, kTokens>(parts[i], x, products);
    }
    for (int t = 0; t < kTokens; ++t) {
      sum[t] = fma(splat(x[t]->d), products[t], sum[t]);
      ++x[t];
    }
  }
}

// Parts i_part on, for tokens i_token on.
template <typename Type, int kTokens>
inline void add_to_tokens(const TileArgs& args, const Part* parts, int64_t i_part, int64_t n_parts,
                          int64_t i_token, VecF* sums) {
  const BlockQ8A* x[kTokens];
  for (int t = 0; t < kTokens; ++t) x[t] = lhs_blocks(args, i_token + t) + i_part;
  add_parts<Type, kTokens>(parts, n_parts, x, sums);
}

// A few tokens: each block goes from memory through registers.
template <typename Type, int kTokens>
void packed_blocks_few(const TileArgs& args) {
  const BlockQ8A* x[kTokens];
  VecF sum[kTokens];
  for (int t = 0; t < kTokens; ++t) {
    x[t] = lhs_blocks(args, t);
    sum[t] = start_sum(args, t);
  }
  const std::byte* at = args.b + packed_blocks_bytes<Type>(args.first_k);
  const int64_t n_blocks = args.n_k / kBlockColumns<Type>;
  for (int64_t i = 0; i < n_blocks; ++i) {
    Part parts[Type::kParts];
    Type::unpack(PackedRows{at}, 0, parts);
    add_parts<Type, kTokens>(parts, Type::kParts, x, sum);
    at += kPackedBlockBytes<Type>;
  }
  for (int t = 0; t < kTokens; ++t) store_sum(args, t, sum[t]);
}

// Many tokens: a chunk of columns is unpacked into L1 and meets all of them.
template <typename Type>
void packed_blocks_many(const TileArgs& args) {
  VecF sums[kTokensAtOnce];
  for (int64_t t = 0; t < args.n_rows; ++t) sums[t] = start_sum(args, t);
  const std::byte* at = args.b + packed_blocks_bytes<Type>(args.first_k);
  const int64_t n_parts_in_all = args.n_k / 32;
  for (int64_t i_part = 0; i_part < n_parts_in_all; i_part += kChunkParts) {
    const int64_t left = n_parts_in_all - i_part;
    const int64_t n_parts = left < kChunkParts ? left : kChunkParts;
    Part parts[kChunkParts];
    for (int64_t i = 0; i < n_parts; i += Type::kParts) {
      Type::unpack(PackedRows{at}, 0, parts + i);
      at += kPackedBlockBytes<Type>;
    }
    int64_t t = 0;
    for (; t + kTileTokens <= args.n_rows; t += kTileTokens) {
      add_to_tokens<Type, kTileTokens>(args, parts, i_part, n_parts, t, sums + t);
    }
    for (; t < args.n_rows; ++t) {
      add_to_tokens<Type, 1>(args, parts, i_part, n_parts, t, sums + t);
    }
  }
  for (int64_t t = 0; t < args.n_rows; ++t) store_sum(args, t, sums[t]);
}

template <typename Type>
constexpr Tile kBlockTiles[] = {
    {.min_rows = 1, .max_rows = 1, .panels = 1, .run = packed_blocks_few<Type, 1>},
    {.min_rows = 2, .max_rows = 2, .panels = 1, .run = packed_blocks_few<Type, 2>},
    {.min_rows = 3, .max_rows = 3, .panels = 1, .run = packed_blocks_few<Type, 3>},
    {.min_rows = 4, .max_rows = 4, .panels = 1, .run = packed_blocks_few<Type, 4>},
    {.min_rows = 5, .max_rows = kTokensAtOnce, .panels = 1, .run = packed_blocks_many<Type>},
};

template <typename Type>
constexpr PackedKernel packed_blocks(const char* isa) {
  return {.isa = isa,
          .layout = "blocks of all lanes side by side, four bytes of each in turn",
          .width = kLanes,
          .k_unit = kBlockColumns<Type>,
          .form = LhsForm::q8a,
          .panel_bytes = packed_blocks_bytes<Type>,
          .pack = pack_blocks<Type>,
          .tiles = kBlockTiles<Type>,
          .n_tiles = 5};
}
