#include "house/house_json.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace cria::house {
namespace {

using Json = nlohmann::ordered_json;

// Far above what fits into a context; they bound the work and the memory for a hostile file.
constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxServices = 256;
constexpr size_t kMaxDevices = 512;
constexpr size_t kMaxTextBytes = 64;
constexpr size_t kMaxParameters = 8;
constexpr size_t kMaxServiceBytes = kMaxTextBytes * (kMaxParameters + 1);

struct Field {
  const std::string& source;
  std::string name;  // "devices[3].name"
};

Status corrupt(const Field& field, const std::string& reason) {
  return Status(StatusCode::corrupt, field.source + ": " + field.name + ": " + reason);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  return out.append(text).append("\"");
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// "light.kitchen": two words.
bool is_dotted(std::string_view text) {
  const size_t dot = text.find('.');
  return dot != std::string_view::npos && is_word(text.substr(0, dot)) &&
         is_word(text.substr(dot + 1));
}

// Controls of both kinds, U+0000 to U+001F and U+007F to U+009F. Requires: UTF-8.
bool has_control(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

Result<std::string> read_text(const Json& object, const char* key, Field field,
                              size_t most_bytes = kMaxTextBytes) {
  field.name += std::string(".") + key;
  if (!object.contains(key)) return corrupt(field, "is missing, expected a text");
  if (!object[key].is_string()) return corrupt(field, "expected a text");
  auto text = object[key].get<std::string>();
  if (text.empty() || text.size() > most_bytes) {
    return corrupt(field, "found " + std::to_string(text.size()) + " bytes, expected 1 to " +
                              std::to_string(most_bytes));
  }
  if (has_control(text)) return corrupt(field, "found a control character, expected none");
  return text;
}

// "light.turn_on(brightness,rgb_color)" into name and parameters; nothing where it is none.
std::optional<Service> parse_service(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos || text.back() != ')') return std::nullopt;
  Service service{std::string(text.substr(0, open)), {}};
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    service.parameters.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  const bool is_good = is_dotted(service.name) && service.parameters.size() <= kMaxParameters &&
                       std::all_of(service.parameters.begin(), service.parameters.end(), is_word);
  return is_good ? std::optional(std::move(service)) : std::nullopt;
}

// The list key of object, of at most most entries.
Result<Json> read_list(const Json& object, const char* key, size_t most, Field field) {
  field.name = key;
  if (!object.contains(key)) return corrupt(field, "is missing, expected a list");
  if (!object[key].is_array()) return corrupt(field, "expected a list");
  if (object[key].size() > most) {
    return corrupt(field, "found " + std::to_string(object[key].size()) +
                              " entries, expected at most " + std::to_string(most));
  }
  return object[key];
}

Status read_services(const Json& list, Field field, House& house) {
  for (size_t i = 0; i < list.size(); ++i) {
    field.name = "services[" + std::to_string(i) + "]";
    const std::string text = list[i].is_string() ? list[i].get<std::string>() : "";
    const bool is_short = !text.empty() && text.size() <= kMaxServiceBytes;
    auto service = is_short ? parse_service(text) : std::nullopt;
    if (!service) {
      return corrupt(field, "found " + in_quotes(text.substr(0, kMaxTextBytes)) +
                                ", expected a text like \"light.turn_on(brightness)\" of small "
                                "letters, digits and _");
    }
    if (find_service(house, service->name) != nullptr) {
      return corrupt(field, in_quotes(service->name) + " is there twice");
    }
    house.services.push_back(*std::move(service));
  }
  return Status();
}

Status read_device(const Json& entry, const Field& field, House& house) {
  if (!entry.is_object()) return corrupt(field, "expected an object with id, name and state");
  const Result<std::string> id = read_text(entry, "id", field);
  if (!id.ok()) return id.status();
  const Result<std::string> name = read_text(entry, "name", field);
  if (!name.ok()) return name.status();
  const Result<std::string> state = read_text(entry, "state", field);
  if (!state.ok()) return state.status();
  if (!is_dotted(*id)) {
    return corrupt(field, "id: found " + in_quotes(*id) +
                              ", expected a text like \"light.kitchen\" of small letters, digits "
                              "and _");
  }
  if (find_device(house, *id) != nullptr) {
    return corrupt(field, "id: " + in_quotes(*id) + " is there twice");
  }
  house.devices.push_back({*id, *name, *state, parse_state(domain_of(*id), *state)});
  return Status();
}

// A thermostat that is off does not say in what degrees it counts: as the others in the house.
void guess_units(House& house) {
  char unit = 'C';
  for (const Device& device : house.devices) {
    const std::string& text = device.state;
    const bool is_reading = text.size() > 1 && text.back() == 'F' && text[text.size() - 2] >= '0' &&
                            text[text.size() - 2] <= '9';
    if (is_reading) unit = 'F';
  }
  for (Device& device : house.devices) {
    if (domain_of(device.id) == "climate" && device.remembered.unit == '\0') {
      device.remembered.unit = unit;
    }
  }
}

}  // namespace

Result<House> read_house(std::string_view json, const std::string& source) {
  Field field{source, "house"};
  if (json.size() > kMaxFileBytes) {
    return corrupt(field, "found more than " + std::to_string(kMaxFileBytes) + " bytes");
  }
  const Json object = Json::parse(json.begin(), json.end(), nullptr, false);
  if (!object.is_object()) return corrupt(field, "is no JSON object");
  House house;
  const Result<Json> services = read_list(object, "services", kMaxServices, field);
  if (!services.ok()) return services.status();
  const Status status = read_services(*services, field, house);
  if (!status.ok()) return status;
  const Result<Json> devices = read_list(object, "devices", kMaxDevices, field);
  if (!devices.ok()) return devices.status();
  for (size_t i = 0; i < devices->size(); ++i) {
    field.name = "devices[" + std::to_string(i) + "]";
    Status good = read_device((*devices)[i], field, house);
    if (!good.ok()) return good;
  }
  guess_units(house);
  return house;
}

Result<House> load_house(const std::string& path) {
  const auto io_error = [&path] {
    const StatusCode code = errno == ENOENT ? StatusCode::not_found : StatusCode::io_error;
    return Status(code, "cannot read the house " + path + ": " + std::strerror(errno));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rbe"), [](std::FILE* f) { return fclose(f); });
  if (file == nullptr) return io_error();
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return io_error();
  return read_house(text, path);
}

std::string house_json(const House& house) {
  Json services = Json::array();
  for (const Service& service : house.services) services.push_back(service_text(service));
  Json devices = Json::array();
  for (const Device& device : house.devices) {
    devices.push_back({{"id", device.id}, {"name", device.name}, {"state", device.state}});
  }
  const Json object = {{"services", std::move(services)}, {"devices", std::move(devices)}};
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cria::house
