// A simulated house: the services that there are, and devices with states. Nothing real is
// switched; the states are texts in memory. What stands in them is told in models/al/TASK.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "house/state.h"

namespace cria::house {

struct Service {
  std::string name;  // "light.turn_on"
  std::vector<std::string> parameters;
};

struct Device {
  std::string id;     // "light.kitchen"
  std::string name;   // "Kitchen Light"
  std::string state;  // as its row shows it
  State remembered;   // what it had when it last changed, shown or not
};

struct House {
  std::vector<Service> services;
  std::vector<Device> devices;
  std::string origin;  // the JSON that it was read from; "" for none
};

// What stands before the first dot of an id or a service's name: the kind of device.
std::string_view domain_of(std::string_view name);

// Null where there is none of this name or id.
const Service* find_service(const House& house, std::string_view name);
Device* find_device(House& house, std::string_view id);
const Device* find_device(const House& house, std::string_view id);

// "light.turn_on(brightness,rgb_color)".
std::string service_text(const Service& service);

// What Al is told before each of its replies: services, and devices as they are now.
std::string system_message(const House& house);

// For people: a line a device with its name, state and id, in columns.
std::string device_table(const House& house);

}  // namespace cria::house
