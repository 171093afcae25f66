/* A deck file read on rank 0 is the same on all ranks, and so is its error. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness.h"
#include "umklapp/deck.h"

static const DeckKey keys[] = {
  {"temperature", DECK_REAL_LIST, .unit = "K", .required = true, .positive = true, .help = "temperatures"},
  {NULL}};

static char path[64];
static int  rank;

static void write_deck(const char *text)
{
  FILE *file = rank ? NULL : fopen(path, "w");

  if (file) {
    fputs(text, file);
    fclose(file);
  }
}

static void refused(const char *message)
{
  char expected[256];
  Deck deck;

  ErrorClear();
  snprintf(expected, sizeof expected, "%s%s", path, message);
  ck_all(DeckCreateFromFile(PETSC_COMM_WORLD, path, 0, NULL, &deck) == UMK_ERR_INPUT);
  ck_all(!strcmp(ErrorMessage(), expected));
  ck_all(deck == NULL);
}

START_TEST(read_by_all)
{
  const char *const sets[] = {"title=b"};
  Deck              deck;
  PetscReal        *values;
  PetscInt          count;
  const char       *title;

  write_deck("title: a\ntemperature: [100, 200] K\n");
  ck_call(DeckCreateFromFile(PETSC_COMM_WORLD, path, 1, sets, &deck));
  ck_call(DeckGetRealList(deck, "temperature", &count, &values));
  ck_all(count == 2);
  ck_near(values[1], 200 * UMK_KELVIN, 1e-14, values[1]);
  ck_call(PetscFree(values));
  ck_call(DeckGetString(deck, "title", &title, NULL));
  ck_all(!strcmp(title, "b"));
  ck_call(DeckDestroy(&deck));
}
END_TEST

START_TEST(refused_by_all)
{
  write_deck("title: a\ntemperatures: 5 K\n");
  refused(":2: unknown key 'temperatures'; did you mean 'temperature'?");
  write_deck("");
  refused(": the deck is empty");
  if (!rank) unlink(path);
  refused(": cannot be read: No such file or directory");
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("deck file");
  TCase *t = tcase_create("deck file");
  int    pid = (int)getpid();

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (MPI_Bcast(&pid, 1, MPI_INT, 0, PETSC_COMM_WORLD)) abort();
  snprintf(path, sizeof path, "/tmp/umk-deck-%d.yaml", pid);
  if (DeckRegisterKeys(keys)) abort();
  tcase_add_test(t, read_by_all);
  tcase_add_test(t, refused_by_all);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)
