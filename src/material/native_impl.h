/*
  The native material file (docs/material-file.md). One table lists every dataset but the coupling; writer and reader walk it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_NATIVE_IMPL_H
#define UMKLAPP_NATIVE_IMPL_H

#include "wannier_impl.h"
#include <hdf5.h>

#define NATIVE_FORMAT  "umklapp material"
#define NATIVE_VERSION 1
#define NATIVE_RANK    5 /* most axes of a dataset */

typedef struct {
  const char *path, *units, *axes, *description;
  bool        integer, optional;
  /* From the source's head: shape (0-terminated) and address of the data pointer's target; 0 axes: a scalar. */
  int         rank;
  hsize_t     shape[NATIVE_RANK];
  void       *data;      /* what is written; for the reader: where the numbers go (head members) or NULL */
  void      **allocate;  /* reader: allocated and stored here when not NULL */
} NativeItem;

/* Values of attribute `interpolation`, in the order of Interpolation, and names of the attributes of head.moved */
extern const char *const native_interpolation[3];
extern const char *const native_moved[4];

/* The items of `s`, whose head holds the sizes. Not collective. */
int NativeItems(WannierSource *s, int most, NativeItem *items);

#endif
