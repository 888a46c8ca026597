#include "house/house.h"

#include <gtest/gtest.h>

#include "house/house_json.h"
#include "support/shared_data.h"

namespace cria::house {
namespace {

constexpr const char* kJson = R"json({
  "services": ["light.turn_on(brightness,rgb_color)", "light.turn_off()", "fan.turn_on()"],
  "devices": [{"id": "light.kitchen", "name": "Kitchen Light", "state": "on;80%;red"},
              {"id": "fan.x17", "name": "Ceiling Fan", "state": "off"}]})json";

// The example of models/al/TASK.md, byte for byte.
TEST(House, SystemMessageIsTheOneThatAlIsTrainedOn) {
  const auto house = read_house(kJson, "house");
  ASSERT_TRUE(house.ok()) << house.status().message();
  EXPECT_EQ(system_message(*house),
            "You are 'Al', a helpful AI assistant that controls the devices in a house.\n"
            "Services: light.turn_on(brightness,rgb_color), light.turn_off(), fan.turn_on()\n"
            "Devices:\n"
            "light.kitchen 'Kitchen Light' = on;80%;red\n"
            "fan.x17 'Ceiling Fan' = off");
}

TEST(House, DevicesAndServicesAreFoundByName) {
  auto house = read_house(kJson, "house");
  ASSERT_TRUE(house.ok());
  EXPECT_EQ(find_service(*house, "light.turn_on")->parameters.size(), 2u);
  EXPECT_EQ(find_service(*house, "light"), nullptr);
  EXPECT_EQ(find_device(*house, "fan.x17")->name, "Ceiling Fan");
  EXPECT_EQ(find_device(*house, "fan.x1"), nullptr);
  EXPECT_EQ(domain_of("media_player.tv"), "media_player");
}

TEST(House, TableHasColumnsAsWideAsTheyNeedToBe) {
  auto house = read_house(kJson, "house");
  ASSERT_TRUE(house.ok());
  house->devices[1].name =
      "L\xc3\xbc"
      "fter";
  EXPECT_EQ(device_table(*house),
            "  device         state       id\n"
            "  Kitchen Light  on;80%;red  light.kitchen\n"
            "  L\xc3\xbc"
            "fter         off         fan.x17\n");
}

TEST(House, DemoHouseIsAPlausibleHome) {
  const auto house = load_house(testing::source_dir() + "/../models/al/demo_house.json");
  ASSERT_TRUE(house.ok()) << house.status().message();
  EXPECT_GE(house->devices.size(), 9u);
  EXPECT_LE(house->devices.size(), 10u);
  for (const Device& device : house->devices) {
    bool is_served = false;
    for (const Service& service : house->services) {
      is_served = is_served || domain_of(service.name) == domain_of(device.id);
    }
    EXPECT_TRUE(is_served) << device.id;
    EXPECT_EQ(state_text(domain_of(device.id), device.remembered), device.state);
  }
}

}  // namespace
}  // namespace cria::house
