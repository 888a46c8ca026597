#include "house/apply.h"

#include <array>

namespace cria::house {
namespace {

// What a device gets that never showed its volume, or its temperature.
constexpr int kFirstVolume = 30;
constexpr double kFirstCelsius = 20;
constexpr double kFirstFahrenheit = 68;

std::optional<int> percent_of(const Call& call, std::string_view name) {
  const Argument* argument = call.find(name);
  const auto* number = argument == nullptr ? nullptr : std::get_if<double>(&argument->value);
  return number == nullptr ? std::nullopt : std::optional(static_cast<int>(*number));
}

std::string text_of(const Call& call, std::string_view name) {
  const Argument* argument = call.find(name);
  const auto* text = argument == nullptr ? nullptr : std::get_if<std::string>(&argument->value);
  return text == nullptr ? std::string() : *text;
}

void turn_on(State& state, const Call&) { state.mode = "on"; }
void turn_off(State& state, const Call&) { state.mode = "off"; }
void toggle(State& state, const Call&) { state.mode = state.mode == "off" ? "on" : "off"; }

// Brightness and speed. 0 is off, and what is remembered for the next time stays.
void set_share(State& state, int percent) {
  state.mode = percent > 0 ? "on" : "off";
  if (percent > 0) state.percent = percent;
}

void light_turn_on(State& state, const Call& call) {
  const auto brightness = percent_of(call, "brightness");
  const std::string colour = text_of(call, "rgb_color");
  state.mode = "on";
  if (brightness) set_share(state, *brightness);
  if (colour.empty()) return;
  state.colour = colour;
  if (!state.percent) state.percent = 100;  // a row shows a colour after a brightness
}

void fan_set_percentage(State& state, const Call& call) {
  set_share(state, percent_of(call, "percentage").value_or(0));
}

bool is_climate_mode(std::string_view mode) {
  return mode == "heat" || mode == "cool" || mode == "auto";
}

// A climate device that is on, in its last mode, at a temperature.
void climate_turn_on(State& state, const Call& call) {
  if (!is_climate_mode(state.mode)) {
    state.mode = is_climate_mode(state.last_on) ? state.last_on : "heat";
  }
  const Argument* wanted = call.find("temperature");
  if (wanted != nullptr) state.target = std::get<double>(wanted->value);
  if (!state.target) state.target = state.unit == 'F' ? kFirstFahrenheit : kFirstCelsius;
}

void climate_set_mode(State& state, const Call& call) {
  const std::string mode = text_of(call, "hvac_mode");
  if (mode == "off") return turn_off(state, call);
  state.mode = mode;
  climate_turn_on(state, call);
}

void set_position(State& state, std::optional<int> percent) {
  state.mode = percent == 0 ? "closed" : "open";
  state.percent = percent == 0 || percent == 100 ? std::nullopt : percent;
}

void cover_open(State& state, const Call&) { set_position(state, 100); }
void cover_close(State& state, const Call&) { set_position(state, 0); }
void cover_set_position(State& state, const Call& call) {
  set_position(state, percent_of(call, "position"));
}

void lock_lock(State& state, const Call&) { state.mode = "locked"; }
void lock_unlock(State& state, const Call&) { state.mode = "unlocked"; }

void player_mode(State& state, const char* mode) {
  state.mode = mode;
  if (!state.percent) state.percent = kFirstVolume;
}

void player_turn_on(State& state, const Call&) {
  if (state.mode == "off") player_mode(state, "on");
}
void player_play(State& state, const Call&) { player_mode(state, "playing"); }
void player_pause(State& state, const Call&) {
  if (state.mode == "playing" || state.mode == "on") player_mode(state, "paused");
}
void player_volume(State& state, const Call& call) {
  state.percent = percent_of(call, "level");
  if (state.mode == "off" || state.mode == "idle") state.mode = "on";
}

void timer_start(State& state, const Call& call) {
  state.mode = "active";
  state.remaining = text_of(call, "duration");
}
void timer_cancel(State& state, const Call&) {
  state.mode = "idle";
  state.remaining.clear();
}
void timer_pause(State& state, const Call&) {
  if (state.mode == "active") state.mode = "paused";
}

void vacuum_start(State& state, const Call&) { state.mode = "cleaning"; }
void vacuum_pause(State& state, const Call&) {
  if (state.mode != "docked") state.mode = "paused";
}
void vacuum_return(State& state, const Call&) {
  if (state.mode != "docked") state.mode = "returning";
}

struct Rule {
  std::string_view service;
  void (*apply)(State& state, const Call& call);
};

// Without a row: cover.stop, because nothing is ever on its way, and the tracks of a player, which
// no row shows.
constexpr std::array kRules = {
    Rule{"light.turn_on", light_turn_on},
    Rule{"light.turn_off", turn_off},
    Rule{"light.toggle", toggle},
    Rule{"switch.turn_on", turn_on},
    Rule{"switch.turn_off", turn_off},
    Rule{"switch.toggle", toggle},
    Rule{"fan.turn_on", turn_on},
    Rule{"fan.turn_off", turn_off},
    Rule{"fan.set_percentage", fan_set_percentage},
    Rule{"climate.turn_on", climate_turn_on},
    Rule{"climate.turn_off", turn_off},
    Rule{"climate.set_temperature", climate_turn_on},
    Rule{"climate.set_hvac_mode", climate_set_mode},
    Rule{"cover.open", cover_open},
    Rule{"cover.close", cover_close},
    Rule{"cover.set_position", cover_set_position},
    Rule{"lock.lock", lock_lock},
    Rule{"lock.unlock", lock_unlock},
    Rule{"media_player.turn_on", player_turn_on},
    Rule{"media_player.turn_off", turn_off},
    Rule{"media_player.play", player_play},
    Rule{"media_player.pause", player_pause},
    Rule{"media_player.volume_set", player_volume},
    Rule{"timer.start", timer_start},
    Rule{"timer.cancel", timer_cancel},
    Rule{"timer.pause", timer_pause},
    Rule{"vacuum.start", vacuum_start},
    Rule{"vacuum.pause", vacuum_pause},
    Rule{"vacuum.return_to_base", vacuum_return},
};

}  // namespace

Change apply_call(House& house, const Call& call) {
  Device& device = *find_device(house, call.target);
  Change change{device.name, device.state, device.state};
  for (const Rule& rule : kRules) {
    if (rule.service != call.service) continue;
    State state = device.remembered;
    rule.apply(state, call);
    if (state.mode != "off") state.last_on = state.mode;
    if (state == device.remembered) break;
    device.remembered = std::move(state);
    device.state = state_text(domain_of(device.id), device.remembered);
    change.after = device.state;
  }
  return change;
}

std::string change_text(const Change& change) {
  if (change.before == change.after) return change.device + ": " + change.after + ", as before";
  return change.device + ": " + change.before + " -> " + change.after;
}

}  // namespace cria::house
