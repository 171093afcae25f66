/* What log.c and progress.c share. Private to src/base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_BASE_LOG_IMPL_H
#define UMKLAPP_BASE_LOG_IMPL_H

#include "umklapp/base.h"

int  LogGetLevel(void);
bool LogIsOpen(void); /* on this rank */
/* Rank 0: a text to standard output, to the log, or both; it ends its line when the text does not. */
void LogPut(bool screen, bool log, const char *text);
/* Rank 0: in the terminal's last line, until something else is printed; nothing when quiet. */
void LogLive(const char *text);

#endif
