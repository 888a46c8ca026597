// Words to pins: Al turns a request into calls, and this app turns calls into what it would do to a
// Raspberry Pi, "GPIO 17 -> high".    home models/al-q8_0.gguf    and then a request a line.
#include <cria/cria.h>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

struct Device {
  std::string id, name;
  int pin;
  bool is_on;
};

// What Al has to know: what can be called, and the devices with their states of now.
std::string system_message(const std::vector<Device>& home) {
  std::string text =
      "You are 'Al', a helpful AI assistant that controls the devices in a house.\n"
      "Services: light.turn_on(), light.turn_off(), fan.turn_on(), fan.turn_off()\nDevices:";
  for (const Device& device : home) {
    text += "\n" + device.id + " '" + device.name + "' = " + (device.is_on ? "on" : "off");
  }
  return text;
}

// The text under key in a call, a line such as
// {"service": "light.turn_on", "target_device": "light.desk"}
std::string value(const std::string& call, const std::string& key) {
  const size_t at = call.find("\"" + key + "\": \"");
  if (at == std::string::npos) return "";
  const size_t begin = at + key.size() + 5;
  return call.substr(begin, call.find('"', begin) - begin);
}

// A model may ask for what is not there: only what this app knows is done.
void obey(const std::string& call, std::vector<Device>& home) {
  const std::string service = value(call, "service");
  for (Device& device : home) {
    const std::string kind = device.id.substr(0, device.id.find('.'));
    const bool turn_on = service == kind + ".turn_on";
    if (device.id != value(call, "target_device")) continue;
    if (!turn_on && service != kind + ".turn_off") continue;
    device.is_on = turn_on;
    std::cout << "GPIO " << device.pin << " -> " << (turn_on ? "high" : "low") << std::endl;
    return;
  }
  std::cerr << "ignored: " << call << '\n';
}

int main(int argc, char** argv) {
  const auto complain = [](const std::string& reason) { return std::cerr << reason << '\n', 1; };
  if (argc != 2) return complain("usage: home al-q8_0.gguf");
  const auto model = cria::Model::open(argv[1]);
  if (!model.ok()) return complain(model.status().message());
  auto session = model->new_session();
  if (!session.ok()) return complain(session.status().message());

  std::vector<Device> home = {{"light.desk", "Desk Lamp", 17, false},
                              {"light.hall", "Hall Light", 27, true},
                              {"fan.ceiling", "Ceiling Fan", 22, false}};
  for (std::string request; std::getline(std::cin, request);) {
    const auto reply = session->chat({{"system", system_message(home)}, {"user", request}},
                                     {.max_tokens = 200, .sampling = {.temperature = 0}});
    if (!reply.ok()) {  // a request that is too long, say: the next one may do
      complain(reply.status().message());
      continue;
    }
    std::istringstream lines(reply->text);  // words, ```homeassistant, calls, ```
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("{")) {
        obey(line, home);
      } else if (!line.starts_with("```")) {
        std::cout << line << std::endl;
      }
    }
  }
}
