/* Our own material file as the first part of an import: what it holds is kept to the bit, later parts add to it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import_impl.h"

static PetscErrorCode open_native_part(const char *path, const ImportOptions *options, WannierSource *s)
{
  PetscFunctionBeginUser;
  (void)options;
  PetscCall(NativeOpen(path, s));
  Log(1, "native file %s: %d atoms, %d Wannier functions, %d phonon vectors, %d triplets", path, (int)s->head.natoms, (int)s->head.nb, (int)s->head.nRq, (int)s->head.nT);
  PetscFunctionReturn(0);
}

const Importer native_importer = {"native", "a native material file, to be completed by another part", open_native_part, .stored = true};
