// Included in an unnamed namespace.

// Weights that several passes of rows go over are fetched by all of them, each a part of the panel
// that comes next; else memory would be waited for by the first pass, and idle during the others.
[[gnu::always_inline]] inline void prefetch_next(const TileArgs& args, const std::byte*& next) {
  if (next == nullptr) return;
  for (int64_t i = 0; i < args.next_step; i += 64) __builtin_prefetch(next + i);
  next += args.next_step;
}
