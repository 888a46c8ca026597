#include "house/state.h"

#include <gtest/gtest.h>

namespace cria::house {
namespace {

TEST(State, EveryFormOfTheTaskReadsBackAsItself) {
  const std::pair<const char*, const char*> forms[] = {
      {"light", "off"},
      {"light", "on"},
      {"light", "on;80%"},
      {"light", "on;80%;red"},
      {"light", "on;1%;warm white"},
      {"switch", "on"},
      {"fan", "on;60%"},
      {"climate", "off"},
      {"climate", "heat;21C"},
      {"climate", "auto;21.5C"},
      {"climate", "cool;70F"},
      {"cover", "open"},
      {"cover", "open;40%"},
      {"cover", "closed"},
      {"lock", "unlocked"},
      {"media_player", "idle"},
      {"media_player", "playing;30%"},
      {"timer", "active;00:05:00"},
      {"timer", "idle"},
      {"vacuum", "returning"},
      {"sensor", "21.5C"},
      {"sensor", "12km/h"},
      {"binary_sensor", "wet"},
  };
  for (const auto& [domain, text] : forms) {
    EXPECT_EQ(state_text(domain, parse_state(domain, text)), text) << domain;
  }
}

TEST(State, PartsAreFound) {
  const State light = parse_state("light", "on;80%;red");
  EXPECT_EQ(light.mode, "on");
  EXPECT_EQ(light.percent, 80);
  EXPECT_EQ(light.colour, "red");
  const State climate = parse_state("climate", "heat;21.5F");
  EXPECT_EQ(climate.last_on, "heat");
  EXPECT_EQ(climate.target, 21.5);
  EXPECT_EQ(climate.unit, 'F');
  EXPECT_EQ(parse_state("timer", "active;00:05:00").remaining, "00:05:00");
}

TEST(State, WhatIsNotUnderstoodIsKeptWhole) {
  for (const char* text : {"on;red", "on;80%;red;blue", "on;-5%", "on;5 %", "on;", ";",
                           "unavailable", "heat;21K", "active;5:00"}) {
    for (const char* domain : {"light", "climate", "timer", "lock"}) {
      const State state = parse_state(domain, text);
      EXPECT_EQ(state_text(domain, state), text) << domain;
    }
  }
}

TEST(State, Durations) {
  for (const char* good : {"00:00:00", "99:59:59", "00:05:00"}) EXPECT_TRUE(is_duration(good));
  for (const char* bad :
       {"", "00:60:00", "00:00:60", "0:05:00", "00:05:0a", "00-05-00", "00:05:000"}) {
    EXPECT_FALSE(is_duration(bad)) << bad;
  }
}

TEST(State, NumbersAreShort) {
  EXPECT_EQ(number_text(21), "21");
  EXPECT_EQ(number_text(21.5), "21.5");
  EXPECT_EQ(number_text(-0.0), "0");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1e300), "1e+300");
}

}  // namespace
}  // namespace cria::house
