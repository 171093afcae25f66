/*
  collision: from processes to the linearized collision operator. Sinks consume processes; occupation weights and star
  rotations enter here and nowhere else.

  With w the weights of the members of a process E, K its kernel and s its stoichiometry,

    A_ab = sum_E K_E (prod_c w_c) / (w_a w_b) s_a s_b,      A_aa = 1/tau_a

  A response to a vector field obeys y_{Sk} = S y_k: unknown is one 3-vector per wedge state, scaled by the square root of
  its star, z_a = sqrt(N_a) y_a. A process whose first member is a wedge state stands for its N_first images:

    A_ab (3x3) += N_first / sqrt(N_a N_b)  K prod(w)/(w_a w_b) s_a s_b  S_a^T S_b

  restricted to responses that the little group of each point leaves alone. With both species unknown, a spin's electrons count g_s/N_k and phonons
  1/N_q in every sum over states; N_a and N_first are then images times that multiplicity (relative to the electrons').
  Which species the members are does not matter: the unknowns are
  the states of the species that take part as such, all other members are in equilibrium and enter by their weights alone.

  Rows: 3 per wedge state, wedge points dealt to ranks so that the work of enumeration is even; a rank's electrons come before its phonons. Contributions to another rank's rows
  are sent by PETSc (COO assembly); every process is evaluated once.

  Processes are kept and replayed for every temperature and chemical potential while they fit in collision.memory, else
  enumerated anew at each point; channels with point-dependent kernels are enumerated at each point.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_COLLISION_H
#define UMKLAPP_COLLISION_H

#include <petscmat.h>
#include "umklapp/channel.h"

typedef struct _p_Collision *Collision;

typedef struct {
  PetscReal processes;      /* all ranks */
  PetscReal imbalance;      /* max/mean over ranks of processes */
  PetscReal bytes;          /* kept, this rank */
  PetscReal blocks;         /* 3x3 blocks above the diagonal, all ranks */
  bool      kept;
} CollisionCost;

PetscErrorCode CollisionRegisterKeys(void);
/* electrons, phonons: states that processes name, NULL when there are none; unknowns: CHANNEL_ON_*, the species out of equilibrium. Borrows channels, states. Collective. */
PetscErrorCode CollisionCreate(MPI_Comm comm, Deck deck, States electrons, States phonons, unsigned unknowns, PetscInt nchannels, Channel *channels, Collision *collision);
PetscErrorCode CollisionDestroy(Collision *collision);
/* Deal the wedge points, enumerate all channels that do not depend on the point. Collective. */
PetscErrorCode CollisionSetUp(Collision collision);
/*
  The same in steps, for runs that save what they have found on the way: Begin deals; Restore* hand over what an earlier run saved of this rank's points; Enumerate goes on
  until all ranks are done, `seconds` have passed, or a stop is asked for (StopPending), whichever comes first; End. Collective, but for Restore*.
*/
PetscErrorCode CollisionBegin(Collision collision);
PetscErrorCode CollisionEnumerate(Collision collision, PetscReal seconds, bool *done);
PetscErrorCode CollisionEnd(Collision collision);
/* Processes of one point-independent channel whose first members are at a wedge point. batch: of the pieces in turn; borrowed until CollisionMarkSaved. */
typedef struct {
  PetscInt            channel, point;
  const ProcessBatch *batch;
} CollisionPiece;
/* What this rank has kept since CollisionMarkSaved, before CollisionEnd or after: its finished points (channel, wedge point), and the next of their pieces (*position NULL at first, and again after the
   last; those are finished points' alone). kept: false when processes do not fit in memory, nothing is to be saved then. Not collective. */
PetscErrorCode CollisionGetFresh(Collision collision, PetscInt *npoints, const PetscInt (**points)[2], bool *kept);
PetscErrorCode CollisionNextFresh(Collision collision, void **position, CollisionPiece *piece);
PetscErrorCode CollisionMarkSaved(Collision collision);
/* Whether a point-independent channel's wedge point is this rank's and not finished yet; take over one of its pieces; it is finished. Not collective. */
PetscErrorCode CollisionWants(Collision collision, PetscInt channel, PetscInt point, bool *wanted);
PetscErrorCode CollisionRestore(Collision collision, const CollisionPiece *piece);
PetscErrorCode CollisionRestoreDone(Collision collision, PetscInt channel, PetscInt point);
PetscErrorCode CollisionGetCost(Collision collision, CollisionCost *cost);
/* How often this rank has gone through its processes or blocks since the collision was made, and the processor time of it. */
typedef struct {
  PetscInt  rates, scans, fills, applications;
  PetscReal rates_s, scans_s, fills_s, applications_s;
  PetscReal moving_s; /* to find those of channels that depend on the point */
} CollisionWork;
PetscErrorCode CollisionGetWork(Collision collision, CollisionWork *work);

/*
  CollisionSetUpSample - instead of CollisionSetUp, for a forecast, on one rank: the processes of some wedge points alone, drawn evenly over the points in the order of their work, until
  `seconds` of processor time or `bytes` of processes are spent, but `least` points or all. All unknowns are rows of this rank, so that the sample is a collision operator like any
  other, as large as the whole in its states. point: for channels that depend on it.
*/
typedef struct { /* whole operator, from the sample */
  bool      complete;                  /* the sample is everything */
  PetscReal share;                     /* of the kept processes that is in the sample */
  PetscReal processes, bytes, seconds; /* kept ones, and the processor time to find them */
  PetscReal moving, moving_bytes, moving_seconds; /* those of channels that depend on the point, at each point */
  PetscReal pairs, moving_pairs;       /* pairs of unknowns, all processes */
  PetscReal deal_seconds;              /* to weigh the points */
  PetscReal largest;                   /* share of the work of the heaviest point */
} CollisionSample;
PetscErrorCode CollisionSetUpSample(Collision collision, const StatesPoint *point, PetscReal seconds, PetscReal bytes, PetscInt least, CollisionSample *sample);
/*
  CollisionCountBlocks - after CollisionSetUpSample and CollisionSetPoint: coupled pairs that a rank holds to which each share[i] of all wedge points is dealt, blocks [n]. Found
  in the sample, each with the number of points that it is met from; beyond the sample's own share by the law of such counts (src/collision/incidence.c).
*/
PetscErrorCode CollisionCountBlocks(Collision collision, PetscInt n, const PetscReal *share, PetscReal *blocks);
/* Bytes in which a rank with so many processes finds the places of so many blocks. Not collective. */
PetscReal      CollisionTableBytes(PetscReal unknowns, PetscReal processes, PetscReal blocks);
/* Go to a thermodynamic point: weights, point-dependent channels, rates. Collective. */
PetscErrorCode CollisionSetPoint(Collision collision, const StatesPoint *point);

/* Unknowns of this rank: states[begin + i], i < nlocal, of one species; local row 3 (begin + i) + c is component c. begin, nlocal, states may be NULL. Borrowed. */
PetscErrorCode CollisionGetLocalStates(Collision collision, Species species, PetscInt *begin, PetscInt *nlocal, const PetscInt **states);
/* Unknown (row / 3 of the operator, all ranks) of a wedge state of a species. Not collective. */
PetscErrorCode CollisionGetRow(Collision collision, Species species, PetscInt state, PetscInt *row);
/* A vector with the layout of the operator (3 per state). */
PetscErrorCode CollisionCreateVec(Collision collision, Vec *v);
/* x <- P x: the part of a response that the little group of its point allows. Drives must have no other. Not collective. */
PetscErrorCode CollisionProject(Collision collision, Vec x);
/* 1/tau of this rank's unknowns (local row / 3), all channels (channel < 0) or one; of one part of a channel (ChannelType.part). Borrowed, valid
   until the next point. */
PetscErrorCode CollisionGetRates(Collision collision, PetscInt channel, const PetscReal **rates);
PetscErrorCode CollisionGetPartRates(Collision collision, PetscInt channel, int part, const PetscReal **rates);
/* Let only one channel act (< 0: all again), at the present point: what Matthiessen's rule compares. Collective. */
PetscErrorCode CollisionRestrict(Collision collision, PetscInt channel);
/* Multiplicity of a species in the unknowns, z_a = sqrt(multiplicity N_a) y_a: 1, or for phonons beside electrons (N_k/g_s)/N_q. Not collective. */
PetscErrorCode CollisionGetMultiplicity(Collision collision, Species species, PetscReal *multiplicity);
PetscErrorCode CollisionGetChannelCount(Collision collision, PetscInt *n);
/* The point of the last CollisionSetPoint; kT = 0 before. Borrowed. */
PetscErrorCode CollisionGetPoint(Collision collision, const StatesPoint **point);
/* Weights w_a of all wedge states of a species at this point. Borrowed. */
PetscErrorCode CollisionGetWeights(Collision collision, Species species, const PetscReal **weights);
/* The assembled operator at this point (MATAIJ); reassembled in place at each call after CollisionSetPoint. Borrowed. Collective.
   States without any scattering have a unit diagonal. */
PetscErrorCode CollisionGetOperator(Collision collision, Mat *A);
/* Whether the operator's blocks fit in collision.memory beside the kept processes, on every rank. Collective. */
PetscErrorCode CollisionOperatorFits(Collision collision, bool *fits);
/* The same operator without a PETSc matrix (MATSHELL), good at this point: from its 3x3 blocks, each rank holding what its own processes add to them
   (80 bytes a pair of states); or by replaying processes, nothing stored. Caller destroys. Collective. */
typedef enum { COLLISION_BLOCKS, COLLISION_REPLAY } CollisionApply;
PetscErrorCode CollisionCreateShell(Collision collision, CollisionApply how, Mat *A);
/* diag(1/tau) three times per state: the Jacobi preconditioner, and Richardson's (Omini-Sparavigna). Borrowed. Collective. */
PetscErrorCode CollisionGetDiagonal(Collision collision, Mat *D);
/* Largest |sum_b A_ab w_b| / (2 w_a / tau_a) at this point, 0 when one-member processes take part: round-off when every process conserves charge. Not collective. */
PetscErrorCode CollisionChargeDefect(Collision collision, PetscReal *defect);
/* |A n| / |D n| at this point for phi = energy, n_a = w_a e_a, bosons of the bath counted with what they carry: what energy conservation within the
   width of the delta functions leaves; one-member processes (walls) left out. Not collective. */
PetscErrorCode CollisionEnergyDefect(Collision collision, PetscReal *defect);
/* The states of a species that processes name, NULL without. Borrowed. */
PetscErrorCode CollisionGetStates(Collision collision, Species species, States *states);
/* true when any one-member process (wall, relaxation time) takes part. */
PetscErrorCode CollisionHasWalls(Collision collision, bool *walls);

/*
  CollisionCreateInterpolation - phi of the fine collision's phonons from those of a coarser mesh, of which the fine one is a multiple in each direction:
  phi_f = sum_c P_fc S_c phi_c, branch by branch (branches counted by frequency, at crossings too), linear in the tetrahedra of the coarse mesh,
  averaged over the tilings that the crystal's operations make of them (MeshStencil). Modes that are no unknowns (acoustic ones at q = 0) have phi = 0. What is
  linear in q is interpolated exactly: crystal momentum. Rows: 3 per local phonon of `fine`. A mesh that does not divide the other is an argument error.
  inside: membership of the fine wedge's points in a region that is resolved (PhononPartition), or NULL. Where it is 1 the fine phonons are unknowns
  themselves, refined [nrefined] local ones of `fine`, and stand for the coarse ones at the same q. Columns: on each rank 3 per coarse phonon of `coarse`,
  then 3 per refined one. weights: P_fc alone, states by states. Caller destroys the matrices and frees refined. Collective.
*/
PetscErrorCode CollisionCreateInterpolation(Collision fine, Collision coarse, const PetscReal *inside, PetscInt *nrefined, PetscInt **refined, Mat *P, Mat *weights);

/* --- recording sink, for tests of channels: keeps everything it is handed (src/collision/record.c) */
typedef struct {
  PetscInt   count, capacity;
  int        nmembers;
  Species    species[PROCESS_MAX_MEMBERS];
  signed char s[PROCESS_MAX_MEMBERS];
  int32_t   *state[PROCESS_MAX_MEMBERS];
  uint8_t   *op[PROCESS_MAX_MEMBERS];
  PetscReal *energy[PROCESS_MAX_MEMBERS], *kernel;
} ProcessRecord; /* one shape; zero-initialize */
PetscErrorCode ProcessRecordSink(ProcessRecord *record, ProcessSink *sink);
PetscErrorCode ProcessRecordDestroy(ProcessRecord *record);

#endif
