/*
  Where EPW's occupation factors and the symmetric ones of this program meet: mobilities of silicon at 300 K with both, on the same
  vertices, as mesh and Gaussian width are refined together. Off shell EPW's do not balance, so at a fixed width they differ however
  fine the mesh; the distance falls with the width. First, EPW 5.3.1's own numbers on 30x30x30 are rebuilt.
  UMKLAPP_TEST_VERBOSE=1 prints the table of docs/validation.md.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/wedge_mobility.h"

static char material[512];

static WedgeSetting setting(bool holes, PetscInt mesh, PetscReal width, PetscReal window)
{
  return (WedgeSetting){.material = material, .holes = holes, .mesh = mesh, .fermi = holes ? WedgeValenceTop(material) : 6.612 * UMK_EV, .window = window * UMK_EV, .width = width * UMK_EV, .density = 1e15 / UMK_CM3};
}

START_TEST(epw_30)
{
  static const WedgeResult expected[2] = {{300, 0, {1846.37, 1551.38}}, {300, 0, {359.903, 352.822}}};
  WedgeSetting             s           = setting(_i, 30, 0.03, 0.2);
  WedgeResult              row[1]      = {{.kelvin = 300}};

  s.occupations = OCCUPATIONS_EPW;
  WedgeMobility(&s, 1, row);
  WedgeCompare(_i ? "holes, EPW, 30x30x30" : "electrons, EPW, 30x30x30", 1, row, &expected[_i], 1e-4);
}
END_TEST

START_TEST(refinement)
{
  static const PetscInt  mesh[3]  = {20, 40, 60};
  static const PetscReal width[3] = {0.03, 0.015, 0.0075};
  PetscReal              last[LEVEL_COUNT] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};

  for (int n = 0; n < 3; n++) {
    WedgeSetting s      = setting(_i, mesh[n], width[n], 0.2);
    WedgeResult  row[2] = {{.kelvin = 300}, {.kelvin = 300}};

    WedgeMobility(&s, 1, &row[0]);
    s.occupations = OCCUPATIONS_EPW;
    WedgeMobility(&s, 1, &row[1]);
    for (int l = 0; l <= LEVEL_FULL; l++) {
      const PetscReal distance = row[1].mobility[l] / row[0].mobility[l] - 1.0;
      if (getenv("UMKLAPP_TEST_VERBOSE"))
        printf("| %s | %d | %g meV | %s | %.2f | %.2f | %.2f %% |\n", _i ? "holes" : "electrons", (int)mesh[n], 1e3 * width[n], TransportLevelName[l], row[0].mobility[l], row[1].mobility[l], 100.0 * distance);
      ck_assert_msg(fabs(distance) < 0.6 * last[l], "%s %s: distance %.4f, then %.4f at half the width", _i ? "holes" : "electrons", TransportLevelName[l], last[l], distance);
      last[l] = fabs(distance);
    }
  }
}
END_TEST

static void set_up(void) { ck_call(SiliconRestore(INTERPOLATION_SOURCE, material)); }
static void tear_down(void) { SiliconRemove(material); }

static Suite *make_suite(void)
{
  Suite *suite = suite_create("silicon refinement");
  TCase *cases = tcase_create("30 to 7.5 meV");

  tcase_set_timeout(cases, 3600);
  tcase_add_unchecked_fixture(cases, set_up, tear_down);
  tcase_add_loop_test(cases, epw_30, 0, 2);
  tcase_add_loop_test(cases, refinement, 0, 2);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  if (!SiliconPresent()) return 77;
  return HarnessRun(argc, argv, make_suite);
}
