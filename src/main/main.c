/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/base.h"
int main(void) { return 0; }
