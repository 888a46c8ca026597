#include "test_case.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "house/house_json.h"

namespace cria::score {
namespace {

using Json = nlohmann::ordered_json;

Status corrupt(const std::string& source, const std::string& reason) {
  return Status(StatusCode::corrupt, source + ": " + reason);
}

// The list of texts under key; none where it is missing.
Result<std::vector<std::string>> read_texts(const Json& object, const char* key,
                                            const std::string& source) {
  std::vector<std::string> texts;
  if (!object.contains(key)) return texts;
  const Status wrong = corrupt(source, std::string(key) + ": expected a list of texts");
  if (!object[key].is_array()) return wrong;
  for (const Json& text : object[key]) {
    if (!text.is_string()) return wrong;
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

Status read_calls(const Json& object, const std::string& source, TestCase& test) {
  if (!object.contains("calls") || !object["calls"].is_array()) {
    return corrupt(source, "calls: expected a list");
  }
  for (const Json& entry : object["calls"]) {
    Result<house::Call> call = house::parse_call(entry.dump());
    if (!call.ok()) return corrupt(source, "calls: " + call.status().message());
    test.calls.push_back(*std::move(call));
  }
  return Status();
}

Status read_messages(const Json& object, const std::string& source, TestCase& test) {
  if (!object.contains("messages") || !object["messages"].is_array()) {
    return corrupt(source, "messages: expected a list");
  }
  for (const Json& entry : object["messages"]) {
    const bool is_message = entry.is_object() && entry.contains("role") &&
                            entry["role"].is_string() && entry.contains("content") &&
                            entry["content"].is_string();
    if (!is_message) return corrupt(source, "messages: expected texts role and content");
    test.messages.push_back(
        {entry["role"].get<std::string>(), entry["content"].get<std::string>()});
  }
  if (test.messages.empty() || test.messages.back().role != "user") {
    return corrupt(source, "messages: expected the last one to be the user's");
  }
  return Status();
}

Status read_lists(const Json& object, const std::string& source, TestCase& test) {
  const std::array<std::pair<const char*, std::vector<std::string>*>, 4> lists = {{
      {"axes", &test.axes},
      {"says", &test.says},
      {"says_any", &test.says_any},
      {"says_not", &test.says_not},
  }};
  for (const auto& [key, list] : lists) {
    Result<std::vector<std::string>> texts = read_texts(object, key, source);
    if (!texts.ok()) return texts.status();
    *list = *std::move(texts);
  }
  return Status();
}

}  // namespace

Result<TestCase> parse_case(std::string_view line, const std::string& source,
                            const std::string& axis) {
  const Json object = Json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object()) return corrupt(source, "is no JSON object");
  TestCase test;
  if (!object.contains("category") || !object["category"].is_string()) {
    return corrupt(source, "category: expected a text");
  }
  test.category = object["category"].get<std::string>();
  if (!object.contains("house")) return corrupt(source, "house: is missing");
  Result<house::House> house = house::read_house(object["house"].dump(), source);
  if (!house.ok()) return house.status();
  test.house = *std::move(house);
  Status status = read_messages(object, source, test);
  if (status.ok()) status = read_calls(object, source, test);
  if (status.ok()) status = read_lists(object, source, test);
  if (!status.ok()) return status;
  if (test.axes.empty()) test.axes.push_back(axis);
  return test;
}

Result<std::vector<TestCase>> load_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Status(StatusCode::not_found, "cannot read " + path);
  const std::string axis = std::filesystem::path(path).stem().string();
  std::vector<TestCase> cases;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Result<TestCase> test = parse_case(line, path + ":" + std::to_string(number), axis);
    if (!test.ok()) return test.status();
    cases.push_back(*std::move(test));
  }
  return cases;
}

}  // namespace cria::score
