#include "house/house.h"

#include <algorithm>
#include <array>

namespace cria::house {
namespace {

constexpr std::string_view kHead =
    "You are 'Al', a helpful AI assistant that controls the devices in a house.";

// Columns on a terminal, taking each code point for one.
size_t n_columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

std::string padded(std::string_view text, size_t width) {
  return std::string(text) + std::string(width - std::min(width, n_columns(text)), ' ');
}

}  // namespace

std::string_view domain_of(std::string_view name) { return name.substr(0, name.find('.')); }

const Service* find_service(const House& house, std::string_view name) {
  const auto found = std::find_if(house.services.begin(), house.services.end(),
                                  [&](const Service& service) { return service.name == name; });
  return found == house.services.end() ? nullptr : &*found;
}

const Device* find_device(const House& house, std::string_view id) {
  const auto found = std::find_if(house.devices.begin(), house.devices.end(),
                                  [&](const Device& device) { return device.id == id; });
  return found == house.devices.end() ? nullptr : &*found;
}

Device* find_device(House& house, std::string_view id) {
  return const_cast<Device*>(find_device(static_cast<const House&>(house), id));
}

std::string service_text(const Service& service) {
  std::string text = service.name + "(";
  for (const std::string& parameter : service.parameters) {
    if (text.back() != '(') text += ',';
    text += parameter;
  }
  return text + ")";
}

std::string system_message(const House& house) {
  std::string text = std::string(kHead) + "\nServices:";
  const char* separator = " ";
  for (const Service& service : house.services) {
    text += separator + service_text(service);
    separator = ", ";
  }
  text += "\nDevices:";
  for (const Device& device : house.devices) {
    text += "\n" + device.id + " '" + device.name + "' = " + device.state;
  }
  return text;
}

std::string device_table(const House& house) {
  const std::array<std::string_view, 3> heading = {"device", "state", "id"};
  size_t name_width = heading[0].size();
  size_t state_width = heading[1].size();
  for (const Device& device : house.devices) {
    name_width = std::max(name_width, n_columns(device.name));
    state_width = std::max(state_width, n_columns(device.state));
  }
  const auto row = [&](std::string_view name, std::string_view state, std::string_view id) {
    return "  " + padded(name, name_width) + "  " + padded(state, state_width) + "  " +
           std::string(id) + "\n";
  };
  std::string text = row(heading[0], heading[1], heading[2]);
  for (const Device& device : house.devices) text += row(device.name, device.state, device.id);
  return text;
}

}  // namespace cria::house
