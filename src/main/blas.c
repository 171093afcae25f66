/*
  OpenBLAS picks its kernels when it is loaded. A version older than the processor does not know it and falls back to the SSE3 kernels of
  2004, four to eight times slower. The choice can only be changed by the environment, so the program starts itself again with it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "commands.h"

void BlasSelectKernel(char **argv)
{
#if defined(__x86_64__)
  const char *kernel = NULL;

  if (getenv("OPENBLAS_CORETYPE") || strcasecmp(openblas_get_corename(), "Prescott")) return;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) kernel = "SkylakeX";
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernel = "Haswell";
  if (!kernel || setenv("OPENBLAS_CORETYPE", kernel, 1)) return;
  execv("/proc/self/exe", argv); /* returns only when it fails: go on with the slow kernels */
#else
  (void)argv;
#endif
}
