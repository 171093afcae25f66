/* What must hold for every collision operator; each ends in an assertion of Check. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_OPERATOR_CHECKS_H
#define UMKLAPP_TEST_OPERATOR_CHECKS_H

#include "engine.h"

/* A - A^T = 0 to the last bit (1e-16 of A on three and more ranks); no eigenvalue below -1e-12 of the largest rate. At the present point. */
void OperatorCheckSymmetric(Engine *e, const char *what);
void OperatorCheckSemidefinite(Engine *e, const char *what);
/* The operator from its blocks, and replayed, against the assembled one on random vectors, 1e-13. */
void OperatorCheckReplay(Engine *e, const char *what);
/* A n = 0 for n = sqrt(N) w in each direction, to 1e-13 of what the diagonal alone gives. Only without symmetry and without walls. */
void OperatorCheckCharge(Engine *e, const char *what);
/* The system of both species, as a dense matrix: symmetric to 1e-14 of its largest element; returns its smallest eigenvalue over its largest; states that nothing scatters left out. On one rank. */
PetscReal OperatorCheckDrag(Engine *e, const char *what);

#endif
