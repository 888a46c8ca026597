// Calls: as JSON, compared, and checked against a house.
#include "house/call.h"

#include <gtest/gtest.h>

#include "house/house_json.h"

namespace cria::house {
namespace {

Call call(const std::string& json) {
  const Result<Call> parsed = parse_call(json);
  EXPECT_TRUE(parsed.ok()) << json << ": " << parsed.status().message();
  return parsed.ok() ? *parsed : Call();
}

// "light.turn_on" for "light.kitchen", with more of an object's inside.
std::string json(const std::string& service, const std::string& target,
                 const std::string& more = "") {
  return R"({"service": ")" + service + R"(", "target_device": ")" + target + "\"" +
         (more.empty() ? "" : ", " + more) + "}";
}

TEST(Call, TextIsTheOneOfTheTask) {
  for (const std::string& line :
       {json("light.turn_on", "light.kitchen", R"("brightness": 40, "rgb_color": "warm white")"),
        json("climate.set_temperature", "climate.x", "\"temperature\": 21.5"),
        json("lock.lock", "lock.front"),
        json("fan.swing", "fan.a", "\"on\": true, \"off\": false")}) {
    EXPECT_EQ(call_text(call(line)), line);
  }
  EXPECT_EQ(call_text(call(R"({"target_device":"a.b","x":21.0,"service":"a.c"})")),
            R"({"service": "a.c", "target_device": "a.b", "x": 21})");
}

TEST(Call, WhatIsNoCallIsRefused) {
  for (const char* bad :
       {"", "{", "[]", "3", "{}", R"({"service": "a.b"})",
        R"({"service": 3, "target_device": "a.b"})",
        R"({"service": "a.b", "target_device": "a.c"} x)", R"({'service': 'a.b'})",
        R"({"service": "a.b", "target_device": "a.c", "x": null})",
        R"({"service": "a.b", "target_device": "a.c", "x": [1]})",
        R"({"service": "a.b", "target_device": "a.c", "x": 1e999})",
        R"({"service": "a.b", "target_device": "a.c", "x": 1, "x": 2})",
        R"({"service": "a.b", "target_device": "a.c", "target_device": "a.d"})"}) {
    const Result<Call> parsed = parse_call(bad);
    EXPECT_EQ(parsed.status().code(), StatusCode::invalid_argument) << bad;
  }
}

TEST(Call, AreTheSameInAnyOrderAndByValue) {
  const Call a = call(json("l.o", "l.k", R"("x": 21, "y": "red")"));
  EXPECT_TRUE(same_call(a, call(json("l.o", "l.k", R"("y": "red", "x": 21.0)"))));
  for (const char* other : {R"("x": 21)", R"("x": 21.5, "y": "red")", R"("x": "21", "y": "red")",
                            R"("x": 21, "y": "red", "z": 1)", R"("x": 21, "z": "red")"}) {
    EXPECT_FALSE(same_call(a, call(json("l.o", "l.k", other)))) << other;
  }
  EXPECT_FALSE(same_call(call(json("l.o", "l.k")), call(json("l.o", "l.z"))));
  EXPECT_FALSE(same_call(call(json("l.o", "l.k")), call(json("l.z", "l.k"))));
  const Call b = call(json("l.o", "l.k"));
  EXPECT_TRUE(same_calls({a, b}, {b, a}));
  EXPECT_TRUE(same_calls({}, {}));
  EXPECT_FALSE(same_calls({a, a}, {a, b}));
  EXPECT_FALSE(same_calls({a}, {a, a}));
}

class CheckCall : public ::testing::Test {
 protected:
  static House make_house() {
    const auto house = read_house(R"json({
      "services": ["light.turn_on(brightness,rgb_color)", "light.turn_off()",
                   "fan.set_percentage(percentage)", "climate.set_temperature(temperature)",
                   "climate.set_hvac_mode(hvac_mode)", "cover.set_position(position)",
                   "media_player.volume_set(level)", "timer.start(duration)", "fan.swing(angle)"],
      "devices": [{"id": "light.k", "name": "K", "state": "off"},
                  {"id": "fan.f", "name": "F", "state": "off"},
                  {"id": "climate.c", "name": "C", "state": "heat;21C"},
                  {"id": "climate.f", "name": "F", "state": "heat;70F"},
                  {"id": "cover.c", "name": "C", "state": "open"},
                  {"id": "media_player.m", "name": "M", "state": "off"},
                  {"id": "timer.t", "name": "T", "state": "idle"}]})json",
                                  "house");
    EXPECT_TRUE(house.ok()) << house.status().message();
    return house.ok() ? *house : House();
  }
  void expect_good(const std::string& line) {
    const Status status = check_call(house_, call(line));
    EXPECT_TRUE(status.ok()) << status.message();
  }
  void expect_bad(const std::string& line, const std::string& mentions) {
    const Status status = check_call(house_, call(line));
    EXPECT_EQ(status.code(), StatusCode::invalid_argument) << line;
    EXPECT_NE(status.message().find(mentions), std::string::npos) << status.message();
  }

  const House house_ = make_house();
};

TEST_F(CheckCall, TakesWhatTheTaskAllows) {
  expect_good(json("light.turn_on", "light.k"));
  expect_good(json("light.turn_on", "light.k", R"("rgb_color": "warm white", "brightness": 100)"));
  expect_good(json("fan.set_percentage", "fan.f", "\"percentage\": 0"));
  expect_good(json("climate.set_temperature", "climate.c", "\"temperature\": 21.5"));
  expect_good(json("climate.set_temperature", "climate.f", "\"temperature\": 150"));
  expect_good(json("climate.set_hvac_mode", "climate.c", "\"hvac_mode\": \"off\""));
  expect_good(json("cover.set_position", "cover.c", "\"position\": 75.0"));
  expect_good(json("timer.start", "timer.t", "\"duration\": \"01:00:00\""));
  expect_good(json("fan.swing", "fan.f", "\"angle\": -17.25"));
}

TEST_F(CheckCall, NamesWhatTheHouseLacks) {
  expect_bad(json("light.toggle", "light.k"), "no service \"light.toggle\"");
  expect_bad(json("light.turn_on", "light.z"), "no device \"light.z\"");
  expect_bad(json("light.turn_on", "fan.f"), "light.turn_on is not for the device fan.f");
  expect_bad(json("light.turn_off", "light.k", "\"brightness\": 5"), "no parameter \"brightness\"");
  expect_bad(json("fan.set_percentage", "fan.f"), "needs percentage");
}

TEST_F(CheckCall, ValuesHaveTypesAndRanges) {
  for (const char* wrong : {"-1", "101", "1.5", "\"40\"", "true", "1e300"}) {
    expect_bad(json("light.turn_on", "light.k", std::string("\"brightness\": ") + wrong),
               "a whole number from 0 to 100");
    expect_bad(
        json("media_player.volume_set", "media_player.m", std::string("\"level\": ") + wrong),
        "a whole number from 0 to 100");
  }
  for (const char* wrong : {"-1", "101", "21.3", "\"21\""}) {
    expect_bad(
        json("climate.set_temperature", "climate.c", std::string("\"temperature\": ") + wrong),
        "a whole or half number from 0 to 100");
  }
  expect_bad(json("climate.set_temperature", "climate.f", "\"temperature\": 31"), "from 32 to 212");
  expect_bad(json("climate.set_hvac_mode", "climate.c", "\"hvac_mode\": \"dry\""),
             "one of heat, cool");
  expect_bad(json("light.turn_on", "light.k", "\"rgb_color\": \"Red\""), "one of red, green");
  expect_bad(json("light.turn_on", "light.k", "\"rgb_color\": 3"), "one of red, green");
  expect_bad(json("timer.start", "timer.t", "\"duration\": \"5 min\""), "a text like \"00:05:00\"");
}

TEST(CheckCallAlone, ServicesNeedTheirArgumentAlsoWhereAHouseListsNone) {
  const auto house = read_house(
      R"json({"services": ["fan.set_percentage()", "timer.start()", "climate.set_temperature()",
      "climate.set_hvac_mode()", "cover.set_position()", "media_player.volume_set()", "light.turn_on()"],
      "devices": [{"id": "fan.x", "name": "F", "state": "on;40%"}, {"id": "timer.x", "name": "T", "state": "idle"},
      {"id": "climate.x", "name": "C", "state": "off"}, {"id": "cover.x", "name": "B", "state": "open"},
      {"id": "media_player.x", "name": "M", "state": "off"}, {"id": "light.x", "name": "L", "state": "off"}]})json",
      "house");
  ASSERT_TRUE(house.ok()) << house.status().message();
  for (const Service& service : house->services) {
    const Status status =
        check_call(*house, call(json(service.name, std::string(domain_of(service.name)) + ".x")));
    EXPECT_EQ(status.ok(), service.name == "light.turn_on") << service.name;
  }
  EXPECT_NE(check_call(*house, call(json("fan.set_percentage", "fan.x")))
                .message()
                .find("needs percentage"),
            std::string::npos);
}

TEST_F(CheckCall, ArgumentsComeInTheServicesOrder) {
  const Call mixed =
      call(json("light.turn_on", "light.k", R"("rgb_color": "red", "brightness": 5)"));
  EXPECT_EQ(call_text(in_service_order(house_, mixed)),
            json("light.turn_on", "light.k", R"("brightness": 5, "rgb_color": "red")"));
}

}  // namespace
}  // namespace cria::house
