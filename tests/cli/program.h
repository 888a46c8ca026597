// The program under test.
#pragma once

#include <string>
#include <vector>

#include "support/subprocess.h"

namespace cria::testing {

// The words that run the program with these arguments, through an emulator where one is needed.
std::vector<std::string> cria_words(const std::vector<std::string>& arguments);
// The same for another built program, or for a copy of this one.
std::vector<std::string> program_words(const std::string& program,
                                       const std::vector<std::string>& arguments);
std::string cria_path();
ProcessResult cria(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

// Limits on memory and measurements of it mean nothing there.
bool memory_is_not_the_programs();
// The program runs on an emulated CPU, some fifty times slower.
bool is_emulated();
// How much longer than usual a computation may take here.
double patience();

// A model of random weights that the program itself writes: 1,024 tokens of context, ChatML.
std::string synthetic_model();

// Runs the program as above but with the environment's CRIA_* and colour settings removed.
ProcessOptions clean_environment();

// "cria: MESSAGE\n", and nothing else: what every error of the program looks like.
bool is_one_message(const std::string& err);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace cria::testing
