// Every service, and what it does to the state in a device's row.
#include "house/apply.h"

#include <gtest/gtest.h>

#include "house/house_json.h"

namespace cria::house {
namespace {

House house_with(const std::string& domain, const std::string& state) {
  const auto house = read_house(R"({"services": [], "devices": [{"id": ")" + domain +
                                    R"(.x", "name": "X", "state": ")" + state + "\"}]}",
                                "house");
  EXPECT_TRUE(house.ok()) << house.status().message();
  return house.ok() ? *house : House();
}

// arguments: the inside of a JSON object.
Change apply(House& house, const std::string& service, const std::string& arguments = "") {
  const std::string domain(domain_of(service));
  const auto call = parse_call(R"({"service": ")" + service + R"(", "target_device": ")" + domain +
                               ".x\"" + (arguments.empty() ? "" : ", " + arguments) + "}");
  EXPECT_TRUE(call.ok()) << call.status().message();
  return apply_call(house, *call);
}

// The state after the call.
std::string after(const std::string& state, const std::string& service,
                  const std::string& arguments = "") {
  House house = house_with(std::string(domain_of(service)), state);
  const Change change = apply(house, service, arguments);
  EXPECT_EQ(change.before, state);
  EXPECT_EQ(change.after, house.devices[0].state);
  return change.after;
}

TEST(Apply, LightKeepsWhatIsNotNamed) {
  EXPECT_EQ(after("off", "light.turn_on"), "on");
  EXPECT_EQ(after("on;80%;red", "light.turn_on"), "on;80%;red");
  EXPECT_EQ(after("off", "light.turn_on", "\"brightness\": 40"), "on;40%");
  EXPECT_EQ(after("on;80%;red", "light.turn_on", "\"brightness\": 40"), "on;40%;red");
  EXPECT_EQ(after("on;80%;red", "light.turn_on", "\"rgb_color\": \"blue\""), "on;80%;blue");
  EXPECT_EQ(after("on", "light.turn_on", "\"rgb_color\": \"blue\""), "on;100%;blue");
  EXPECT_EQ(after("on;80%", "light.turn_on", R"("brightness": 5, "rgb_color": "lime")"),
            "on;5%;lime");
  EXPECT_EQ(after("on;80%", "light.turn_on", "\"brightness\": 0"), "off");
  EXPECT_EQ(after("on;80%;red", "light.turn_off"), "off");
  EXPECT_EQ(after("off", "light.toggle"), "on");
  EXPECT_EQ(after("on;80%;red", "light.toggle"), "off");
}

TEST(Apply, WhatIsHiddenWhileOffComesBack) {
  House house = house_with("light", "on;80%;red");
  EXPECT_EQ(apply(house, "light.turn_off").after, "off");
  EXPECT_EQ(apply(house, "light.turn_on").after, "on;80%;red");
  EXPECT_EQ(apply(house, "light.turn_on", "\"brightness\": 0").after, "off");
  EXPECT_EQ(apply(house, "light.toggle").after, "on;80%;red");
  house = house_with("climate", "cool;21.5C");
  EXPECT_EQ(apply(house, "climate.turn_off").after, "off");
  EXPECT_EQ(apply(house, "climate.turn_on").after, "cool;21.5C");
  house = house_with("media_player", "playing;30%");
  EXPECT_EQ(apply(house, "media_player.turn_off").after, "off");
  EXPECT_EQ(apply(house, "media_player.turn_on").after, "on;30%");
}

TEST(Apply, SwitchAndFan) {
  EXPECT_EQ(after("off", "switch.turn_on"), "on");
  EXPECT_EQ(after("on", "switch.turn_off"), "off");
  EXPECT_EQ(after("on", "switch.toggle"), "off");
  EXPECT_EQ(after("off", "fan.turn_on"), "on");
  EXPECT_EQ(after("on;60%", "fan.turn_off"), "off");
  EXPECT_EQ(after("off", "fan.set_percentage", "\"percentage\": 60"), "on;60%");
  EXPECT_EQ(after("on;60%", "fan.set_percentage", "\"percentage\": 0"), "off");
}

TEST(Apply, ClimateIsTurnedOnByASetting) {
  EXPECT_EQ(after("heat;21C", "climate.set_temperature", "\"temperature\": 22.5"), "heat;22.5C");
  EXPECT_EQ(after("cool;70F", "climate.set_temperature", "\"temperature\": 72"), "cool;72F");
  EXPECT_EQ(after("off", "climate.set_temperature", "\"temperature\": 22"), "heat;22C");
  EXPECT_EQ(after("off", "climate.turn_on"), "heat;20C");
  EXPECT_EQ(after("auto;20C", "climate.turn_on"), "auto;20C");
  EXPECT_EQ(after("heat;21C", "climate.set_hvac_mode", "\"hvac_mode\": \"cool\""), "cool;21C");
  EXPECT_EQ(after("heat;21C", "climate.set_hvac_mode", "\"hvac_mode\": \"off\""), "off");
  EXPECT_EQ(after("off", "climate.set_hvac_mode", "\"hvac_mode\": \"auto\""), "auto;20C");
  EXPECT_EQ(after("heat;21C", "climate.turn_off"), "off");
}

TEST(Apply, CoverAndLock) {
  EXPECT_EQ(after("closed", "cover.open"), "open");
  EXPECT_EQ(after("open;40%", "cover.open"), "open");
  EXPECT_EQ(after("open;40%", "cover.close"), "closed");
  EXPECT_EQ(after("closed", "cover.set_position", "\"position\": 25"), "open;25%");
  EXPECT_EQ(after("closed", "cover.set_position", "\"position\": 100"), "open");
  EXPECT_EQ(after("open", "cover.set_position", "\"position\": 0"), "closed");
  EXPECT_EQ(after("open;40%", "cover.stop"), "open;40%");
  EXPECT_EQ(after("unlocked", "lock.lock"), "locked");
  EXPECT_EQ(after("locked", "lock.unlock"), "unlocked");
}

TEST(Apply, MediaPlayer) {
  EXPECT_EQ(after("off", "media_player.turn_on"), "on;30%");
  EXPECT_EQ(after("playing;20%", "media_player.turn_on"), "playing;20%");
  EXPECT_EQ(after("paused;20%", "media_player.play"), "playing;20%");
  EXPECT_EQ(after("idle", "media_player.play"), "playing;30%");
  EXPECT_EQ(after("playing;20%", "media_player.pause"), "paused;20%");
  EXPECT_EQ(after("off", "media_player.pause"), "off");
  EXPECT_EQ(after("playing;20%", "media_player.volume_set", "\"level\": 0"), "playing;0%");
  EXPECT_EQ(after("off", "media_player.volume_set", "\"level\": 25"), "on;25%");
  EXPECT_EQ(after("playing;20%", "media_player.next_track"), "playing;20%");
  EXPECT_EQ(after("playing;20%", "media_player.turn_off"), "off");
}

TEST(Apply, TimerAndVacuum) {
  EXPECT_EQ(after("idle", "timer.start", "\"duration\": \"00:05:00\""), "active;00:05:00");
  EXPECT_EQ(after("active;00:05:00", "timer.cancel"), "idle");
  EXPECT_EQ(after("active;00:05:00", "timer.pause"), "paused;00:05:00");
  EXPECT_EQ(after("idle", "timer.pause"), "idle");
  EXPECT_EQ(after("docked", "vacuum.start"), "cleaning");
  EXPECT_EQ(after("cleaning", "vacuum.pause"), "paused");
  EXPECT_EQ(after("docked", "vacuum.pause"), "docked");
  EXPECT_EQ(after("cleaning", "vacuum.return_to_base"), "returning");
  EXPECT_EQ(after("docked", "vacuum.return_to_base"), "docked");
}

TEST(Apply, UnknownServicesAndStatesOfOtherMakersAreLeftAlone) {
  EXPECT_EQ(after("on;60%", "fan.swing"), "on;60%");
  EXPECT_EQ(after("open;100%", "cover.stop"), "open;100%");
  EXPECT_EQ(after("unavailable", "light.turn_on"), "on");
  EXPECT_EQ(after("unavailable", "climate.set_temperature", "\"temperature\": 22"), "heat;22C");
}

TEST(Apply, ChangesAreOneLine) {
  EXPECT_EQ(change_text({"Kitchen Light", "off", "on;40%"}), "Kitchen Light: off -> on;40%");
  EXPECT_EQ(change_text({"Kitchen Light", "off", "off"}), "Kitchen Light: off, as before");
}

}  // namespace
}  // namespace cria::house
