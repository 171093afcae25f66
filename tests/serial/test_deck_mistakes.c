/* Every kind of mistake in a deck with its message; decks cut short, corrupted or hostile. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "deck_keys.h"

static const struct {
  const char *text, *message; /* text after `base`, so lines count from 3; "!": the whole deck */
} mistakes[] = {
  {"temperatur: 300 K\n", "deck.yaml:3: unknown key 'temperatur'; did you mean 'temperature'?"},
  {"\n\ndelta:\n  shceme: gaussian\n", "deck.yaml:6: unknown key 'shceme' in 'delta'; did you mean 'scheme'?"},
  {"mesh: 4\n", "deck.yaml:3: unknown key 'mesh'; did you mean 'electrons.mesh'?"},
  {"delta: {qwertz: 1}\n", "deck.yaml:3: unknown key 'qwertz' in 'delta'; known here: scheme, width"},
  {"electrons.mesh: 4\n", "deck.yaml:3: unknown key 'electrons.mesh'; sections are nested, not written with dots"},
  {"temperature: 300\n", "deck.yaml:3: 'temperature' has no unit: '300' needs one, e.g. K"},
  {"temperature: [100 K, 200]\n", "deck.yaml:3: 'temperature' has no unit: '200' needs one, e.g. K"},
  {"temperature: 5 nm\n", "deck.yaml:3: '5 nm' is a length; 'temperature' needs e.g. K"},
  {"temperature: 25 meV\n", "deck.yaml:3: '25 meV' is an energy; 'temperature' needs e.g. K"},
  {"temperature: 300 kk\n", "deck.yaml:3: unknown unit 'kk' in 'temperature'; it needs e.g. K"},
  {"electrons: {mesh: 4, window: 0.3 ev}\n", "deck.yaml:3: unknown unit 'ev' in 'electrons.window'; did you mean 'eV'?"},
  {"temperature: -5 K\n", "deck.yaml:3: 'temperature' is out of range: '-5 K'; it must be positive, at most 10000 K"},
  {"temperature: 0 K\n", "deck.yaml:3: 'temperature' is out of range: '0 K'; it must be positive, at most 10000 K"},
  {"temperature: [100, 1e9] K\n", "deck.yaml:3: 'temperature' is out of range: '1e9'; it must be positive, at most 10000 K"},
  {"temperature: warm\n", "deck.yaml:3: 'temperature' must be a number, list or range first:last:step in K, not 'warm'"},
  {"temperature: nan K\n", "deck.yaml:3: 'temperature' is not a finite number: 'nan K'"},
  {"temperature: [1, inf] K\n", "deck.yaml:3: 'temperature' is not a finite number: 'inf'"},
  {"temperature: 1e999 K\n", "deck.yaml:3: 'temperature' is not a finite number: '1e999 K'"},
  {"temperature: 0x10 K\n", "deck.yaml:3: 'temperature' must be a number, list or range first:last:step in K, not '0x10 K'"},
  {"temperature: {a: 1}\n", "deck.yaml:3: 'temperature' must be a number, list or range first:last:step in K, not a section"},
  {"temperature:\n", "deck.yaml:3: 'temperature' must be a number, list or range first:last:step in K, not nothing"},
  {"temperature: [] K\n", "deck.yaml:3: 'temperature' takes at least 1 value, not 0"},
  {"temperature: 100:400 K\n", "deck.yaml:3: 'temperature': '100:400 K' is not a range; write first:last:step"},
  {"temperature: 100:400:-50 K\n", "deck.yaml:3: 'temperature': the range '100:400:-50 K' never arrives; write first:last:step"},
  {"temperature: 100:400:0 K\n", "deck.yaml:3: 'temperature': the range '100:400:0 K' never arrives; write first:last:step"},
  {"temperature: 1:1000:1e-9 K\n", "deck.yaml:3: 'temperature': the range '1:1000:1e-9 K' has more than 100000 values"},
  {"temperature: [100 K, 200] K\n", "deck.yaml:3: 'temperature': '100 K' has a unit, and so has its list (K)"},
  {"temperature: [[100], 200] K\n", "deck.yaml:3: 'temperature' must be a number, list or range first:last:step in K; an element is a list"},
  {"temperature: [100,, 200] K\n", "deck.yaml:3: an empty element in a list"},
  {"\ntemperature: 1 K\ntemperature: 2 K\n", "deck.yaml:5: duplicate key 'temperature', first given in line 4"},
  {"electrons: {mesh: 4, mesh: 5}\n", "deck.yaml:3: duplicate key 'mesh', first given in line 3"},
  {"electrons: {window: 1 eV}\n", "deck.yaml:3: missing key 'mesh' in 'electrons': k mesh"},
  {"electrons: {mesh: [4, 4]}\n", "deck.yaml:3: 'electrons.mesh' takes one or three integers, not 2"},
  {"electrons: {mesh: -4}\n", "deck.yaml:3: 'electrons.mesh' is out of range: '-4'; it must be 1 to 2000"},
  {"electrons: {mesh: 4.5}\n", "deck.yaml:3: 'electrons.mesh' must be an integer n or three [n1, n2, n3], not '4.5'"},
  {"electrons: {mesh: 99999999999999999999}\n", "deck.yaml:3: 'electrons.mesh' is out of range: '99999999999999999999' does not fit an integer"},
  {"electrons: {mesh: 4, window: [1, 2, 3] eV}\n", "deck.yaml:3: 'electrons.window' takes 1 to 2 values, not 3"},
  {"electrons: 5\n", "deck.yaml:3: 'electrons' is a section, not a single value: '5'"},
  {"count: 5 nm\n", "deck.yaml:3: 'count' must be an integer, not '5 nm'"},
  {"factor: 5 eV\n", "deck.yaml:3: '5 eV' is an energy; 'factor' is a bare number"},
  {"restart: maybe\n", "deck.yaml:3: 'restart' must be true or false, not 'maybe'"},
  {"delta: {scheme: gausian}\n", "deck.yaml:3: 'delta.scheme' must be one of adaptive, gaussian, tetrahedron, not 'gausian'; did you mean 'gaussian'?"},
  {"solve: [rta, all]\n", "deck.yaml:3: 'solve' must be one or a list of rta, full, drag, not 'all'"},
  {"solve: [rta, rta]\n", "deck.yaml:3: 'solve' names 'rta' twice"},
  {"solve: [rta, full] K\n", "deck.yaml:3: 'solve': unexpected 'K' after the list"},
  {"solve: []\n", "deck.yaml:3: 'solve' takes at least 1 value, not 0"},
  {"magnetic_field: [0, 0] T\n", "deck.yaml:3: 'magnetic_field': a vector has three components, not 2"},
  {"magnetic_field: 1 T\n", "deck.yaml:3: 'magnetic_field' must be a vector [x, y, z] or a list of them in T, not '1 T'"},
  {"magnetic_field: [[0, 0, 1] T, [0, 0, 1]]\n", "deck.yaml:3: 'magnetic_field' has no unit: '0' needs one, e.g. T"},
  {"magnetic_field: [[0, 0, 1] T, [0, 0, 1] T] T\n", "deck.yaml:3: 'magnetic_field': a unit is given twice, 'T' and 'T'"},
  {"title: [a, b]\n", "deck.yaml:3: 'title' must be a text, not a list"},
  {"title:\n", "deck.yaml:3: 'title' must be a text, not nothing"},
  {"petsc: 5\n", "deck.yaml:3: 'petsc' is a section of free keys, not a single value"},
  {"petsc:\n  a:\n    b: 1\n", "deck.yaml:4: 'petsc.a' must be a single value, not a section"},
  {"title: &a b\n", "deck.yaml:3: YAML anchors and aliases (& and *) are not used in a deck; write the value out, or quote it"},
  {"title: *a\n", "deck.yaml:3: YAML anchors and aliases (& and *) are not used in a deck; write the value out, or quote it"},
  {"title: !x b\n", "deck.yaml:3: YAML tags (!) are not used in a deck; quote a value that begins with '!'"},
  {"title: \"a\\0b\"\n", "deck.yaml:3: a zero byte inside a string"},
  {"? [a]\n: b\n", "deck.yaml:3: a key must be a word"},
  {"---\na: 1\n", "deck.yaml:3: a second YAML document; a deck is one"},
  {"delta:\n\tscheme: gaussian\n", "deck.yaml:4: not valid YAML: a tab cannot indent; use spaces"},
  {"title: a\x01\n", "deck.yaml:3: control character 0x01: this is not a text file"},
  {"\n\ntitle: \xff\n", "deck.yaml:5: byte 0xff is not UTF-8 text"},
  {"!", "deck.yaml: the deck is empty"},
  {"!\n# only a comment\n", "deck.yaml: the deck is empty"},
  {"!- a\n- b\n", "deck.yaml:1: a deck is a section of keys (key: value), not a list"},
  {"!just words\n", "deck.yaml:1: a deck is a section of keys (key: value), not a single value"},
  {"!scattering: {}\n", "deck.yaml: missing key 'material': material file or model"},
  {"!material: a.h5\n\nscattering: {ionized_impurity: }\n", "deck.yaml:3: missing key 'density' in 'scattering.ionized_impurity': density"},
  {"!material: a.h5\nscattering: {ionized_impurity: {density: carrier}}\n", "deck.yaml:2: 'scattering.ionized_impurity.density' must be a number in cm^-3, or carriers, none, not 'carrier'"},
  {"!material: a.h5\nscattering: {ionized_impurity: {density: 3 carriers}}\n", "deck.yaml:2: unknown unit 'carriers' in 'scattering.ionized_impurity.density'; it needs e.g. cm^-3"},
  {"!material:\n  model: {}\nscattering: {}\n", "deck.yaml:2: missing key 'bands' in 'material.model': bands"},
  {"!material:\n  model:\n    bands: []\nscattering: {}\n", "deck.yaml:3: 'material.model.bands' has 0 entries; it needs at least 1"},
  {"!material:\n  model:\n    bands:\n      - {kind: power}\n      - {mass: 1 m_e}\nscattering: {}\n", "deck.yaml:5: missing key 'kind' in 'material.model.bands[1]': shape"},
  {"!material:\n  model:\n    bands:\n      - {kind: power}\n      - {kind: kane, mass: -1 m_e}\nscattering: {}\n",
   "deck.yaml:5: 'material.model.bands[1].mass' is out of range: '-1 m_e'; it must be positive"},
};

START_TEST(mistake)
{
  char text[4096];
  Deck deck;

  snprintf(text, sizeof text, "%s%s", mistakes[_i].text[0] == '!' ? "" : base, mistakes[_i].text + (mistakes[_i].text[0] == '!'));
  ErrorClear();
  ck_assert_msg(DeckCreateFromText("deck.yaml", text, 0, NULL, &deck) == UMK_ERR_INPUT, "accepted: %s", mistakes[_i].text);
  ck_assert_ptr_null(deck);
  ck_assert_str_eq(ErrorMessage(), mistakes[_i].message);
}
END_TEST

static const struct {
  const char *set, *message;
} bad_sets[] = {
  {"temperature", "--set temperature: write --set section.key=value"},
  {"=5", "--set =5: write --set section.key=value"},
  {"temperature=", "--set temperature=: a value is missing after '='"},
  {"temperatur=5 K", "--set temperatur=5 K: unknown key 'temperatur'; did you mean 'temperature'?"},
  {"electrons.mehs=5", "--set electrons.mehs=5: unknown key 'mehs' in 'electrons'; did you mean 'mesh'?"},
  {"temperature=5 nm", "--set temperature=5 nm: '5 nm' is a length; 'temperature' needs e.g. K"},
  {"temperature.x=5", "--set temperature.x=5: 'temperature' is a single value in the deck and has no member 'x'"},
  {"material.model.bands[7].mass=1 m_e", "--set material.model.bands[7].mass=1 m_e: 'bands' has 2 entries in the deck; there is no [7]"},
  {"material.model.bands.mass=1 m_e", "--set material.model.bands.mass=1 m_e: 'bands' is a list of 2: say which, bands[0] ..."},
  {"material.model.bands[x].mass=1 m_e", "--set material.model.bands[x].mass=1 m_e: a list index is written [0], [1], ..."},
  {"a..b=1", "--set a..b=1: write --set section.key=value"},
  {"temperature=[1, 2", "--set temperature=[1, 2: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence"},
};

START_TEST(bad_set)
{
  const char *const sets[] = {bad_sets[_i].set};
  Deck              deck;

  ck_assert_int_eq(DeckCreateFromText("deck.yaml", "temperature: 4 K\nmaterial: {model: {bands: [{kind: kane}, {kind: kane}]}}\nscattering: {}\n", 1, sets, &deck), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), bad_sets[_i].message);
}
END_TEST

static const char damaged[] =
  "title: \"quoted \\\"text\\\" \xc3\xa9\"\nmaterial:\n  model:\n    bands:\n      - {kind: ellipsoid, mass: [0.98, 0.19] m_e}\n      - kind: kane\n        mass: 1 m_e\n        parts: [{weight: 2}, {}]\n"
  "temperature: [100, 200:300:50,\n  400] K # [c] K\ncarriers: {electrons: [1e16, 1e17] cm^-3}\nscattering: {boundary: 1 mm, isotope: natural}\nmagnetic_field: [[0, 0, 0], [0, 0, 0.1]] T\n"
  "solve: [rta, full]\npetsc: {ksp_rtol: 1e-10}\noutput: |\n  a.h5\n";

static void read_damaged(const char *text)
{
  Deck           deck;
  PetscErrorCode code;

  ErrorClear();
  code = DeckCreateFromText("deck.yaml", text, 0, NULL, &deck);
  ck_assert_msg(code == 0 || (code == UMK_ERR_INPUT && *ErrorMessage()), "error %d on:\n%s", (int)code, text);
  if (!code) free(print(deck));
  ck_assert_int_eq(DeckDestroy(&deck), 0);
}

/* Cut anywhere, or with any one byte wrong, a deck is read or refused, with a message. */
START_TEST(damage)
{
  static const char nasty[] = "[]{}:,#'\"|>-?&*!%@`\\ \t\n\r~=.0eKx\x01\x7f\xff\xc3\xee";
  char              text[sizeof damaged + 1];
  uint64_t          random = 88172645463325252ULL;

  for (size_t n = 0; n < sizeof damaged; n++) {
    memcpy(text, damaged, n);
    text[n] = '\0';
    read_damaged(text);
  }
  for (int i = 0; i < 20000; i++) {
    size_t at;
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    memcpy(text, damaged, sizeof damaged);
    at = random % (sizeof damaged - 1);
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    if (random & 64) text[at] = nasty[(random >> 8) % (sizeof nasty - 1)];
    else if (random & 128) text[at] = (char)(1 + (random >> 8) % 255);
    else memmove(text + at, text + at + 1, sizeof damaged - at - 1);
    read_damaged(text);
  }
}
END_TEST

/* Inputs made to exhaust memory, time or stack. */
START_TEST(hostile)
{
  const size_t n    = 60000;
  char        *text = malloc(n + 64);
  const char   fill[] = "[{-'\"";

  for (size_t c = 0; c + 1 < sizeof fill; c++) {
    strcpy(text, "temperature: ");
    memset(text + strlen(text), fill[c], n);
    text[n + 13] = '\0';
    read_damaged(text);
  }
  strcpy(text, "temperature: [");
  for (size_t i = 14; i + 2 < n; i += 2) memcpy(text + i, "1,", 2);
  strcpy(text + n - 2, "1] K");
  read_damaged(text);
  free(text);
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("deck mistakes");
  TCase *t = tcase_create("deck mistakes");

  if (DeckRegisterKeys(keys)) abort();
  tcase_add_loop_test(t, mistake, 0, sizeof mistakes / sizeof mistakes[0]);
  tcase_add_loop_test(t, bad_set, 0, sizeof bad_sets / sizeof bad_sets[0]);
  tcase_add_test(t, damage);
  tcase_add_test(t, hostile);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)
