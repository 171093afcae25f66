/*
  Importers of other programs' files. A format is one file import_NAME.c with `const Importer NAME_importer` and NAME in
  src/material/meson.build. open() runs on rank 0 only: it fills the WannierSource but the coupling's storage type (g_bits,
  g_real ...), and hands the coupling out as complex slabs; import.c decides realness, drops, rounds and distributes.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_IMPORT_IMPL_H
#define UMKLAPP_IMPORT_IMPL_H

#include "wannier_impl.h"

typedef struct {
  const char *name, *help;
  /* s->read_slab gives complex slabs [nRe][nm][ket][bra] of phonon vector i (s->by_electron = false), weights folded in. */
  PetscErrorCode (*open)(const char *path, const ImportOptions *options, WannierSource *s);
} Importer;

extern const Importer *const importers[];

#endif
