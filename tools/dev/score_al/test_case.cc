#include "test_case.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "house/foreign_json.h"
#include "house/house_json.h"

namespace cria::score {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 12> kCategories = {
    "on_off", "set",        "relative",     "multi",    "group",      "state",
    "absent", "no_service", "out_of_scope", "ask_back", "small_talk", "follow_up"};
constexpr std::array<std::string_view, 12> kAxes = {
    "seen",         "unseen_names",  "unrelated_ids", "new_phrasings", "new_verbs", "hand_written",
    "devices_8_10", "devices_20_24", "state",         "refusals",      "relative",  "follow_ups"};

template <typename List>
Status check_name(const List& known, const std::string& name, const std::string& where) {
  std::string names;
  for (const std::string_view each : known) {
    if (each == name) return Status();
    names.append(names.empty() ? "" : ", ").append(each);
  }
  return Status(StatusCode::corrupt, where + ": found \"" + name + "\", expected one of " + names);
}

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
  const Result<Json> parsed = house::parse_foreign_json(line);
  if (!parsed.ok()) return corrupt(source, parsed.status().message());
  const Json& object = *parsed;
  if (!object.is_object()) return corrupt(source, "is no JSON object");
  TestCase test;
  if (!object.contains("category") || !object["category"].is_string()) {
    return corrupt(source, "category: expected a text");
  }
  test.source = source;
  test.category = object["category"].get<std::string>();
  Status status = check_name(kCategories, test.category, source + ": category");
  if (!status.ok()) return status;
  if (!object.contains("house")) return corrupt(source, "house: is missing");
  Result<house::House> house = house::read_house(object["house"].dump(), source);
  if (!house.ok()) return house.status();
  test.house = *std::move(house);
  status = read_messages(object, source, test);
  if (status.ok()) status = read_calls(object, source, test);
  if (status.ok()) status = read_lists(object, source, test);
  for (const std::string& name : test.axes) {
    if (status.ok()) status = check_name(kAxes, name, source + ": axes");
  }
  if (!status.ok()) return status;
  if (test.axes.empty()) test.axes.push_back(axis);
  return test;
}

Result<std::vector<TestCase>> load_cases(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return Status(StatusCode::io_error, path + " is a folder, expected a file of cases");
  }
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
  if (file.bad()) return Status(StatusCode::io_error, "cannot read all of " + path);
  if (cases.empty()) return corrupt(path, "holds no case");
  return cases;
}

}  // namespace cria::score
