/*
  Private to src/material: one importer of another program's files.

  An importer is one const struct NAME_importer in import_NAME.c and one word in meson.build. The parts of a command line are read in
  order, on rank 0:
    - an importer that brings a crystal of its own fills an empty source. In a later place, its force constants replace or join those of the
      first part, after the crystals were compared and atoms and vectors renamed (parts.h).
    - `adds`: the files hold no crystal; the importer gets the source of the parts before it, and adds to that (T_atom, T_R, phi3).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_IMPORT_IMPL_H
#define UMKLAPP_IMPORT_IMPL_H

#include "wannier_impl.h"

typedef struct {
  const char *name, *help;
  /* s->read_slab gives complex slabs [nRe][nm][ket][bra] of phonon vector i (s->by_electron = false), weights folded in. */
  PetscErrorCode (*open)(const char *path, const ImportOptions *options, WannierSource *s);
  bool adds;   /* has no crystal: never the first part, but see `first` */
  bool first;  /* adds, and as the first part (an empty source) brings a crystal */
  bool meshes; /* asks for coarse_k, coarse_q, use_ws where the files leave them open */
  bool stored; /* already as it is kept: images, coupling and its storage stay */
  bool cells;  /* D comes on the cells of the mesh coarse_q, each element once: put on nearest images whatever `interpolation`, sum rule `simple` by default */
} Importer;

extern const Importer *const importers[];

/* The last component of a path without its extension: names a material. */
void ImportName(const char *path, char name[64]);

#endif
