/* The collision operator's kernels as events of PETSc's log. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

PetscLogEvent CollisionEvent[EVENT_COUNT];

PetscErrorCode CollisionRegisterEvents(void)
{
  static const char *const name[EVENT_COUNT] = {"CollisionRates", "BlockFill", "BlockMult", "ReplayMult"};
  static bool              registered        = false;
  PetscClassId             class_id;
  PetscFunctionBeginUser;
  if (registered) PetscFunctionReturn(0);
  registered = true;
  PetscCall(PetscClassIdRegister("Collision", &class_id));
  for (int i = 0; i < EVENT_COUNT; i++) PetscCall(PetscLogEventRegister(name[i], class_id, &CollisionEvent[i]));
  PetscFunctionReturn(0);
}
