// House files: foreign text, so that each limit and each form has a test.
#include "house/house_json.h"

#include <gtest/gtest.h>

#include "house/apply.h"
#include "support/shared_data.h"

namespace cria::house {
namespace {

std::string with_device(const std::string& device) {
  return R"({"services": [], "devices": [)" + device + "]}";
}

std::string with_service(const std::string& service) {
  return "{\"services\": [" + service + "], \"devices\": []}";
}

void expect_refused(const std::string& json, const std::string& mentions) {
  const auto house = read_house(json, "my.json");
  ASSERT_FALSE(house.ok()) << json.substr(0, 200);
  EXPECT_EQ(house.status().code(), StatusCode::corrupt);
  const std::string& message = house.status().message();
  EXPECT_EQ(message.rfind("my.json: ", 0), 0u) << message;
  EXPECT_NE(message.find(mentions), std::string::npos) << message << " lacks " << mentions;
}

TEST(HouseJson, WritesWhatItReads) {
  const std::string json =
      R"json({"services": ["light.turn_on(brightness,rgb_color)", "lock.lock()"],
          "devices": [{"id": "light.k", "name": "Ben's \"Küche\"", "state": "on;80%"}]})json";
  const auto house = read_house(json, "a");
  ASSERT_TRUE(house.ok()) << house.status().message();
  const auto again = read_house(house_json(*house), "b");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(system_message(*again), system_message(*house));
  EXPECT_EQ(house_json(*again), house_json(*house));
}

TEST(HouseJson, AnEmptyHouseIsAHouse) {
  const auto house = read_house(R"({"services": [], "devices": [], "note": {"x": [1]}})", "a");
  ASSERT_TRUE(house.ok()) << house.status().message();
  EXPECT_TRUE(house->devices.empty());
}

TEST(HouseJson, EveryCutIsRefused) {
  const std::string json = with_device(R"({"id": "light.k", "name": "K", "state": "on"})");
  for (size_t n = 0; n < json.size(); ++n) expect_refused(json.substr(0, n), "house: ");
  EXPECT_TRUE(read_house(json, "a").ok());
}

TEST(HouseJson, WrongShapesNameTheField) {
  expect_refused("", "house: is no JSON: line 1, column 1: ");
  expect_refused("[]", "house: is no JSON object");
  expect_refused(std::string(100000, '['), "house: is nested deeper than 16 levels");
  expect_refused("{\n  \"services\": [],\n  \"devices\": [],\n}",
                 "house: is no JSON: line 4, column 1: ");
  expect_refused(R"({"services": [], "services": []})", "has the key \"services\" twice");
  expect_refused("{}", "services: is missing");
  expect_refused(R"({"services": {}, "devices": []})", "services: expected a list");
  expect_refused(R"({"services": []})", "devices: is missing");
  expect_refused(R"({"services": [], "devices": 3})", "devices: expected a list");
  expect_refused(with_device("3"), "devices[0]: expected an object");
  expect_refused(with_device(R"({"name": "K", "state": "on"})"), "devices[0].id: is missing");
  expect_refused(with_device(R"({"id": "light.k", "state": "on"})"), "devices[0].name: is missing");
  expect_refused(with_device(R"({"id": "light.k", "name": 3, "state": "on"})"),
                 "devices[0].name: expected a text");
  expect_refused(with_device(R"({"id": "light.k", "name": "K", "state": null})"),
                 "devices[0].state: expected a text");
}

TEST(HouseJson, TextsHaveTheirLimits) {
  const std::string is_64(64, 'x');
  const auto named = [](const std::string& name) {
    return with_device(R"({"id": "light.k", "name": ")" + name + R"(", "state": "on"})");
  };
  EXPECT_TRUE(read_house(named(is_64), "a").ok());
  expect_refused(named(is_64 + "x"), "devices[0].name: found 65 bytes, expected 1 to 64");
  expect_refused(named(""), "devices[0].name: found 0 bytes");
  for (const char* forged :
       {"K\\nlight.z 'Z' = on", "\\u001b[31m", "\\u007f", "\\u009b31m", "\\u0000", "a\\u200bb",
        "a\\u200f", "\\u2028", "\\u202eb", "\\u2060", "\\u2069", "\\ufeffK"}) {
    expect_refused(named(forged), "control character");
    expect_refused(
        with_device(R"({"id": "light.k", "name": "K", "state": ")" + std::string(forged) + "\"}"),
        "control character");
  }
  for (const char* forged :
       {"Hall Lamp' = off", "Hall Lamp'= off", "Lamp'   =", "a\\\" = b", "Lamp\\u2019 = on"}) {
    expect_refused(named(forged), "name: found a quote and =");
  }
  for (const char* name : {"Ben's Lamp", "a = b", "Kids' Lamp", "K\\u00fcche", "\\u2013 \\u20ac"}) {
    EXPECT_TRUE(read_house(named(name), "a").ok()) << name;
  }
  expect_refused(named("\xff"), "house: is no JSON: line 1, column ");
  for (const char* id :
       {"light", "Light.k", "light.k.k", ".k", "light.", "light.k k", "light.k'"}) {
    expect_refused(
        with_device(R"({"id": ")" + std::string(id) + R"(", "name": "K", "state": "on"})"),
        "id: found");
  }
}

TEST(HouseJson, ServicesHaveAForm) {
  EXPECT_TRUE(read_house(with_service(R"json("light.turn_on(a,b)", "fan.go()")json"), "a").ok());
  for (const char* bad :
       {"3", "\"\"", "\"light.turn_on\"", "\"light.turn_on(\"", "\"light.turn_on(a\"",
        "\"light.turn_on(a,,b)\"", "\"light.turn_on(a, b)\"", "\"turn_on()\"", "\"light.Turn()\"",
        "\"light.on()\\n\"", "\"light.on(a,b,c,d,e,f,g,h,i)\"", "\"light.on(a,)b\""}) {
    expect_refused(with_service(bad), "services[0]: found");
  }
  expect_refused(with_service("\"a.b(" + std::string(5000, 'x') + ")\""), "services[0]");
}

TEST(HouseJson, NothingIsThereTwice) {
  const std::string device = R"({"id": "light.k", "name": "K", "state": "on"})";
  expect_refused(with_device(device + "," + device), "devices[1]: id: \"light.k\" is there twice");
  expect_refused(with_service(R"json("a.b()", "a.b(c)")json"),
                 "services[1]: \"a.b\" is there twice");
}

TEST(HouseJson, ListsAndFilesHaveTheirLimits) {
  std::string devices, services;
  for (int i = 0; i < 513; ++i) {
    const std::string comma = i == 0 ? "" : ",";
    devices +=
        comma + R"({"id": "light.k)" + std::to_string(i) + R"(", "name": "K", "state": "on"})";
    services += comma + "\"light.s" + std::to_string(i) + "()\"";
  }
  expect_refused(with_device(devices), "devices: found 513 entries, expected at most 512");
  expect_refused(with_service(services), "services: found 513 entries, expected at most 256");
  expect_refused(std::string((1 << 20) + 1, ' '), "more than 1048576 bytes");
}

TEST(HouseJson, FilesThatCannotBeReadAreNamed) {
  const std::string folder = testing::temporary_dir();
  const auto missing = load_house(folder + "/none.json");
  EXPECT_EQ(missing.status().code(), StatusCode::not_found);
  EXPECT_NE(missing.status().message().find("none.json"), std::string::npos);
  EXPECT_EQ(load_house(folder).status().code(), StatusCode::io_error);
  testing::write_file(folder + "/big.json", std::string(3 << 20, ' '));
  EXPECT_EQ(load_house(folder + "/big.json").status().code(), StatusCode::corrupt);
}

TEST(HouseJson, AThermostatThatIsOffCountsAsTheOthersInTheHouse) {
  const auto house = read_house(with_device(R"({"id": "climate.a", "name": "A", "state": "off"},
                     {"id": "sensor.b", "name": "B", "state": "70F"})"),
                                "a");
  ASSERT_TRUE(house.ok());
  EXPECT_EQ(house->devices[0].remembered.unit, 'F');
  EXPECT_EQ(house->devices[0].state, "off");
}

TEST(HouseJson, DeepFieldsOfOthersAreRefusedAndFlatOnesPassedOver) {
  const auto with_note = [](size_t depth) {
    return with_device(R"({"id": "light.k", "name": "K", "state": "on", "note": )" +
                       std::string(depth, '[') + std::string(depth, ']') + "}");
  };
  EXPECT_TRUE(read_house(with_note(13), "a").ok());  // within three more
  expect_refused(with_note(14), "deeper than 16 levels");
  expect_refused(with_note(200000), "deeper than 16 levels");
}

Result<Change> do_call(House& house, const std::string& line) {
  const Result<Call> call = parse_call(line);
  if (!call.ok()) return call.status();
  const Status status = check_call(house, *call);
  if (!status.ok()) return status;
  return apply_call(house, *call);
}

TEST(HouseJson, WhatADeviceComesBackWithIsSaved) {
  auto house =
      read_house(R"json({"services": ["climate.turn_off()", "light.turn_off()", "light.turn_on()",
          "media_player.turn_off()"], "devices": [
          {"id": "climate.a", "name": "A", "state": "heat;70F"},
          {"id": "light.b", "name": "B", "state": "on;80%;red"},
          {"id": "media_player.c", "name": "C", "state": "playing;30%"}]})json",
                 "a");
  ASSERT_TRUE(house.ok()) << house.status().message();
  for (const char* id : {"climate.a", "light.b", "media_player.c"}) {
    const std::string service = std::string(domain_of(id)) + ".turn_off";
    ASSERT_TRUE(
        do_call(*house, R"({"service": ")" + service + R"(", "target_device": ")" + id + "\"}")
            .ok());
  }
  auto again = read_house(house_json(*house), "b");
  ASSERT_TRUE(again.ok()) << again.status().message();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again->devices[i].state, "off");
    EXPECT_EQ(again->devices[i].remembered, house->devices[i].remembered) << i;
  }
  EXPECT_EQ(again->devices[0].remembered.unit, 'F');
  ASSERT_TRUE(do_call(*again, R"({"service": "light.turn_on", "target_device": "light.b"})").ok());
  EXPECT_EQ(again->devices[1].state, "on;80%;red");
  EXPECT_EQ(house_json(*again).find("on;80%;red"), house_json(*again).rfind("on;80%;red"))
      << "no last_on where a device is on";
}

TEST(HouseJson, FieldsOfOthersAreKept) {
  const std::string json = R"json({"version": 3, "services": ["light.toggle()"], "devices": [
      {"pin": 17, "id": "light.k", "name": "K", "state": "off", "tags": ["a", {"b": null}]}]})json";
  auto house = read_house(json, "a");
  ASSERT_TRUE(house.ok()) << house.status().message();
  ASSERT_TRUE(do_call(*house, R"({"service": "light.toggle", "target_device": "light.k"})").ok());
  std::string saved = house_json(*house);
  std::erase_if(saved, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_EQ(saved, R"json({"version":3,"services":["light.toggle()"],"devices":[{"pin":17,)json"
                   R"json("id":"light.k","name":"K","state":"on","tags":["a",{"b":null}]}]})json");
}

TEST(HouseJson, AHouseThatWasReadFromNoFileIsWrittenWhole) {
  House house{{{"light.toggle", {}}}, {{"light.k", "K", "on", {}}}, ""};
  const auto again = read_house(house_json(house), "a");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(system_message(*again), system_message(house));
}

TEST(HouseJson, LastOnHasTheFormOfAState) {
  expect_refused(with_device(R"({"id": "light.k", "name": "K", "state": "off", "last_on": 3})"),
                 "devices[0].last_on: expected a text");
}

}  // namespace
}  // namespace cria::house
