/* SPDX-License-Identifier: MIT */
/*
 * SetupMsi.log: how the installation of the Intune connector ended, which
 * brings the policy module. The success lines are those of the article; no
 * other outcome has them.
 */
#ifndef NDES_SETUP_LOG_H
#define NDES_SETUP_LOG_H

#include "base/buf.h"
#include "ndes/host.h"

/* The whole log of an installation that ended at this time. Appended. */
void setup_log_text(struct buf *out, const struct host *host, int64_t now_ms);

#endif
