/*
  A transport run up to its solver, built from the text of a deck on any communicator, for tests of what lies in between.

    Engine e;
    ck_call(EngineCreate(PETSC_COMM_SELF, text, "symmetry=none", &e));
    ck_call(EngineSolve(&e, 0, LEVEL_FULL, &tensors));
    ck_call(EngineDestroy(&e));
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_ENGINE_H
#define UMKLAPP_TEST_ENGINE_H

#include "main/run.h"

typedef System Engine;

/* sets: "key=value" overrides separated by ';', or NULL. Collective. */
PetscErrorCode EngineCreate(MPI_Comm comm, const char *text, const char *sets, Engine *engine);
PetscErrorCode EngineDestroy(Engine *engine);
/* Processes of some wedge points alone, as a forecast has them; sample holds what they may take. Not collective. */
PetscErrorCode EngineCreateSample(const char *text, const char *sets, SystemSample *sample, Engine *engine);
/* Go to point `at` of the deck's scan. Collective. */
PetscErrorCode EngineSetPoint(Engine *engine, PetscInt at, const StatesPoint **point);
/* Set the point and solve there. Collective. */
PetscErrorCode EngineSolve(Engine *engine, PetscInt at, TransportLevel level, TransportTensors *tensors);
/* Largest difference of the nine L_XY tensors' elements over the largest element of each. */
PetscReal TensorsDistance(const TransportTensors *a, const TransportTensors *b);

/* --- a set of ../shared/data ("silicon", "aluminium") restored and imported to a native file in a temporary folder */
bool           DataPresent(const char *set);
/* One rank calls it; file is for `material:` of a deck; SiliconRemove takes any of them away. */
PetscErrorCode DataRestore(const char *set, Interpolation interpolation, char file[512]);
bool           SiliconPresent(void);
PetscErrorCode SiliconRestore(Interpolation interpolation, char file[512]);
void           SiliconRemove(const char *file);

#endif
