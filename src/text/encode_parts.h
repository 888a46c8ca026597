// What encoding a text means for every kind of tokenizer: BOS and EOS, special pieces found in the
// text, and what stands between them encoded by the kind's own rule.
#pragma once

#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "text/piece_table.h"
#include "text/tokenizer.h"

namespace cria::text {

// Appends the ids of text to out. user: pieces that are found whether asked for or not; may be
// null. encode_part appends the ids of a part between special pieces (a view of text). Errors:
// out_of_memory beyond 256 MiB of text; those of encode_part. On an error out is as it was.
Status encode_parts(
    const PieceTable& table, std::string_view text, const EncodeOptions& options,
    const PieceMatcher* user,
    FunctionRef<Status(std::string_view part, std::vector<TokenId>& out)> encode_part,
    std::vector<TokenId>& out);

}  // namespace cria::text
