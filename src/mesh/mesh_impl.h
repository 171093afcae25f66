/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MESH_IMPL_H
#define UMKLAPP_MESH_IMPL_H

#include "umklapp/mesh.h"

/* Fills tetra, tetra_weight. */
PetscErrorCode MeshBuildTetrahedra(KMesh mesh);

#endif
