/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SETS 12

static PetscErrorCode register_keys(void)
{
  PetscFunctionBeginUser;
  PetscCall(MaterialRegisterKeys());
  PetscCall(StatesRegisterKeys());
  PetscCall(ChannelRegisterKeys());
  PetscCall(ScanRegisterKeys());
  PetscCall(CollisionRegisterKeys());
  PetscCall(TransportRegisterKeys());
  PetscFunctionReturn(0);
}

static PetscErrorCode read_deck(const char *text, const char *sets, Deck *deck)
{
  char        copy[1024], *rest = copy, *one;
  const char *list[MAX_SETS];
  int         n = 0;

  PetscFunctionBeginUser;
  PetscCall(register_keys());
  snprintf(copy, sizeof copy, "%s", sets ? sets : "");
  while (n < MAX_SETS && (one = strtok_r(rest, ";", &rest))) list[n++] = one;
  PetscCall(DeckCreateFromText("test.yaml", text, n, list, deck));
  PetscFunctionReturn(0);
}

PetscErrorCode EngineCreate(MPI_Comm comm, const char *text, const char *sets, Engine *e)
{
  Deck deck;

  PetscFunctionBeginUser;
  LogSetLevel(0);
  PetscCall(read_deck(text, sets, &deck));
  PetscCall(SystemCreate(comm, deck, e));
  PetscCall(SystemMakeStates(e));
  PetscCall(SystemMakeCollision(e));
  PetscFunctionReturn(0);
}

PetscErrorCode EngineCreateSample(const char *text, const char *sets, SystemSample *sample, Engine *e)
{
  Deck deck;

  PetscFunctionBeginUser;
  LogSetLevel(0);
  PetscCall(read_deck(text, sets, &deck));
  PetscCall(SystemCreate(PETSC_COMM_SELF, deck, e));
  PetscCall(SystemMakeStates(e));
  sample->point     = &e->scan.point[0];
  e->set_up         = SystemSetUpSample;
  e->set_up_context = sample;
  PetscCall(SystemMakeCollision(e));
  PetscFunctionReturn(0);
}

PetscErrorCode EngineDestroy(Engine *e)
{
  PetscFunctionBeginUser;
  PetscCall(SystemDestroy(e));
  PetscFunctionReturn(0);
}

PetscErrorCode EngineSetPoint(Engine *e, PetscInt at, const StatesPoint **point)
{
  PetscFunctionBeginUser;
  PetscCall(CollisionSetPoint(e->collision, &e->scan.point[at]));
  if (e->both) PetscCall(CollisionSetPoint(e->lattice.collision, &e->scan.point[at]));
  if (point) *point = &e->scan.point[at];
  PetscFunctionReturn(0);
}

PetscErrorCode EngineSolve(Engine *e, PetscInt at, TransportLevel level, TransportTensors *tensors)
{
  const StatesPoint *point;

  PetscFunctionBeginUser;
  PetscCall(EngineSetPoint(e, at, &point));
  PetscCall(e->both ? DragSolve(e->drag, level, point, tensors) : TransportSolve(e->transport, level, point, tensors));
  PetscFunctionReturn(0);
}

PetscReal TensorsDistance(const TransportTensors *a, const TransportTensors *b)
{
  PetscReal worst = 0.0;

  for (int t = 0; t < 4; t++) {
    const PetscReal *x = &a->L[t / 2][t % 2][0][0], *y = &b->L[t / 2][t % 2][0][0];
    PetscReal        difference = 0.0, scale = 0.0;
    for (int i = 0; i < 9; i++) {
      difference = PetscMax(difference, fabs(x[i] - y[i]));
      scale      = PetscMax(scale, fabs(y[i]));
    }
    if (difference == 0.0 && scale == 0.0 && t < 3) continue; /* phonons have no charge: only the last is theirs */
    if (!(difference <= HUGE_VAL && scale > 0.0)) return HUGE_VAL;
    worst = PetscMax(worst, difference / scale);
  }
  return worst;
}

/* --- sets of first-principles data -------------------------------------------------------- */

bool DataPresent(const char *set)
{
  const char *source = getenv("UMKLAPP_SOURCE");
  char        path[512];
  struct stat status;

  snprintf(path, sizeof path, "%s/../shared/data/%s", source ? source : ".", set);
  return stat(path, &status) == 0;
}

PetscErrorCode DataRestore(const char *set, Interpolation interpolation, char file[512])
{
  const char   *source = getenv("UMKLAPP_SOURCE"), *temporary = getenv("TMPDIR");
  char          folder[256], epw[300], command[1600];
  ImportOptions options;
  Material      m;

  PetscFunctionBeginUser;
  snprintf(folder, sizeof folder, "%s/umklapp-%s-XXXXXX", temporary ? temporary : "/tmp", set);
  PetscCheck(mkdtemp(folder), PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "no temporary folder %s", folder);
  snprintf(file, 512, "%s/%s.h5", folder, set);
  snprintf(epw, sizeof epw, "%s/epw", folder);
  if (!source) source = ".";
  snprintf(command, sizeof command, "/usr/bin/python3 '%s/../shared/data/restore.py' '%s/../shared/data/%s' '%s' >/dev/null", source, source, set, epw);
  PetscCheck(system(command) == 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "failed: %s", command);
  LogSetLevel(0);
  PetscCall(ImportOptionsDefault(&options));
  options.interpolation = interpolation;
  PetscCall(MaterialImport(PETSC_COMM_SELF, "epw", epw, &options, &m));
  PetscCall(MaterialWrite(m, file, "test"));
  PetscCall(MaterialDestroy(&m));
  PetscFunctionReturn(0);
}

bool SiliconPresent(void) { return DataPresent("silicon"); }

PetscErrorCode SiliconRestore(Interpolation interpolation, char file[512])
{
  PetscFunctionBeginUser;
  PetscCall(DataRestore("silicon", interpolation, file));
  PetscFunctionReturn(0);
}

void SiliconRemove(const char *file)
{
  char command[600];

  if (!file[0]) return;
  snprintf(command, sizeof command, "rm -rf '%.*s'", (int)(strrchr(file, '/') - file), file);
  if (system(command)) fprintf(stderr, "%s: not removed\n", file);
}
