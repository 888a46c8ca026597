#include "house/call.h"

#include <algorithm>

#include "house/foreign_json.h"

namespace cria::house {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Takes the text key out of object.
Result<std::string> take_text(Json& object, const char* key) {
  if (!object.contains(key) || !object[key].is_string()) {
    return invalid(std::string("expected a text \"") + key + "\"");
  }
  auto text = object[key].get<std::string>();
  object.erase(key);
  return text;
}

std::string value_text(const Argument& argument) {
  if (const auto* number = std::get_if<double>(&argument.value)) return number_text(*number);
  if (const auto* flag = std::get_if<bool>(&argument.value)) return *flag ? "true" : "false";
  return quoted(std::get<std::string>(argument.value));
}

}  // namespace

const Argument* Call::find(std::string_view name) const {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const Argument& argument) { return argument.name == name; });
  return found == arguments.end() ? nullptr : &*found;
}

Result<Call> parse_call(std::string_view json) {
  Result<Json> parsed = parse_foreign_json(json);
  if (!parsed.ok()) return invalid(parsed.status().message());
  Json& object = *parsed;
  if (!object.is_object()) return invalid("is no JSON object");
  Result<std::string> service = take_text(object, "service");
  if (!service.ok()) return service.status();
  Result<std::string> target = take_text(object, "target_device");
  if (!target.ok()) return target.status();
  Call call{*std::move(service), *std::move(target), {}};
  for (const auto& [name, value] : object.items()) {
    if (value.is_number()) {
      call.arguments.push_back({name, value.get<double>()});
    } else if (value.is_string()) {
      call.arguments.push_back({name, value.get<std::string>()});
    } else if (value.is_boolean()) {
      call.arguments.push_back({name, value.get<bool>()});
    } else {
      return invalid(quoted(name) + ": expected a number, a text, true or false");
    }
  }
  return call;
}

std::string call_text(const Call& call) {
  std::string text =
      "{\"service\": " + quoted(call.service) + ", \"target_device\": " + quoted(call.target);
  for (const Argument& argument : call.arguments) {
    text += ", " + argument_text(argument);
  }
  return text + "}";
}

std::string argument_text(const Argument& argument) {
  return quoted(argument.name) + ": " + value_text(argument);
}

bool same_call(const Call& a, const Call& b) {
  return a.service == b.service && a.target == b.target &&
         a.arguments.size() == b.arguments.size() &&
         std::is_permutation(a.arguments.begin(), a.arguments.end(), b.arguments.begin());
}

bool same_calls(const std::vector<Call>& a, const std::vector<Call>& b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin(), same_call);
}

Call in_service_order(const House& house, Call call) {
  const std::vector<std::string>& order = find_service(house, call.service)->parameters;
  const auto rank = [&order](const Argument& argument) {
    return std::find(order.begin(), order.end(), argument.name);
  };
  std::stable_sort(call.arguments.begin(), call.arguments.end(),
                   [&](const Argument& a, const Argument& b) { return rank(a) < rank(b); });
  return call;
}

}  // namespace cria::house
