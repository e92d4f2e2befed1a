/* SPDX-License-Identifier: MIT */
/*
 * A sound PKCSReq or RenewalReq. Signed by a certificate that this CA issued
 * and that stands, it is a renewal whatever its type, and needs no challenge
 * (a wrong one in it is ignored: clients send the one of the first time). A
 * RenewalReq signed otherwise is refused; a PKCSReq needs its challenge.
 *
 * The order is challenge, policy module, CA: a challenge that is held while
 * the others say no is given back.
 *
 * Chosen, since it is not established: a signer that this CA issued but that
 * is out of date or revoked is refused (event 28) even with a good challenge;
 * SCEP_ERROR for a bad password is 0x80070056, "the password is not correct";
 * the policy module is asked about enrolments only, since a renewal has no
 * challenge that the registration point could verify.
 */
#include "ndes/decide.h"

#include <inttypes.h>
#include <stdio.h>

#include "pki/oid.h"

#define E_RETRIEVE 17
#define E_RENEWAL 28
#define E_PASSWORD 29
#define E_SUBMIT 31

#define NAME_MAX_BYTES 8192
#define BACKDATE_S 600 /* AD CS lets certificates begin ten minutes ago */

/* ---- template ---- */

const char *
ndes_template(const struct host *host, const struct pki_csr *csr)
{
	struct pki_ext ext;
	int usage = 0;

	if (pki_csr_extension(csr, pki_oid_key_usage, &ext))
		usage = pki_key_usage_read(ext.value);
	if (usage < 0)
		usage = 0; /* malformed: as if there were none */
	usage &= PKI_KU_DIGITAL_SIGNATURE | PKI_KU_KEY_ENCIPHERMENT;
	if (usage == PKI_KU_DIGITAL_SIGNATURE)
		return host->registry.signature_template;
	if (usage == PKI_KU_KEY_ENCIPHERMENT)
		return host->registry.encryption_template;
	return host->registry.general_purpose_template;
}

/* ---- renewal ---- */

/* Names that read alike are alike: string types differ between clients' libraries. */
static bool
same_name(struct bytes a, struct bytes b)
{
	struct buf ta, tb;
	bool same;

	if (bytes_eq(a, b))
		return true;
	buf_init(&ta, NAME_MAX_BYTES);
	buf_init(&tb, NAME_MAX_BYTES);
	pki_name_text(&ta, a);
	pki_name_text(&tb, b);
	same = buf_ok(&ta) && buf_ok(&tb) && ta.n > 0 &&
	    bytes_eq_nocase(buf_bytes(&ta), buf_bytes(&tb));
	buf_clear(&ta);
	buf_clear(&tb);
	return same;
}

static const struct ndes_refusal standing_refusals[] = {
	[CA_NOT_OURS] = { SCEP_BAD_REQUEST, HRESULT_INVALID_ARGUMENT, E_RENEWAL,
	    "a RenewalReq must be signed with a certificate that this CA "
	    "issued; enroll anew with a PKCSReq and a challenge",
	    NULL },
	[CA_EXPIRED] = { SCEP_BAD_REQUEST, HRESULT_EXPIRED, E_RENEWAL,
	    "the certificate that signed the renewal has expired; enroll "
	    "anew with a self-signed certificate and a challenge",
	    NULL },
	[CA_NOT_YET_VALID] = { SCEP_BAD_REQUEST, HRESULT_EXPIRED, E_RENEWAL,
	    "the certificate that signed the renewal is not valid yet; wait, "
	    "or set the clock",
	    NULL },
	[CA_REVOKED] = { SCEP_BAD_REQUEST, HRESULT_REVOKED, E_RENEWAL,
	    "the certificate that signed the renewal is revoked; enroll anew "
	    "with a self-signed certificate and a challenge",
	    NULL },
};

static const struct ndes_refusal subject_refusal = { SCEP_BAD_REQUEST,
	HRESULT_BAD_SUBJECT, E_RENEWAL,
	"the renewal asks for another subject than the old certificate has; "
	"keep the subject, or set registry.DisableRenewalSubjectNameMatch",
	"registry.DisableRenewalSubjectNameMatch" };

/* Is the request allowed as a renewal, or refused as one? Neither: it needs a challenge. */
static void
judge_renewal(struct ndes_exchange *x, enum ca_standing standing)
{
	const struct scep_message *m = &x->message;

	if (standing == CA_STANDS) {
		x->outcome.renewal = true;
		x->outcome.challenge = CHALLENGE_NOT_NEEDED;
		if (x->host->registry.disable_renewal_subject_name_match == 0 &&
		    !same_name(m->csr.subject, m->signer.subject))
			ndes_refuse(x, &subject_refusal);
	} else if (standing != CA_NOT_OURS || m->type == SCEP_RENEWALREQ) {
		ndes_refuse(x, &standing_refusals[standing]);
	}
}

/* ---- challenge ---- */

static const char *const challenge_whys[CHALLENGE_STATES] = {
	[CHALLENGE_MISSING] =
	    "the PKCS#10 has no challengePassword; put one from the "
	    "mscep_admin page into it",
	[CHALLENGE_WRONG] =
	    "the challengePassword was never given out here; fetch one from "
	    "the mscep_admin page",
	[CHALLENGE_USED] =
	    "the challengePassword has been used already; fetch a new one "
	    "from the mscep_admin page",
	[CHALLENGE_EXPIRED] =
	    "the challengePassword is older than registry.PasswordValidity; "
	    "fetch a new one from the mscep_admin page",
};

static const char other_node[] =
    "the challengePassword is not known here: the passwords are on another "
    "node behind the load balancer (mscep.passwords)";

/* Look the password up, and hold it when it is a good one. */
static enum challenge_state
hold_challenge(struct ndes_exchange *x)
{
	const struct host *h = x->host;
	struct bytes text = x->message.challenge;

	if (h->mscep.passwords == HOST_PASSWORDS_ON_OTHER_NODE && text.n > 0)
		return CHALLENGE_WRONG;
	return challenge_hold(
	    x->dep->challenges, text, h, env_now_ms(x->dep->env));
}

static void
judge_challenge(struct ndes_exchange *x)
{
	const struct host *h = x->host;
	struct ndes_refusal refusal = {
		.fail_info = (int)h->mscep.bad_password_fail_info,
		.hresult = HRESULT_INVALID_PASSWORD,
		.event_id = E_PASSWORD,
	};

	if (h->registry.enforce_password == 0) {
		x->outcome.challenge = CHALLENGE_NOT_NEEDED;
		return;
	}
	x->outcome.challenge = hold_challenge(x);
	refusal.why = challenge_whys[x->outcome.challenge];
	if (x->outcome.challenge == CHALLENGE_EXPIRED)
		refusal.key = "registry.PasswordValidity";
	if (x->outcome.challenge == CHALLENGE_WRONG &&
	    h->mscep.passwords == HOST_PASSWORDS_ON_OTHER_NODE) {
		refusal.why = other_node;
		refusal.key = "mscep.passwords";
	}
	if (refusal.why != NULL)
		ndes_refuse(x, &refusal);
}

/* ---- CA ---- */

/* The CA logs what it denied under the number of the request. */
static void
note_denial(struct ndes_exchange *x, const struct ca_answer *answer)
{
	char number[24], code[HRESULT_TEXT_SIZE];

	snprintf(number, sizeof(number), "%" PRIu64, answer->request_id);
	hresult_full(answer->hresult, code);
	ndes_note_event(
	    x, EVENT_CA_DENIED, number, hresult_text(answer->hresult), code);
}

/* What of the model a denial of the CA's comes from. */
static const char *
key_of_denial(uint32_t hresult)
{
	static const struct {
		uint32_t hresult;
		const char *key;
	} rows[] = {
		{ HRESULT_UNSUPPORTED_TEMPLATE, "ca.template_published" },
		{ HRESULT_TEMPLATE_DENIED, "account.enroll" },
		{ HRESULT_KEY_LENGTH, "ca.minimum_key_size" },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		if (rows[i].hresult == hresult)
			return rows[i].key;
	}
	return NULL;
}

static void
refused_by_ca(struct ndes_exchange *x, const struct ca_answer *answer)
{
	struct ndes_outcome *o = &x->outcome;
	struct ndes_refusal refusal = {
		.fail_info = (int)x->host->mscep.ca_refusal_fail_info,
		.hresult = answer->hresult,
		.event_id = E_SUBMIT,
		.why = o->why,
		.key = key_of_denial(answer->hresult),
	};

	snprintf(o->why, sizeof(o->why), "the CA refused (0x%08lx): %s",
	    (unsigned long)answer->hresult,
	    answer->reason == NULL ? "no reason given" : answer->reason);
	note_denial(x, answer);
	ndes_refuse(x, &refusal);
	x->answered_by = NDES_LAYER_CA;
}

static void
ca_is_down(struct ndes_exchange *x)
{
	static const struct ndes_refusal refusal = { SCEP_BAD_REQUEST,
		HRESULT_RPC_SERVER_UNAVAILABLE, E_SUBMIT,
		"the CA cannot be reached (0x800706ba): its service is not "
		"running (ca.running)",
		"ca.running" };

	ndes_reject(x, &refusal, x->host->mscep.ca_unreachable);
	x->answered_by = NDES_LAYER_CA;
}

static int
submit(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	const struct host *h = x->host;
	struct ndes_outcome *o = &x->outcome;
	struct ca_request rq = {
		.csr = &x->message.csr,
		.key = x->message.csr_key,
		.template_name = ndes_template(h, &x->message.csr),
		.transaction_id = x->message.transaction_id,
		.valid_s = h->ca.validity_ms / 1000,
		.backdate_s = BACKDATE_S,
		.withdrawn = !h->ca.template_published,
		.may_enroll = h->account.enroll,
		.minimum_key_size = (unsigned)h->ca.minimum_key_size,
		.twist = x->twist,
		.dry = x->dry,
	};

	if (o->renewal)
		rq.previous = x->message.signer.der;

	o->template_name = rq.template_name;
	if (!h->ca.running) {
		ca_is_down(x);
		return 0;
	}
	if (ca_issue(x->dep->ca, ctx, x->dep->material, &rq, &o->ca, e) == -1)
		return -1;
	if (o->ca.issued)
		o->decision = NDES_ISSUED;
	else
		refused_by_ca(x, &o->ca);
	return 0;
}

/* ---- all of it ---- */

/* The reply is enveloped for the signer's key, so that must be one that can be. */
static bool
refuse_key(struct ndes_exchange *x)
{
	static const struct ndes_refusal refusal = { SCEP_BAD_ALG,
		HRESULT_BAD_ALGORITHM, E_RETRIEVE,
		"the signer's key is not RSA, so no reply can be encrypted "
		"to it; sign with an RSA key",
		NULL };

	if (x->message.signer_key != NULL &&
	    pki_key_is_rsa(x->message.signer_key))
		return false;
	ndes_refuse(x, &refusal);
	return true;
}

/* A request that is good so far: policy module, CA, and the report of what came of it. */
static int
process(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	bool asks = host_policy_active(x->host) && !x->outcome.renewal;

	if (asks && !ndes_policy_verify(x))
		return 0;
	if (submit(x, ctx, e) == -1)
		return -1;
	if (asks)
		ndes_policy_notify(x);
	return 0;
}

int
ndes_enroll(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	struct ndes_outcome *o = &x->outcome;
	enum ca_standing standing;
	int rc;

	if (refuse_key(x))
		return 0;
	if (ca_standing(x->dep->ca, ctx, x->dep->material, &x->message.signer,
		&standing, e) == -1)
		return -1;
	judge_renewal(x, standing);
	if (o->decision == NDES_UNDECIDED && !o->renewal)
		judge_challenge(x);
	if (o->decision != NDES_UNDECIDED)
		return 0;
	rc = process(x, ctx, e);
	if (o->challenge == CHALLENGE_GOOD)
		challenge_settle(x->dep->challenges, x->message.challenge,
		    !x->dry &&
			(o->decision == NDES_ISSUED ||
			    (rc == 0 &&
				x->host->mscep.password_consumed ==
				    HOST_CONSUME_SEEN)));
	return rc;
}
