/* Units against CODATA's own values of the derived constants, near names, errors, 3x3 algebra. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "harness.h"

static double convert(const char *unit, const char *kind)
{
  PetscReal factor = 0;
  bool      known;

  ck_assert_msg(UnitParse(unit, kind, &factor, &known) == 0, "'%s' as '%s'", unit, kind);
  return factor;
}

/* CODATA 2018 recommended values, as published, of quantities that base.h derives; tolerance: their last digits. */
START_TEST(derived_constants)
{
  ck_near(UMK_HARTREE_J / UMK_CHARGE_C, UMK_HARTREE_EV, 1e-12, UMK_HARTREE_EV);
  ck_near(UMK_TIME_S, 2.4188843265857e-17, 3e-12, 2.4188843265857e-17);
  ck_near(UMK_VELOCITY_M_S, 2.18769126364e6, 1e-9, 2.18769126364e6);
  ck_near(UMK_AMU, 1822.888486209, 1e-9, 1822.888486209);
  ck_near(1 / UMK_KELVIN, 3.1577502480407e5, 1e-11, 3.1577502480407e5);
  ck_near(UMK_KELVIN / UMK_EV, 8.617333262e-5, 1e-9, 8.617333262e-5);
  ck_near(1 / UMK_TESLA, 2.35051756758e5, 1e-9, 2.35051756758e5);
  ck_near(UMK_LIGHT, 137.035999084, 1e-9, 137.035999084);
  ck_near(UMK_RYDBERG * UMK_HARTREE_EV, 13.605693122994, 1e-12, 13.6);
  ck_near(UMK_HBAR_JS * 2 * UMK_PI, 6.62607015e-34, 1e-14, 6.62607015e-34);
  ck_near(UMK_CM3, 1e24 / pow(0.529177210903, 3), 1e-12, UMK_CM3);
  ck_near(UMK_ELECTRON_KG * UMK_BOHR_M * UMK_BOHR_M / (UMK_TIME_S * UMK_TIME_S), UMK_HARTREE_J, 1e-9, UMK_HARTREE_J);
  ck_near(UMK_HBAR_JS / (UMK_ELECTRON_KG * UMK_BOHR_M), UMK_VELOCITY_M_S, 1e-9, UMK_VELOCITY_M_S);
}
END_TEST

/* CODATA's atomic units of 17 quantities: their value in SI units must come out as 1. */
START_TEST(atomic_units)
{
  static const struct {
    const char *unit;
    double      value;
  } cases[] = {
    {"C", 1.602176634e-19}, {"C/m^3", 1.08120238457e12}, {"A", 6.623618237510e-3}, {"V", 27.211386245988}, {"V/m", 5.14220674763e11},
    {"V/m^2", 9.7173624292e21}, {"N", 8.2387234983e-8}, {"m", 5.29177210903e-11}, {"T", 2.35051756758e5}, {"kg", 9.1093837015e-31},
    {"J", 4.3597447222071e-18}, {"s", 2.4188843265857e-17}, {"m/s", 2.18769126364e6}, {"J s", 1.054571817e-34}, {"F/m", 1.11265005545e-10},
    {"kg m/s", 1.99285191410e-24}, {"Ohm", 4108.23590},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const double got = cases[i].value * convert(cases[i].unit, cases[i].unit);
    ck_assert_msg(fabs(got - 1) < 2e-9, "%.12g %s is %.12g atomic units", cases[i].value, cases[i].unit, got);
  }
}
END_TEST

START_TEST(unit_expressions)
{
  const double cm = 1e-2 / UMK_BOHR_M, ev = 1 / 27.211386245988;
  static const char *const same[][2] = {
    {"cm^2/V/s", "cm^2 / (V*s)"}, {"cm^-3", "1/cm^3"}, {"cm-3", "cm^-3"}, {"cm2/V/s", "cm^2 V^-1 s^-1"}, {"g/cm^3", "g cm-3"},
    {"W/m/K", "W m^-1 K^-1"}, {"S/m", "1/Ohm/m"}, {"angstrom", "\xc3\x85"}, {"um", "\xc2\xb5m"}, {"m**2", "m^2"}, {"N/m^2", "Pa"},
  };
  ck_near(convert("eV", "meV"), ev, 1e-14, ev);
  ck_near(convert("meV", "eV"), 1e-3 * ev, 1e-14, 1e-3 * ev);
  ck_near(convert("K", "K"), 300 * 1.380649e-23 / 4.3597447222071e-18 / 300, 1e-14, UMK_KELVIN);
  /* 1 THz = 4.135667696 meV, 1 cm^-1 = 0.12398419843 meV (CODATA) */
  ck_near(convert("THz", "eV"), 4.135667696e-3 * ev, 1e-9, 4.1e-3 * ev);
  ck_near(convert("cm^-1", "eV"), 0.12398419843320e-3 * ev, 1e-9, 1.2e-4 * ev);
  ck_near(convert("cm^-3", "cm^-3"), 1 / (cm * cm * cm), 1e-13, 1 / (cm * cm * cm));
  ck_near(convert("eV/angstrom", "eV/nm"), ev * 0.529177210903, 1e-13, ev);
  ck_near(convert("g/cm^3", "g/cm^3"), 1e-3 / 9.1093837015e-31 / (cm * cm * cm), 1e-12, convert("g/cm^3", "g/cm^3"));
  ck_near(convert("kV/cm", "V/m"), 1e5 / 5.14220674763e11, 1e-9, 1e5 / 5.14220674763e11);
  ck_near(convert("%", "1"), 0.01, 1e-15, 1);
  ck_near(convert("m_e", "amu") / convert("amu", "amu"), 5.48579909065e-4, 1e-9, 5.4e-4);
  ck_near(convert("Ry", "eV"), 0.5, 1e-15, 1);
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    ck_near(convert(same[i][0], same[i][1]), convert(same[i][1], same[i][0]), 1e-14, convert(same[i][0], same[i][0]));
  }
}
END_TEST

START_TEST(unit_mistakes)
{
  static const char *const unknown[] = {"", " ", "evv", "cm^", "cm^x", "eV/", "/eV", "(eV", "eV)", "5 eV", "10", "1e5", "eV^99", "^2", "m^1e400", "((((((((((((1))))))))))))", "\xff", "xyz"};
  static const char *const other[][2] = {{"nm", "K"}, {"K", "eV"}, {"eV", "K"}, {"ps^-1", "eV"}, {"cm^-3", "cm^-2"}, {"1", "eV"}, {"eV", "1"}, {"T", "V"}, {"kg", "cm"}};
  PetscReal factor;
  bool      known;

  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    ck_assert_msg(UnitParse(unknown[i], "eV", &factor, &known) != 0, "'%s'", unknown[i]);
    ck_assert_msg(!known, "'%s'", unknown[i]);
  }
  for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
    ck_assert_msg(UnitParse(other[i][0], other[i][1], &factor, &known) != 0, "'%s' as '%s'", other[i][0], other[i][1]);
    ck_assert_msg(known, "'%s'", other[i][0]);
  }
  ck_assert_str_eq(UnitNearest("mev"), "meV");
  ck_assert_str_eq(UnitNearest("k"), "K");
  ck_assert_str_eq(UnitNearest("angstroms"), "angstrom");
  ck_assert_str_eq(UnitNearest("eV/Angstrm"), "angstrom");
  ck_assert_ptr_null(UnitNearest("furlong"));
  ck_assert_ptr_null(UnitNearest("eV"));
  ck_assert_str_eq(UnitKindName("nm"), "a length");
  ck_assert_str_eq(UnitKindName("Ry"), "an energy");
  ck_assert_str_eq(UnitKindName("cm^2/V/s"), "a mobility");
  ck_assert_ptr_null(UnitKindName("furlong"));
}
END_TEST

START_TEST(near_names)
{
  static const char *const names[] = {"temperature", "material", "mesh", "window", "phonons", "three_phonon"};
  ck_assert_int_eq(NearestName("temperatur", 6, names), 0);
  ck_assert_int_eq(NearestName("Mesh", 6, names), 2);
  ck_assert_int_eq(NearestName("mehs", 6, names), 2);
  ck_assert_int_eq(NearestName("three_phonons", 6, names), 5);
  ck_assert_int_eq(NearestName("temp", 6, names), 0);
  ck_assert_int_eq(NearestName("colour", 6, names), -1);
  ck_assert_int_eq(NearestName("", 6, names), -1);
  ck_assert_int_eq(NearestName("temperature", 0, names), -1);
}
END_TEST

static PetscErrorCode fails(void)
{
  PetscFunctionBeginUser;
  PetscCheckInput(1 > 2, "deck.yaml", 12, "mesh must be positive, not %d", -3);
  PetscFunctionReturn(0);
}

START_TEST(errors)
{
  char long_name[8000];

  ck_assert_int_eq(fails(), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "deck.yaml:12: mesh must be positive, not -3");
  ck_assert_int_eq(InputErrorAt("file.h5", 0, "truncated"), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "file.h5: truncated");
  ck_assert_int_eq(InputErrorAt(NULL, 5, "no deck"), UMK_ERR_INPUT);
  ck_assert_str_eq(ErrorMessage(), "no deck");
  memset(long_name, 'x', sizeof long_name);
  long_name[sizeof long_name - 1] = '\0';
  ck_assert_int_eq(InputErrorAt(long_name, 3, "%s", long_name), UMK_ERR_INPUT);
  ck_assert_int_gt(strlen(ErrorMessage()), 1000);
  ErrorClear();
  ck_assert_str_eq(ErrorMessage(), "");
  ck_assert_int_eq(ErrorAgree(PETSC_COMM_SELF, 0), 0);
  ck_assert_int_eq(ErrorAgree(PETSC_COMM_SELF, UMK_ERR_INPUT), UMK_ERR_INPUT);
}
END_TEST

START_TEST(matrices)
{
  const PetscReal m[3][3] = {{0, 0.5, 0.5}, {0.5, 0.1, 0.5}, {0.5, 0.5, -0.3}}, x[3] = {0.3, -1.1, 2};
  PetscReal       inverse[3][3], unit[3][3], y[3], z[3], product = 0, transposed = 0;

  Invert3(m, inverse);
  MatMul3(m, inverse, unit);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) ck_near(unit[i][j], i == j, 1e-14, 1);
  ck_near(Det3(m) * Det3(inverse), 1.0, 1e-14, 1);
  MatVec3(m, x, y);
  MatVec3(inverse, y, z);
  for (int i = 0; i < 3; i++) ck_near(z[i], x[i], 1e-14, 1);
  MatVec3(m, x, y);
  product = Dot3(x, y);
  MatTVec3(m, x, y);
  transposed = Dot3(x, y);
  ck_near(product, transposed, 1e-14, 1);
  ck_near(Norm3((PetscReal[]){2, 3, 6}), 7.0, 1e-15, 7);
}
END_TEST

START_TEST(resources)
{
  PetscReal now, peak, start = WallTime();

  MemoryUsage(&now, &peak);
  ck_assert(now > 1 && now < 1e5 && peak >= 0.9 * now);
  ck_assert(WallTime() >= start);
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("base");
  TCase *t = tcase_create("base");

  tcase_add_test(t, derived_constants);
  tcase_add_test(t, atomic_units);
  tcase_add_test(t, unit_expressions);
  tcase_add_test(t, unit_mistakes);
  tcase_add_test(t, near_names);
  tcase_add_test(t, errors);
  tcase_add_test(t, matrices);
  tcase_add_test(t, resources);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)
