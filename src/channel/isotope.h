/* Natural isotopes of the elements (private to src/channel): isotope_table.c. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_CHANNEL_ISOTOPE_H
#define UMKLAPP_CHANNEL_ISOTOPE_H

#include "umklapp/channel.h"

#define ISOTOPES_MAX 10

typedef struct {
  const char *symbol;
  struct {
    PetscReal mass, fraction; /* atomic mass units; 0 after the last */
  } isotope[ISOTOPES_MAX];
} NaturalElement;

extern const NaturalElement NaturalElements[]; /* ends with symbol == NULL */

/* Mean mass (atomic mass units) and variance g = sum f_i (1 - m_i/<m>)^2. Not collective. */
void NaturalMoments(const NaturalElement *element, PetscReal *mass, PetscReal *variance);
/* The element whose mean mass is nearest to mass (atomic mass units). Not collective. */
const NaturalElement *NaturalNearest(PetscReal mass);

#endif
