#include "house/house_json.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "house/foreign_json.h"

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

// Of a device that is off: the state that it had when it was last on.
constexpr const char* kLastOn = "last_on";

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

// Code points that end a line, show nothing, or turn the direction of what follows. U+0000 to
// U+007F are looked at apart. Of more than one byte, they are compared as their bytes.
struct Marks {
  std::string_view first, last;
};
constexpr std::array kMarks = {
    Marks{"\xC2\x80", "\xC2\x9F"},          // U+0080 to U+009F: controls
    Marks{"\xE2\x80\x8B", "\xE2\x80\x8F"},  // U+200B to U+200F: without width, directions
    Marks{"\xE2\x80\xA8", "\xE2\x80\xAE"},  // U+2028 to U+202E: line separators, directions
    Marks{"\xE2\x81\xA0", "\xE2\x81\xA9"},  // U+2060 to U+2069: joiners, directions
    Marks{"\xEF\xBB\xBF", "\xEF\xBB\xBF"},  // U+FEFF: byte order mark
};

// Requires: text is UTF-8, in which no code point's bytes stand within another's.
bool has_control(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    for (const Marks& marks : kMarks) {
      const std::string_view here = text.substr(i, marks.first.size());
      if (here >= marks.first && here <= marks.last) return true;
    }
  }
  return false;
}

// A quote and "=" after it: the name would end there for who reads its row, 'NAME' = STATE.
bool forges_state(std::string_view name) {
  for (const std::string_view quote : {"'", "\"", "`", "\xE2\x80\x98", "\xE2\x80\x99"}) {
    for (size_t i = name.find(quote); i != std::string_view::npos; i = name.find(quote, i + 1)) {
      const size_t next = name.find_first_not_of(' ', i + quote.size());
      if (next != std::string_view::npos && name[next] == '=') return true;
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
  if (has_control(text))
    return corrupt(field, "found a control character or an invisible one, expected none");
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
Result<const Json*> read_list(const Json& object, const char* key, size_t most, Field field) {
  field.name = key;
  if (!object.contains(key)) return corrupt(field, "is missing, expected a list");
  if (!object[key].is_array()) return corrupt(field, "expected a list");
  if (object[key].size() > most) {
    return corrupt(field, "found " + std::to_string(object[key].size()) +
                              " entries, expected at most " + std::to_string(most));
  }
  return &object[key];
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

// What a device that is off comes back with: a device that is on shows it in its state.
Result<State> read_remembered(const Json& entry, const Field& field, const Device& device) {
  const std::string_view domain = domain_of(device.id);
  State state = parse_state(domain, device.state);
  if (!entry.contains(kLastOn)) return state;
  const Result<std::string> text = read_text(entry, kLastOn, field);
  if (!text.ok()) return text.status();
  if (state.mode != "off") return state;
  State last = parse_state(domain, *text);
  last.mode = state.mode;
  return last;
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
  if (forges_state(*name)) {
    return corrupt(field, "name: found a quote and = after it, as in a row of the system message");
  }
  Device device{*id, *name, *state, {}};
  Result<State> remembered = read_remembered(entry, field, device);
  if (!remembered.ok()) return remembered.status();
  device.remembered = *std::move(remembered);
  house.devices.push_back(std::move(device));
  return Status();
}

// A thermostat that is off does not say in what degrees it counts: as the others in the house.
void guess_units(House& house) {
  char unit = 'C';
  for (const Device& device : house.devices) {
    const std::string& text = device.state;
    const bool is_reading = text.size() > 1 && text.back() == 'F' && text[text.size() - 2] >= '0' &&
                            text[text.size() - 2] <= '9';
    if (is_reading || device.remembered.unit == 'F') unit = 'F';
  }
  for (Device& device : house.devices) {
    if (domain_of(device.id) == "climate" && device.remembered.unit == '\0') {
      device.remembered.unit = unit;
    }
  }
}

Json new_object(const House& house) {
  Json services = Json::array();
  for (const Service& service : house.services) services.push_back(service_text(service));
  Json devices = Json::array();
  for (const Device& device : house.devices) {
    devices.push_back({{"id", device.id}, {"name", device.name}});
  }
  return {{"services", std::move(services)}, {"devices", std::move(devices)}};
}

// The fields of entry that calls change.
void write_state(const Device& device, Json& entry) {
  const std::string_view domain = domain_of(device.id);
  entry["state"] = device.state;
  entry.erase(kLastOn);
  const State& remembered = device.remembered;
  if (remembered.mode != "off" || remembered.last_on.empty()) return;
  State last = remembered;
  last.mode = remembered.last_on;
  entry[kLastOn] = state_text(domain, last);
}

}  // namespace

Result<House> read_house(std::string_view json, const std::string& source) {
  Field field{source, "house"};
  if (json.size() > kMaxFileBytes) {
    return corrupt(field, "found more than " + std::to_string(kMaxFileBytes) + " bytes");
  }
  const Result<Json> parsed = parse_foreign_json(json);
  if (!parsed.ok()) return corrupt(field, parsed.status().message());
  const Json& object = *parsed;
  if (!object.is_object()) return corrupt(field, "is no JSON object");
  House house;
  const Result<const Json*> services = read_list(object, "services", kMaxServices, field);
  if (!services.ok()) return services.status();
  const Status status = read_services(**services, field, house);
  if (!status.ok()) return status;
  const Result<const Json*> devices = read_list(object, "devices", kMaxDevices, field);
  if (!devices.ok()) return devices.status();
  for (size_t i = 0; i < (*devices)->size(); ++i) {
    field.name = "devices[" + std::to_string(i) + "]";
    Status good = read_device((**devices)[i], field, house);
    if (!good.ok()) return good;
  }
  guess_units(house);
  house.origin = json;
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
  Result<Json> origin = parse_foreign_json(house.origin);
  Json object = origin.ok() ? *std::move(origin) : new_object(house);
  for (size_t i = 0; i < house.devices.size(); ++i) {
    write_state(house.devices[i], object["devices"][i]);
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cria::house
