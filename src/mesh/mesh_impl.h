/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MESH_IMPL_H
#define UMKLAPP_MESH_IMPL_H

#include "umklapp/mesh.h"

/* m: [mesh->nops] integer action on mesh indices. Fills tetra, tetra_weight. */
PetscErrorCode MeshBuildTetrahedra(KMesh mesh, const int (*m)[3][3]);

#endif
