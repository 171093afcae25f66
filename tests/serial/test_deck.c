/* The deck: the example of the interface, every kind of value, overrides, the effective deck, the key listing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "deck_keys.h"

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

/* A word in the place of a number is no number. */
START_TEST(words)
{
  static const struct {
    const char *text;
    PetscInt    word;
  } cases[] = {{"carriers", 0}, {"none", 1}, {"1e16 cm^-3", -1}};
  for (int i = 0; i < 3; i++) {
    char        text[200], *printed;
    Deck        deck;
    PetscReal   value = -5.0;
    PetscInt    word;
    bool        set;
    snprintf(text, sizeof text, "material: a.h5\nscattering: {ionized_impurity: {density: %s}}\n", cases[i].text);
    deck = read_with(text, 0, NULL);
    ck_call(DeckGetWord(deck, "scattering.ionized_impurity.density", &word));
    ck_call(DeckGetReal(deck, "scattering.ionized_impurity.density", &value, &set));
    ck_assert_int_eq(word, cases[i].word);
    ck_assert_msg(set == (word < 0) && (set ? value > 0.0 : value == -5.0), "%s: %g", cases[i].text, value);
    printed = print(deck);
    snprintf(text, sizeof text, "density: %s\n", i < 2 ? cases[i].text : "1e16 cm^-3");
    ck_assert_msg(strstr(printed, text) != NULL, "%s is printed as\n%s", cases[i].text, printed);
    free(printed);
    ck_call(DeckGetWord(deck, "factor", &word));
    ck_assert_int_eq(word, -1);
    ck_call(DeckDestroy(&deck));
  }
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

static Suite *suite(void)
{
  Suite *s = suite_create("deck");
  TCase *t = tcase_create("deck");

  if (DeckRegisterKeys(keys) || DeckRegisterKeys(keys)) abort();
  tcase_add_test(t, interface_example);
  tcase_add_test(t, lists_and_units);
  tcase_add_test(t, words);
  tcase_add_test(t, more_values);
  tcase_add_test(t, sections_in_lists);
  tcase_add_test(t, overrides);
  tcase_add_test(t, round_trip);
  tcase_add_test(t, effective_deck);
  tcase_add_test(t, key_listing);
  tcase_add_test(t, petsc_options);
  tcase_add_test(t, files);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)
