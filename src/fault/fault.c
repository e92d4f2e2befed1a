/* SPDX-License-Identifier: MIT */
/* What a fault is like as a whole. */
#include "fault/fault.h"

#include "fault/expect.h"

static const char *const clients[EXPECT_CLIENTS] = {
	[EXPECT_SUCCEEDS] = "succeeds",
	[EXPECT_REFUSES] = "refuses",
	[EXPECT_RETRIES] = "retries",
	[EXPECT_POLLS] = "polls",
	[EXPECT_FALLS_BACK] = "falls-back",
};

const char *
expect_client_name(enum expect_client c)
{
	return (unsigned)c < EXPECT_CLIENTS ? clients[c] : "unknown";
}

bool
fault_needs_answer(const struct fault *f)
{
	return !f->reply.on && !f->has_raw && f->raw_junk == 0 &&
	    f->hang != FAULT_HANG_SILENT && f->cut_at != FAULT_AT_START &&
	    !fault_is_connection(f);
}

bool
fault_commits(const struct fault *f)
{
	return f->has_commit ? f->commit : fault_needs_answer(f);
}

bool
fault_is_connection(const struct fault *f)
{
	return f->tls.on || f->cut_at == FAULT_AT_ACCEPT;
}

static bool
any_minted(const struct fault_cert *certs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (certs[i].twist != NULL ||
		    certs[i].ref == FAULT_CERT_UNRELATED)
			return true;
	}
	return false;
}

bool
fault_needs_worker(const struct fault *f)
{
	return f->cacert.on &&
	    any_minted(f->cacert.certs, f->cacert.cert_count);
}
