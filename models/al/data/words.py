"""Word lists: what devices are called, split by name so that no test name is ever trained on.

Of every list a fixed share is held out: VALID words and TEST words are never used in a training
house, not even inside a longer name. Words that say a device's kind ("light", "fan") are common to
all splits, because a name without any known word would say nothing about its kind.
"""

import zlib

ROOMS = """kitchen;bedroom;living room;bathroom;office;hallway;garage;garden;dining room;attic;
basement;nursery;study;porch;patio;pantry;laundry room;guest room;playroom;library;workshop;shed;
balcony;cellar;entrance;loft;den;lounge;conservatory;terrace;closet;utility room;staircase;landing;
corridor;driveway;backyard;front yard;master bedroom;kids room;game room;gym;sauna;studio;lobby;
veranda;greenhouse;barn;stable;mudroom;sunroom;foyer;scullery;wardrobe;cloakroom;music room;
home cinema;man cave;craft room;sewing room;wine cellar;boot room;box room;snug;parlour;annex;
summer house;pool house;boathouse;carport;courtyard;deck;galley;cabin;dormitory;reception;
meeting room;server room;storeroom;archive;kitchenette;breakfast nook;bar;alcove;vestibule;
shower;toilet;washroom;spare room;twins room;family room;great room;back room;front room;
upstairs;downstairs;hall;drawing room;reading corner;fireplace;dressing room;hobby room;
second floor;ground floor;top floor;side yard;orchard;vineyard;hay loft;milking parlour;
darkroom;gallery;chapel;pottery;bakery;shop;counter;kennel;aviary;henhouse;toolshed;walkway"""

ADJECTIVES = """small;big;tall;old;new;left;right;front;back;upper;lower;main;spare;red;blue;green;
white;black;golden;silver;round;square;long;short;corner;ceiling;floor;wall;table;desk;bedside;
reading;night;standing;hanging;outdoor;indoor;rear;side;center;north;south;east;west;top;bottom;
inner;outer;wooden;glass;copper;brass;bamboo;paper;crystal;marble;velvet;cozy;quiet;loud;tiny;
giant;fancy;cheap;lucky;wobbly;crooked;rusty;shiny;antique;modern;vintage;first;second;third;
mirror;shelf;window;door;sofa;couch;bed;stove;sink;counter;piano;aquarium;cabinet;bookshelf;
cupboard;stairs;gate;fence;tree;pond;pool;path;roof;chimney;island;vanity;crib;bunk;hammock;
bench;worktop;mantel;easel;globe;statue;plant;flower;party;movie;dinner;work;sleep;winter;summer;
holiday;guest;baby;kids;dog;cat;bird;spider;fox;bear;owl;rabbit;moon;star;sun;cloud;rain;storm;
river;forest;mountain;ocean;desert;orchid;lotus;cherry;lemon;mango;pumpkin;pepper;cinnamon;
arched;curved;striped;spotted;plain;dusty;cracked;painted;woven;frosted;smoky;pearl;ivory;jade;
amber;coral;scarlet;emerald;tiffany;industrial;rustic;nautical;tropical;alpine;arctic;lunar;solar"""

PEOPLE = """anna;ben;carla;david;emma;frank;grace;henry;ivy;jack;kate;leo;mia;noah;olivia;paul;quinn;
rosa;sam;tina;uma;victor;wendy;xavier;yara;zoe;grandma;grandpa;mum;dad;auntie;uncle;lukas;nina;
oscar;petra;ravi;sofia;theo;ursula;vera;walter;alice;bruno;chloe;dylan;elena;felix;gina;hugo;
ines;jonas;klara;liam;marta;nils;otto;pia;ralf;sara;tom;ulrich;vito;willa;yusuf;zelda;amir;bea;
cedric;dora;ewan;fatima;george;hannah;igor;julia;kofi;lena;mateo;nora;omar;priya;rita;stefan;
odin;thor;freya;loki;apollo;athena;zeus;hera;ares;hermes;pluto;venus;mars;jupiter;saturn;nova;
luna;stella;rocky;bessie;bella;rex;max;daisy;biscuit;pickles;gizmo;ziggy;marvin;hal;jarvis;igloo"""

# kind -> nouns that make a name. The first few are the kind's plain words.
NOUNS = {
    "light": """light;lamp;lights;bulb;lantern;spotlight;chandelier;sconce;led strip;downlight;
        nightlight;light bar;strip;glow;string lights;uplighter;pendant;floodlight;candles;fairy lights;
        neon sign;torch;beacon;spots;luminaire""",
    "switch": """switch;plug;outlet;socket;heater;coffee maker;kettle;pump;fountain;charger;radiator;
        toaster;printer;dehumidifier;humidifier;boiler;oven;christmas tree;sprinkler;freezer;router;
        iron;dryer;dishwasher;washing machine;waffle iron;monitor;amplifier;compressor;water heater;
        rice cooker;grill;sewing machine;blanket;bread maker;mixer""",
    "fan": "fan;ceiling fan;ventilator;extractor;air purifier;blower;exhaust fan;hood;vent;tower fan",
    "climate": """thermostat;heating;air conditioner;ac;climate;radiator valve;floor heating;heat pump;
        climate control;underfloor heating""",
    "cover": """blinds;curtain;shutter;garage door;blind;curtains;shade;gate;awning;skylight;shutters;
        drapes;roller shutter;roller blind;window;hatch;shades;sunshade;canopy""",
    "lock": "lock;door;front door;back door;door lock;gate lock;deadbolt;side door;safe;padlock;latch",
    "media_player": """tv;speaker;radio;stereo;television;soundbar;music;speakers;projector;record player;
        hifi;boombox;jukebox;media player;sound system""",
    "timer": "timer;alarm;egg timer;countdown;tea timer;pasta timer;stopwatch;nap timer;laundry timer",
    "vacuum": "vacuum;robot;vacuum cleaner;hoover;cleaner;robot vacuum;mop;sweeper",
    "sensor": """temperature;humidity;thermometer;air quality;power;wind;co2;pressure;power meter;
        hygrometer;barometer""",
    "binary_sensor": """window;door;motion;leak;smoke detector;motion sensor;window sensor;door sensor;
        water sensor;mailbox;contact""",
}

COLORS = ["red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "warm white", "cyan",
          "turquoise", "magenta", "lime", "gold", "violet"]

BRANDS = """shelly;hue;tasmota;sonoff;zigbee;node;esp;tuya;ikea;aqara;wled;kasa;lifx;nanoleaf;tz3000;
meross;zwave;mqtt;device;unit;channel;relay;out;ch;dev;iot;smart;plug;wiz;yeelight;bulb;lamp;module"""

# Words of everyday text: they give invented names the look of English.
SYLLABLE_SOURCE = """marlow;bexley;corvin;tandem;velora;quillon;brisket;nimbus;fenwick;galante;harbor;
juniper;kestrel;lorimer;mistral;nettle;oakley;pembroke;rowan;sorrel;thistle;umber;vesper;willow;
yarrow;zephyr;alcott;bramble;cadence;dapple;elgin;ferris;garland;hickory;indigo;jasper;kindle;
larkin;maddox;nestor;orion;parsley;quartz;ripley;sable;talbot;ulster;verdant;winslow;yonder;
zinnia;arbor;bonnet;crispin;dorset;ember;flannel;gossamer;hazel;ingot;jovial;kelvin;lattice;
meadow;noodle;opal;pebble;quiver;raven;saffron;tumble;urchin;velvet;wander;yodel;zigzag;acorn;
basil;cobalt;dune;echo;fable;glimmer;heron;isle;jolly;knoll;lagoon;maple;nectar;otter;pixel;
quasar;ridge;sundial;trellis;utopia;vortex;walnut;xenon;yucca;zodiac;prairie;rustle;simmer;
whisper;blossom;cricket;dragon;falcon;goblin;hollow;jigsaw;kitten;lobster;muffin;nugget;pirate;
rocket;spindle;tinker;voyage;wizard;buttercup;clementine;dandelion;foxglove;honeycomb;lighthouse"""


# With which English words end, and names may.
ENDINGS = """ing;ings;ed;er;ers;est;ly;ion;ine;on;off;in;it;is;are;at;all;and;the;able;ably;ound;ought;
ight;oom;ock;ose;ase;ature;ute;ent;ice;ome;own;ause;ip;ack;us;ess;ful"""


def parse(text):
    """The words of a list above."""
    return [w.strip() for w in text.replace("\n", " ").split(";") if w.strip()]


def split_of(word):
    """"train", "valid" or "test": fixed for each word, by its spelling."""
    share = zlib.crc32(("al/" + word).encode()) % 100
    return "train" if share < 76 else "valid" if share < 82 else "test"


def words_of(text, split):
    """The words of the list that belong to the split."""
    return [w for w in parse(text) if split_of(w) == split]


def nouns_of(kind, split):
    """Kind words are common to all splits for the first three, the rest is split."""
    all_nouns = parse(NOUNS[kind])
    if split == "train":
        return all_nouns[:3] + [n for n in all_nouns[3:] if split_of(n) == "train"]
    return all_nouns[:3] + [n for n in all_nouns[3:] if split_of(n) == split]
