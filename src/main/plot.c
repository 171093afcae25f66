/* `umklapp plot RESULTS`: hands the file to plot.py, installed beside the program or in its source folder. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "commands.h"
#include "place.h"

extern char **environ;

/* BIN/../share/umklapp/plot.py when installed, else the source folder's. */
static PetscErrorCode FindScript(char *script, size_t size)
{
  char    self[PETSC_MAX_PATH_LEN], *slash;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

  if (n > 0) {
    self[n] = 0;
    slash   = strrchr(self, '/');
    if (slash) *slash = 0;
    snprintf(script, size, "%s/../%s/umklapp/plot.py", self, UMKLAPP_DATADIR);
    if (!access(script, R_OK)) return 0;
  }
  snprintf(script, size, "%s", UMKLAPP_PLOT_SOURCE);
  if (!access(script, R_OK)) return 0;
  return InputErrorAt(NULL, 0, "plot.py is not installed: neither in ../%s/umklapp beside the program nor at %s", UMKLAPP_DATADIR, UMKLAPP_PLOT_SOURCE);
}

PetscErrorCode CommandPlot(const Arguments *a)
{
  char  script[2 * PETSC_MAX_PATH_LEN];
  char *words[] = {(char *)UMKLAPP_PYTHON, script, (char *)a->operand[0], NULL};
  int   rank, status = 0, error;
  pid_t child;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank) return 0;
  PetscCall(FindScript(script, sizeof script));
  error = posix_spawn(&child, words[0], NULL, NULL, words, environ);
  if (error) return InputErrorAt(NULL, 0, "%s: %s (plots need Debian's python3-matplotlib and python3-h5py)", words[0], strerror(error));
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 2 ? UMK_ERR_INPUT : PETSC_ERR_LIB; /* the script has said why */
}
