// Packed quantised weights and their tiles. Included in an unnamed namespace after
// block_dots.inl.h.
//
// A panel is kLanes columns of B (rows of the weights), transposed beforehand as unpack.inl.h wants
// them: what stands at offset o of a block stands at o * kLanes of the packed block, for all lanes
// side by side, in units of four bytes (two for a lone fp16). So a packed block holds the bytes of
// kLanes blocks, no more, and is only streamed forward.

constexpr int kChunkParts = 8;     // 256 columns: unpacked they fill 3 or 6 kB a panel
constexpr int kTokensAtOnce = 64;  // their sums, too, stay in L1
constexpr int kTileTokens = 4;     // share a load of the weights

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

// One block of each lane: 16 bytes of all lanes at a time where that many fields are left, else 4,
// and a lone fp16 as two.
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
// Of panel p of the tile.
inline VecF start_sum(const TileArgs& args, int64_t i_row, int64_t p) {
  const int64_t n = args.n_cols - p * kLanes;
  return args.add ? load_partial(c_row(args, i_row) + p * kLanes, n < kLanes ? n : kLanes)
                  : zeros();
}
inline void store_sum(const TileArgs& args, int64_t i_row, int64_t p, VecF sum) {
  float* out = c_row(args, i_row) + p * kLanes;
  const int64_t n = args.n_cols - p * kLanes;
  n >= kLanes ? store(out, sum) : store_partial(out, sum, n);
}

// sum[p][t] += d * product, for part[p] and block i of each x[t].
template <typename Type, int kPanels, int kTokens>
[[gnu::always_inline]] inline void add_part(const Part* const (&part)[kPanels], int64_t i,
                                            const BlockQ8A* const (&x)[kTokens],
                                            VecF (&sum)[kPanels][kTokens]) {
  const BlockQ8A* block[kTokens];
  VecF products[kPanels][kTokens];
  for (int t = 0; t < kTokens; ++t) block[t] = x[t] + i;
  if constexpr (Type::kHalves) {
    dot_halves<Type, kPanels, kTokens>(part, block, products);
  } else {
    dot_whole<Type, kPanels, kTokens>(part, block, products);
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int p = 0; p < kPanels; ++p) {
      sum[p][t] = fma(splat(block[t]->d), products[p][t], sum[p][t]);
    }
  }
}

// What the stream comes to some hundred cycles later. Behind the last panel it is a hint only.
constexpr int64_t kBlocksAheadBytes = 2048;
template <int64_t kBytes>
[[gnu::always_inline]] inline void prefetch_packed(const std::byte* at) {
  for (int64_t i = 0; i < kBytes; i += 64) __builtin_prefetch(at + kBlocksAheadBytes + i);
}

// A few tokens: each block goes from memory through registers. Several panels side by side are
// several streams, of which the memory serves more at once than of one.
template <typename Type, int kTokens, int kPanels>
void packed_blocks_few(const TileArgs& args) {
  const BlockQ8A* x[kTokens];
  VecF sum[kPanels][1][kTokens];
  for (int t = 0; t < kTokens; ++t) {
    x[t] = lhs_blocks(args, t);
    for (int p = 0; p < kPanels; ++p) sum[p][0][t] = start_sum(args, t, p);
  }
  const std::byte* at = args.b + packed_blocks_bytes<Type>(args.first_k);
  const int64_t n_blocks = args.n_k / kBlockColumns<Type>;
  for (int64_t i = 0; i < n_blocks; ++i) {
    for (int p = 0; p < kPanels; ++p) {
      const std::byte* block = at + p * args.panel_bytes;
      prefetch_packed<kPackedBlockBytes<Type>>(block);
      const auto take = [&](int i_part, const Part& part) __attribute__((always_inline)) {
        add_part<Type, 1, kTokens>({&part}, i_part, x, sum[p]);
      };
      Type::unpack(PackedRows{block}, 0, take);
    }
    for (int t = 0; t < kTokens; ++t) x[t] += Type::kParts;
    at += kPackedBlockBytes<Type>;
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int p = 0; p < kPanels; ++p) store_sum(args, t, p, sum[p][0][t]);
  }
}

// A chunk of columns, unpacked, with tokens i_token on; sums[t * kPanels + p]. next: the packed
// chunk after it, which is fetched meanwhile, a part's bytes with each part: all at once would be
// more lines than a core can wait for. Null: it is on its way already.
template <typename Type, int kPanels, int kTokens>
inline void add_chunk(const TileArgs& args, const Part (&parts)[kPanels][kChunkParts],
                      int64_t i_part, int64_t n_parts, int64_t i_token, const std::byte* next,
                      VecF* sums) {
  constexpr int64_t kPartBytes = kPackedBlockBytes<Type> / Type::kParts;
  const BlockQ8A* x[kTokens];
  VecF sum[kPanels][kTokens];
  for (int t = 0; t < kTokens; ++t) {
    x[t] = lhs_blocks(args, i_token + t) + i_part;
    for (int p = 0; p < kPanels; ++p) sum[p][t] = sums[t * kPanels + p];
  }
  for (int64_t i = 0; i < n_parts; ++i) {
    const Part* part[kPanels];
    for (int p = 0; p < kPanels; ++p) part[p] = &parts[p][i];
    for (int p = 0; p < kPanels && next != nullptr; ++p) {
      const std::byte* ahead = next + p * args.panel_bytes + i * kPartBytes;
      for (int64_t line = 0; line < kPartBytes; line += 64) __builtin_prefetch(ahead + line);
    }
    add_part<Type, kPanels, kTokens>(part, i, x, sum);
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int p = 0; p < kPanels; ++p) sums[t * kPanels + p] = sum[p][t];
  }
}

// Many tokens: a chunk of columns is unpacked into L1 and meets all of them.
template <typename Type, int kPanels>
void packed_blocks_many(const TileArgs& args) {
  VecF sums[kTokensAtOnce * kPanels];
  for (int64_t t = 0; t < args.n_rows; ++t) {
    for (int p = 0; p < kPanels; ++p) sums[t * kPanels + p] = start_sum(args, t, p);
  }
  const std::byte* at = args.b + packed_blocks_bytes<Type>(args.first_k);
  const int64_t n_parts_in_all = args.n_k / 32;
  for (int64_t i_part = 0; i_part < n_parts_in_all; i_part += kChunkParts) {
    const int64_t left = n_parts_in_all - i_part;
    const int64_t n_parts = left < kChunkParts ? left : kChunkParts;
    Part parts[kPanels][kChunkParts];
    for (int64_t i = 0; i < n_parts; i += Type::kParts) {
      for (int p = 0; p < kPanels; ++p) {
        unpack_all<Type>(PackedRows{at + p * args.panel_bytes}, 0, parts[p] + i);
      }
      at += kPackedBlockBytes<Type>;
    }
    int64_t t = 0;
    for (; t + kTileTokens <= args.n_rows; t += kTileTokens) {
      add_chunk<Type, kPanels, kTileTokens>(args, parts, i_part, n_parts, t, t == 0 ? at : nullptr,
                                            sums + t * kPanels);
    }
    for (; t < args.n_rows; ++t) {
      add_chunk<Type, kPanels, 1>(args, parts, i_part, n_parts, t, nullptr, sums + t * kPanels);
    }
  }
  for (int64_t t = 0; t < args.n_rows; ++t) {
    for (int p = 0; p < kPanels; ++p) store_sum(args, t, p, sums[t * kPanels + p]);
  }
}

template <typename Type, int kPanels, int kMinTokens = 5>
constexpr Tile many_tokens() {
  return {.min_rows = kMinTokens,
          .max_rows = kTokensAtOnce,
          .panels = kPanels,
          .run = packed_blocks_many<Type, kPanels>};
}
template <typename Type, int kTokens, int kPanels>
constexpr Tile few_tokens() {
  return {.min_rows = kTokens,
          .max_rows = kTokens,
          .panels = kPanels,
          .run = packed_blocks_few<Type, kTokens, kPanels>};
}

// One token streams four panels at once where a block unpacks into registers; the superblocks of
// the K types do not, and are bound by the unpacking (measured on Zen 3: q8_0 21 instead of 14
// GB/s, q4_K 11 instead of 17).
template <typename Type>
constexpr Tile kBlockTiles[] = {
    few_tokens<Type, 1, 1>(), few_tokens<Type, 2, 1>(), few_tokens<Type, 3, 1>(),
    few_tokens<Type, 4, 1>(), many_tokens<Type, 1>(),   many_tokens<Type, 2>(),
};
template <typename Type>
constexpr Tile kSmallBlockTiles[] = {
    few_tokens<Type, 1, 1>(), few_tokens<Type, 1, 4>(), few_tokens<Type, 2, 1>(),
    few_tokens<Type, 3, 1>(), few_tokens<Type, 4, 1>(), many_tokens<Type, 1>(),
    many_tokens<Type, 2>(),
};
// Four tokens leave no registers to unpack nibbles in (Zen 3: q4_0 139 instead of 125 GOP/s).
template <typename Type>
constexpr Tile kNibbleTiles[] = {
    few_tokens<Type, 1, 1>(), few_tokens<Type, 1, 4>(),  few_tokens<Type, 2, 1>(),
    few_tokens<Type, 3, 1>(), many_tokens<Type, 1, 4>(), many_tokens<Type, 2, 4>(),
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
          .tiles = Type::kParts > 1  ? kBlockTiles<Type>
                   : Type::kBits > 5 ? kSmallBlockTiles<Type>
                                     : kNibbleTiles<Type>,
          .n_tiles = Type::kParts == 1 && Type::kBits > 5 ? 7 : 6};
}

// Of all block types, in their order in PackedType from q4_0 on.
struct BlockKernels {
  PackedKernel of[10];
};
constexpr BlockKernels block_kernels(const char* isa) {
  return {{packed_blocks<Q4_0>(isa), packed_blocks<Q4_1>(isa), packed_blocks<Q5_0>(isa),
           packed_blocks<Q5_1>(isa), packed_blocks<Q8_0>(isa), packed_blocks<Q2K>(isa),
           packed_blocks<Q3K>(isa), packed_blocks<Q4K>(isa), packed_blocks<Q5K>(isa),
           packed_blocks<Q6K>(isa)}};
}
