/* SPDX-License-Identifier: MIT */
/*
 * The server's side of NTLM (MS-NLMP): messages in, messages out. Knows
 * nothing of HTTP, of connections and of who may do what.
 *
 * Done here rather than by GSSAPI with gss-ntlmssp. That knows users only
 * from a file of DOMAIN:user:password lines, so the password would have to lie
 * on disk and a client that names another domain, as clients do, is refused;
 * and it takes its server's names from the environment of the process, which
 * several of our servers share.
 */
#ifndef NDES_NTLM_H
#define NDES_NTLM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "pki/ntlm_crypto.h"

#define NDES_NTLM_CHALLENGE 8
#define NDES_NTLM_NEGOTIATE_MAX 1024 /* a real one is below 100 bytes */

enum ndes_ntlm_type {
	NDES_NTLM_NONE, /* no NTLM message at all */
	NDES_NTLM_TYPE_NEGOTIATE,
	NDES_NTLM_TYPE_CHALLENGE,
	NDES_NTLM_TYPE_AUTHENTICATE,
};

enum ndes_ntlm_verdict {
	NDES_NTLM_MALFORMED, /* or altered on the way */
	NDES_NTLM_WRONG, /* sound, but not made with this password */
	NDES_NTLM_RIGHT,
};

/* One authentication, from its challenge on. */
struct ndes_ntlm {
	bool challenged; /* a challenge is out and not yet answered */
	uint8_t challenge[NDES_NTLM_CHALLENGE];
	struct buf
	    exchanged; /* the first two messages, which the third one's MIC covers */
	uint32_t flags; /* of the third message */
	uint8_t
	    key[PKI_NTLM_KEY]; /* ExportedSessionKey, after NDES_NTLM_RIGHT */
};

/* Who logs on, in UTF-8, as sent; in the arena. */
struct ndes_ntlm_logon {
	struct bytes domain, user;
};

void ndes_ntlm_init(struct ndes_ntlm *s);
void ndes_ntlm_clear(struct ndes_ntlm *s); /* accepts a zeroed struct */

enum ndes_ntlm_type ndes_ntlm_type(struct bytes token);

/* Answer the first message; the second is then at the end of out. -1: the first is malformed, or memory or chance ran out. */
MUST_USE int ndes_ntlm_challenge(struct ndes_ntlm *s, struct bytes negotiate,
    const char *hostname, const struct env *env, struct buf *out);

/* Judge the third message. Either way the challenge is used up. logon is filled unless malformed. */
enum ndes_ntlm_verdict ndes_ntlm_accept(struct ndes_ntlm *s,
    struct bytes authenticate, const char *password, struct arena *a,
    struct ndes_ntlm_logon *logon);

/* The MAC that this side (or the client) gives its first signed text; false when what was agreed on has no such MAC. */
bool ndes_ntlm_mac(const struct ndes_ntlm *s, bool client, struct bytes text,
    uint8_t mac[PKI_NTLM_KEY]);

#endif
