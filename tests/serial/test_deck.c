/* The deck: the example of the interface, every kind of value, every kind of mistake with its message, round trips, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "umklapp/deck.h"

static const DeckKey keys[] = {
  {"material", DECK_SECTION, .required = true, .primary = "file", .help = "material file or model"},
  {"material.file", DECK_STRING, .help = "native file"},
  {"material.model", DECK_SECTION, .help = "model"},
  {"material.model.bands", DECK_SECTION_LIST, .required = true, .min_count = 1, .help = "bands"},
  {"material.model.bands[].kind", DECK_CHOICE, .choices = "power|ellipsoid|kane|cosine", .required = true, .help = "shape"},
  {"material.model.bands[].mass", DECK_REAL_LIST, .unit = "m_e", .positive = true, .max_count = 3, .help = "masses"},
  {"material.model.bands[].nonparabolicity", DECK_REAL, .unit = "1/eV", .help = "alpha"},
  {"material.model.bands[].edge", DECK_REAL, .unit = "eV", .fallback = "0 eV", .help = "edge"},
  {"material.model.bands[].parts", DECK_SECTION_LIST, .help = "nested"},
  {"material.model.bands[].parts[].weight", DECK_REAL, .fallback = "1", .help = "weight"},
  {"temperature", DECK_REAL_LIST, .unit = "K", .fallback = "300 K", .positive = true, .max = 1e4, .min_count = 1, .help = "temperatures"},
  {"carriers.electrons", DECK_REAL_LIST, .unit = "cm^-3", .help = "electrons"},
  {"carriers.chemical_potential", DECK_REAL_LIST, .unit = "eV", .help = "chemical potential"},
  {"electrons.mesh", DECK_INT3, .required = true, .min = 1, .max = 2000, .help = "k mesh"},
  {"electrons.window", DECK_REAL_LIST, .unit = "eV", .fallback = "0.35 eV", .min_count = 1, .max_count = 2, .help = "window"},
  {"phonons", DECK_SECTION, .primary = "mesh", .help = "phonons"},
  {"phonons.mesh", DECK_INT3, .fallback = "[20, 20, 20]", .min = 1, .max = 2000, .help = "q mesh"},
  {"phonons.minimum", DECK_REAL, .unit = "meV", .fallback = "0.15 THz", .min = 0, .max = 100, .help = "smallest"},
  {"delta.scheme", DECK_CHOICE, .choices = "adaptive|gaussian|tetrahedron", .fallback = "adaptive", .help = "scheme"},
  {"delta.width", DECK_REAL, .unit = "meV", .positive = true, .help = "width"},
  {"scattering", DECK_SECTION, .required = true, .help = "channels"},
  {"scattering.electron_phonon", DECK_SECTION, .help = "first principles"},
  {"scattering.three_phonon", DECK_SECTION, .help = "three phonons"},
  {"scattering.isotope", DECK_SECTION, .primary = "kind", .help = "isotopes"},
  {"scattering.isotope.kind", DECK_CHOICE, .choices = "natural|none", .required = true, .help = "which"},
  {"scattering.boundary", DECK_SECTION, .primary = "length", .help = "walls"},
  {"scattering.boundary.length", DECK_REAL, .unit = "mm", .required = true, .positive = true, .help = "distance"},
  {"scattering.boundary.specularity", DECK_REAL, .fallback = "0", .min = 0, .max = 1, .help = "specular part"},
  {"scattering.ionized_impurity", DECK_SECTION, .help = "impurities"},
  {"scattering.ionized_impurity.density", DECK_REAL, .unit = "cm^-3", .required = true, .min = 0, .max = 1e24, .help = "density"},
  {"scattering.ionized_impurity.charge", DECK_INT, .fallback = "1", .min = -10, .max = 10, .help = "charge"},
  {"scattering.ionized_impurity.screening", DECK_CHOICE, .choices = "debye|thomas_fermi|none", .fallback = "debye", .help = "screening"},
  {"magnetic_field", DECK_VECTOR_LIST, .unit = "T", .fallback = "[0, 0, 0] T", .help = "fields"},
  {"frequency", DECK_REAL_LIST, .unit = "eV", .fallback = "0 THz", .help = "frequencies"},
  {"direction", DECK_VECTOR, .unit = "nm", .help = "a direction"},
  {"solve", DECK_CHOICE_LIST, .choices = "rta|full|drag", .fallback = "[rta, full]", .help = "levels"},
  {"restart", DECK_BOOL, .fallback = "false", .help = "go on"},
  {"count", DECK_INT, .help = "an integer"},
  {"factor", DECK_REAL, .fallback = "1.5", .help = "a bare number"},
  {NULL}};

static const char example[] =
  "title: electron mobility of silicon\n"
  "material: inputs/data/silicon.h5         # native file; or {import: epw, path: DIR}; or {model: {...}}\n"
  "temperature: [100, 200, 300] K           # scalar, list or first:last:step\n"
  "carriers: {electrons: 1e16 cm^-3}        # or holes, or net doping (donors - acceptors), or chemical_potential: 6.55 eV; lists allowed\n"
  "electrons: {mesh: [40, 40, 40], window: 0.35 eV}\n"
  "phonons: {mesh: [20, 20, 20]}\n"
  "delta: {scheme: adaptive}                # adaptive | gaussian (width: 10 meV, exp(-x^2/width^2)/(sqrt(pi) width)) | tetrahedron\n"
  "scattering:\n"
  "  electron_phonon: {}\n"
  "  three_phonon: {}\n"
  "  isotope: natural\n"
  "  boundary: 1 mm\n"
  "  ionized_impurity: {density: 1e16 cm^-3, charge: 1, screening: debye}\n"
  "magnetic_field: [[0, 0, 0], [0, 0, 0.1]] T\n"
  "frequency: 0 THz\n"
  "solve: [rta, full, drag]\n"
  "petsc: {ksp_rtol: 1e-10}\n"
  "output: silicon-mobility.h5\n";

/* A deck that has what is required; `more` is appended. */
static const char base[] = "material: a.h5\nscattering: {}\n";

static Deck read_with(const char *text, int nsets, const char *const *sets)
{
  Deck           deck;
  PetscErrorCode code;

  ErrorClear();
  code = DeckCreateFromText("deck.yaml", text, nsets, sets, &deck);
  ck_assert_msg(!code, "%s", ErrorMessage());
  return deck;
}

static Deck read_more(const char *more)
{
  char text[4096];

  snprintf(text, sizeof text, "%s%s", base, more);
  return read_with(text, 0, NULL);
}

static void check_list(Deck deck, const char *path, int n, const double *expected, double unit)
{
  PetscReal *values;
  PetscInt   count;

  ck_call(DeckGetRealList(deck, path, &count, &values));
  ck_assert_int_eq(count, n);
  for (int i = 0; i < n; i++) ck_near(values[i], expected[i] * unit, 1e-14, expected[i] * unit);
  ck_call(PetscFree(values));
}

START_TEST(interface_example)
{
  Deck        deck = read_with(example, 0, NULL), section, scattering;
  PetscInt    mesh[3], count, *levels, choice;
  PetscReal   value;
  PetscReal(*field)[3];
  const char *text;
  bool        set, has;

  check_list(deck, "temperature", 3, (double[]){100, 200, 300}, UMK_KELVIN);
  ck_call(DeckGetSection(deck, "carriers", &section));
  check_list(section, "electrons", 1, (double[]){1e16}, 1 / UMK_CM3);
  check_list(section, "chemical_potential", 0, NULL, 1);
  ck_call(DeckGetSection(deck, "electrons", &section));
  ck_call(DeckGetInt3(section, "mesh", mesh, NULL));
  ck_assert(mesh[0] == 40 && mesh[1] == 40 && mesh[2] == 40);
  check_list(section, "window", 1, (double[]){0.35}, UMK_EV);
  ck_call(DeckGetString(deck, "material.file", &text, &set));
  ck_assert_str_eq(text, "inputs/data/silicon.h5");
  ck_call(DeckGetSection(deck, "scattering", &scattering));
  ck_call(DeckHas(scattering, "electron_phonon", &has));
  ck_assert(has);
  ck_call(DeckGetReal(scattering, "boundary.length", &value, &set));
  ck_near(value, 1e-3 / UMK_BOHR_M, 1e-14, value);
  ck_call(DeckGetSection(scattering, "ionized_impurity", &section));
  ck_call(DeckGetChoice(section, "screening", &choice));
  ck_assert_int_eq(choice, 0);
  ck_call(DeckGetInt(section, "charge", &choice, &set));
  ck_assert(set && choice == 1);
  ck_call(DeckGetVectorList(deck, "magnetic_field", &count, &field));
  ck_assert_int_eq(count, 2);
  ck_near(field[1][2], 0.1 / 2.35051756758e5, 1e-9, field[1][2]);
  ck_assert(field[0][2] == 0 && field[1][0] == 0);
  ck_call(PetscFree(field));
  ck_call(DeckGetChoiceList(deck, "solve", &count, &levels));
  ck_assert(count == 3 && levels[0] == 0 && levels[1] == 1 && levels[2] == 2);
  ck_call(PetscFree(levels));
  ck_call(DeckGetText(section, &text));
  ck_assert_str_eq(text, example);
  ck_call(DeckDestroy(&deck));
  ck_assert_ptr_null(deck);
}
END_TEST

START_TEST(lists_and_units)
{
  static const struct {
    const char *text;
    int         n;
    double      kelvin[8];
  } cases[] = {
    {"temperature: 300 K\n", 1, {300}},
    {"temperature: 300K\n", 1, {300}},
    {"temperature: 100:400:50 K\n", 7, {100, 150, 200, 250, 300, 350, 400}},
    {"temperature: 0.1:0.4:0.1 K\n", 4, {0.1, 0.2, 0.3, 0.4}},
    {"temperature: 400:100:-100 K\n", 4, {400, 300, 200, 100}},
    {"temperature: [100 K, 2e2 K, +300 K]\n", 3, {100, 200, 300}},
    {"temperature: [100, 200:300:50, 1000] K # [comment] K\n", 5, {100, 200, 250, 300, 1000}},
    {"temperature: [100,\n   200,  # it's [cold] here\n   300] K\n", 3, {100, 200, 300}},
    {"temperature:\n  [100, 200,] K\n", 2, {100, 200}},
    {"temperature:\n  - 100 K\n  - 200 mK\n", 2, {100, 0.2}},
    {"temperature: '300 K'\n", 1, {300}},
    {"title: \"[a] K # b\"\ntemperature: [5] K\n", 1, {5}},
    {"title: |\n  a text with\n  - [lists] K\n\n  in it: [1] K\ntemperature: [7] K\n", 1, {7}},
    {"", 1, {300}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Deck deck;
    deck = read_more(cases[i].text);
    check_list(deck, "temperature", cases[i].n, cases[i].kelvin, UMK_KELVIN);
    ck_call(DeckDestroy(&deck));
  }
}
END_TEST

START_TEST(more_values)
{
  Deck      deck = read_more("carriers: {electrons: [1e16, 1e17] cm^-3, chemical_potential: [6.3 eV, 6.9 eV]}\n"
                             "electrons: {mesh: 12, window: [-0.3, 0.3] eV}\nfactor: 5 %\ndirection: [1, 2 ,3] angstrom\nrestart: yes\ncount: -7\n"
                             "frequency: [1 THz, 10 cm^-1, 2 meV]\ntitle: \"it's # [fine] K\"\n");
  PetscReal value, vector[3];
  PetscInt  mesh[3], count;
  const char *text;
  bool      flag, set;

  check_list(deck, "carriers.electrons", 2, (double[]){1e16, 1e17}, 1 / UMK_CM3);
  check_list(deck, "carriers.chemical_potential", 2, (double[]){6.3, 6.9}, UMK_EV);
  check_list(deck, "electrons.window", 2, (double[]){-0.3, 0.3}, UMK_EV);
  check_list(deck, "frequency", 3, (double[]){2 * UMK_PI * 1e12 * UMK_TIME_S / UMK_EV, 2 * UMK_PI * UMK_LIGHT * 1e3 * UMK_BOHR_M / UMK_EV, 2e-3}, UMK_EV);
  ck_call(DeckGetInt3(deck, "electrons.mesh", mesh, &set));
  ck_assert(set && mesh[0] == 12 && mesh[1] == 12 && mesh[2] == 12);
  ck_call(DeckGetReal(deck, "factor", &value, NULL));
  ck_near(value, 0.05, 1e-15, 1);
  ck_call(DeckGetVector(deck, "direction", vector, &set));
  ck_near(vector[2], 3 / UMK_BOHR_ANGSTROM, 1e-14, 3);
  ck_call(DeckGetBool(deck, "restart", &flag));
  ck_assert(flag);
  ck_call(DeckGetInt(deck, "count", &count, NULL));
  ck_assert_int_eq(count, -7);
  ck_call(DeckGetString(deck, "title", &text, NULL));
  ck_assert_str_eq(text, "it's # [fine] K");
  ck_call(DeckGetReal(deck, "phonons.minimum", &value, NULL));
  ck_near(value, 0.15 * 4.135667696e-3 * UMK_EV, 1e-9, value);
  value = 42;
  ck_call(DeckGetReal(deck, "delta.width", &value, &set));
  ck_assert(!set && value == 42);
  ck_call(DeckDestroy(&deck));
}
END_TEST

START_TEST(sections_in_lists)
{
  Deck        deck = read_with("material:\n  model:\n    bands:\n      - {kind: ellipsoid, mass: [0.98, 0.19] m_e}\n      - kind: kane\n        nonparabolicity: 0.5 1/eV\n"
                               "        parts: [{weight: 2}, {}]\nscattering: {}\n", 0, NULL), model, band, part;
  PetscInt    count, kind;
  PetscReal   value;
  bool        has;

  ck_call(DeckGetSection(deck, "material.model", &model));
  ck_call(DeckGetSectionCount(model, "bands", &count));
  ck_assert_int_eq(count, 2);
  ck_call(DeckGetSectionAt(model, "bands", 0, &band));
  check_list(band, "mass", 2, (double[]){0.98, 0.19}, 1);
  ck_call(DeckGetSectionAt(model, "bands", 1, &band));
  ck_call(DeckGetChoice(band, "kind", &kind));
  ck_assert_int_eq(kind, 2);
  ck_call(DeckGetReal(band, "nonparabolicity", &value, NULL));
  ck_near(value, 0.5 / UMK_EV, 1e-14, value);
  ck_call(DeckGetReal(band, "edge", &value, NULL));
  ck_assert(value == 0);
  ck_call(DeckHas(band, "edge", &has));
  ck_assert(!has);
  ck_call(DeckGetSectionAt(band, "parts", 0, &part));
  ck_call(DeckGetReal(part, "weight", &value, NULL));
  ck_assert(value == 2);
  ck_call(DeckGetSectionAt(band, "parts", 1, &part));
  ck_call(DeckGetReal(part, "weight", &value, NULL));
  ck_assert(value == 1);
  ck_assert_int_eq(DeckError(band, "kind", "no"), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "deck.yaml:5: no");
  ck_assert_int_eq(DeckError(band, "mass", "no mass"), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "deck.yaml:5: no mass");
  ck_call(DeckDestroy(&deck));
  deck = read_with("material: {model: {bands: {kind: power}}}\nscattering:\n", 0, NULL);
  ck_call(DeckGetSectionCount(deck, "material.model.bands", &count));
  ck_assert_int_eq(count, 1);
  ck_call(DeckDestroy(&deck));
}
END_TEST

START_TEST(overrides)
{
  const char *const sets[] = {"temperature=[5, 6] K", "electrons.mesh=[8,8,9]", "scattering.boundary=2 mm", "scattering.boundary.specularity=0.5", "material.model.bands[1].mass=0.3 m_e",
                              "petsc.ksp_type=cg", "delta={scheme: gaussian, width: 5 meV}", "material.model.bands[0].kind=kane"};
  Deck        deck = read_with("material: {model: {bands: [{kind: power}, {kind: ellipsoid, mass: 1 m_e}]}}\nscattering: {boundary: 1 mm}\ntemperature: 300 K\n", 8, sets);
  PetscInt    mesh[3], kind;
  PetscReal   value;
  Deck        band;
  const char *text;

  check_list(deck, "temperature", 2, (double[]){5, 6}, UMK_KELVIN);
  ck_call(DeckGetInt3(deck, "electrons.mesh", mesh, NULL));
  ck_assert_int_eq(mesh[2], 9);
  ck_call(DeckGetReal(deck, "scattering.boundary.length", &value, NULL));
  ck_near(value, 2e-3 / UMK_BOHR_M, 1e-14, value);
  ck_call(DeckGetReal(deck, "scattering.boundary.specularity", &value, NULL));
  ck_assert(value == 0.5);
  ck_call(DeckGetSectionAt(deck, "material.model.bands", 1, &band));
  check_list(band, "mass", 1, (double[]){0.3}, 1);
  ck_call(DeckGetSectionAt(deck, "material.model.bands", 0, &band));
  ck_call(DeckGetChoice(band, "kind", &kind));
  ck_assert_int_eq(kind, 2);
  ck_call(DeckGetText(deck, &text));
  ck_assert_ptr_nonnull(strstr(text, "\n# --set electrons.mesh=[8,8,9]\n"));
  ck_assert_int_eq(DeckError(deck, "electrons.mesh", "too fine"), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "--set electrons.mesh=[8,8,9]: too fine");
  ck_call(DeckDestroy(&deck));
}
END_TEST

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

static char *print(Deck deck)
{
  char  *text = NULL;
  size_t size = 0;
  FILE  *out  = open_memstream(&text, &size);

  ck_call(DeckPrint(deck, out));
  fclose(out);
  return text;
}

START_TEST(round_trip)
{
  static const char *const decks[] = {
    example,
    "material:\n  model:\n    bands:\n      - {kind: ellipsoid, mass: [0.98, 0.19] m_e, edge: 0.1 eV}\n      - kind: kane\n        nonparabolicity: 0.5 1/eV\n        parts: [{weight: 2}, {}]\n"
    "scattering: {boundary: {length: 1.1 um, specularity: 0.1}}\ntitle: \"a: 'b' # \\\"c\\\" [d] K\\n\\ttrue\"\noutput: 'yes'\npetsc: {ksp_monitor: , ksp_type: \"cg\", 'mat_x': 1e-3}\n",
    "material: a.h5\nscattering: {}\ntemperature: [0.1, 77.7, 300] K\ndirection: [0.1, -2, 1e-7] nm\nsolve: full\nmagnetic_field: [] T\ncarriers: {electrons: [1e16, 3.3e19] m^-3}\n",
  };
  for (size_t i = 0; i < sizeof decks / sizeof decks[0]; i++) {
    Deck  first = read_with(decks[i], 0, NULL), second;
    char *once  = print(first), *twice;
    second = read_with(once, 0, NULL);
    twice  = print(second);
    /* a default is a value once written out */
    for (char *mark; (mark = strstr(once, "  # default\n"));)
      if (mark[-1] != ':') memmove(mark, mark + 11, strlen(mark + 11) + 1);
      else mark[2] = '%';
    for (char *mark; (mark = strstr(twice, "  # default\n"));) mark[2] = '%';
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
    ck_call(DeckDestroy(&first));
    ck_call(DeckDestroy(&second));
  }
}
END_TEST

START_TEST(effective_deck)
{
  Deck  deck = read_more("electrons: {mesh: [4, 5, 6], window: [-300, 300] meV}\n");
  char *text = print(deck);

  ck_assert_ptr_nonnull(strstr(text, "temperature: 300 K  # default\n"));
  ck_assert_ptr_nonnull(strstr(text, "electrons:\n  mesh: [4, 5, 6]\n  window: [-0.3, 0.3] eV\n"));
  ck_assert_ptr_nonnull(strstr(text, "delta:\n  scheme: adaptive  # default\n"));
  ck_assert_ptr_nonnull(strstr(text, "# phonons:  # default\n#   mesh: [20, 20, 20]\n"));
  ck_assert_ptr_nonnull(strstr(text, "magnetic_field: [[0, 0, 0]] T  # default\n"));
  ck_assert_ptr_null(strstr(text, "boundary"));
  free(text);
  ck_call(DeckDestroy(&deck));
}
END_TEST

START_TEST(key_listing)
{
  char  *text = NULL;
  size_t size = 0;
  FILE  *out  = open_memstream(&text, &size);

  ck_call(DeckRegisterKeys(keys));
  ck_call(DeckPrintKeys(out, NULL, false));
  ck_call(DeckPrintKeys(out, NULL, true));
  fclose(out);
  for (const DeckKey *key = keys; key->path; key++) ck_assert_ptr_nonnull(strstr(text, key->path));
  ck_assert_ptr_nonnull(strstr(text, "## electrons\n"));
  ck_assert_ptr_nonnull(strstr(text, "| `electrons.window` | a number, list or range first:last:step in eV | `0.35 eV` |  | window |"));
  free(text);
  out = open_memstream(&text, &size);
  ck_call(DeckPrintKeys(out, "temperature", false));
  ck_assert_int_eq(DeckPrintKeys(out, "electron", false), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "there is no section 'electron'; did you mean 'electrons'?");
  fclose(out);
  ck_assert_ptr_nonnull(strstr(text, "positive, at most 10000 K"));
  free(text);
}
END_TEST

START_TEST(petsc_options)
{
  Deck      deck = read_more("petsc: {deck_one: 1e-10, -deck_two: here, deck_flag: }\n");
  char      value[32];
  PetscBool set;

  ck_call(PetscOptionsSetValue(NULL, "-deck_two", "there"));
  ck_call(DeckApplyPetscOptions(deck));
  ck_call(PetscOptionsGetString(NULL, NULL, "-deck_one", value, sizeof value, &set));
  ck_assert(set);
  ck_assert_str_eq(value, "1e-10");
  ck_call(PetscOptionsGetString(NULL, NULL, "-deck_two", value, sizeof value, &set));
  ck_assert_str_eq(value, "there");
  ck_call(PetscOptionsHasName(NULL, NULL, "-deck_flag", &set));
  ck_assert(set);
  ck_call(PetscOptionsClearValue(NULL, "-deck_one"));
  ck_call(PetscOptionsClearValue(NULL, "-deck_two"));
  ck_call(PetscOptionsClearValue(NULL, "-deck_flag"));
  ck_call(DeckDestroy(&deck));
}
END_TEST

static void write_file(const char *path, const void *data, size_t size)
{
  FILE *file = fopen(path, "wb");

  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(data, 1, size, file), size);
  fclose(file);
}

START_TEST(files)
{
  char  folder[] = "/tmp/umk-deck-XXXXXX", path[64], data[64], expected[160], *resolved;
  Deck  deck;

  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/deck.yaml", folder);
  snprintf(data, sizeof data, "%s/data.h5", folder);
  ck_assert_int_eq(DeckCreateFromFile(PETSC_COMM_WORLD, path, 0, NULL, &deck), UMK_ERR_INPUT);
  snprintf(expected, sizeof expected, "%s: cannot be read: No such file or directory", path);
  ck_assert_str_eq(ErrorMessage(), expected);
  ck_assert_int_eq(DeckCreateFromFile(PETSC_COMM_WORLD, folder, 0, NULL, &deck), UMK_ERR_INPUT);
  write_file(path, "title: a\n\0b", 11);
  ck_assert_int_eq(DeckCreateFromFile(PETSC_COMM_WORLD, path, 0, NULL, &deck), UMK_ERR_INPUT);
  snprintf(expected, sizeof expected, "%s:2: a zero byte: this is not a text file", path);
  ck_assert_str_eq(ErrorMessage(), expected);
  write_file(path, "", 0);
  ck_assert_int_eq(DeckCreateFromFile(PETSC_COMM_WORLD, path, 0, NULL, &deck), UMK_ERR_INPUT);
  write_file(path, example, strlen(example));
  write_file(data, "x", 1);
  ck_call(DeckCreateFromFile(PETSC_COMM_WORLD, path, 0, NULL, &deck));
  ck_call(DeckResolvePath(deck, "data.h5", &resolved));
  ck_assert_str_eq(resolved, data);
  ck_call(PetscFree(resolved));
  ck_call(DeckResolvePath(deck, "nowhere.h5", &resolved));
  ck_assert_str_eq(resolved, "nowhere.h5");
  ck_call(PetscFree(resolved));
  ck_call(DeckDestroy(&deck));
  remove(path);
  remove(data);
  remove(folder);
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
  Suite *s = suite_create("deck");
  TCase *t = tcase_create("deck");

  if (DeckRegisterKeys(keys) || DeckRegisterKeys(keys)) abort();
  tcase_add_test(t, interface_example);
  tcase_add_test(t, lists_and_units);
  tcase_add_test(t, more_values);
  tcase_add_test(t, sections_in_lists);
  tcase_add_test(t, overrides);
  tcase_add_loop_test(t, mistake, 0, sizeof mistakes / sizeof mistakes[0]);
  tcase_add_loop_test(t, bad_set, 0, sizeof bad_sets / sizeof bad_sets[0]);
  tcase_add_test(t, round_trip);
  tcase_add_test(t, effective_deck);
  tcase_add_test(t, key_listing);
  tcase_add_test(t, petsc_options);
  tcase_add_test(t, files);
  tcase_add_test(t, damage);
  tcase_add_test(t, hostile);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)
