/* SPDX-License-Identifier: MIT */
/* The client's mistakes and peculiarities: of HTTP, of base64, of CMS, of the request inside. */
#include "server/findings.h"

#include "http/base64.h"
#include "http/query.h"
#include "ndes/product.h"
#include "scenario/near.h"

#define ADMIN_PATH "/certsrv/mscep_admin/"
#define SCEP_PATH "/certsrv/mscep/mscep.dll"
#define SCEP_TYPE "application/x-pki-message"

struct finding_in {
	struct findings *out;
	struct ndes_exchange *x;
};

static void
add(struct finding_in *in, const struct journal_finding *f)
{
	if (in->out->n < FINDINGS_MAX)
		in->out->all[in->out->n++] = *f;
}

static void
wrong(struct finding_in *in, const char *rfc, const char *what,
    const char *advice)
{
	add(in, &(struct journal_finding){ true, rfc, what, advice });
}

static void
peculiar(struct finding_in *in, const char *rfc, const char *what,
    const char *advice)
{
	add(in, &(struct journal_finding){ false, rfc, what, advice });
}

/* ---- what was announced ---- */

static bool
lists(const char *const *names, const char *token)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, token) == 0)
			return true;
	}
	return false;
}

static bool
has_item(const struct host_list *l, const char *token)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->item[i], token) == 0)
			return true;
	}
	return false;
}

/* Does GetCACaps of this deployment list it? */
static bool
announces(const struct host *h, const char *token)
{
	const struct ndes_product *p = ndes_product(h);

	if (h->caps.tokens.count > 0)
		return has_item(&h->caps.tokens, token);
	if (lists(p->caps, token))
		return true;
	if (h->registry.ca_capabilities_algorithms.count > 0)
		return has_item(&h->registry.ca_capabilities_algorithms, token);
	return lists(p->caps_algorithms, token);
}

/* ---- nothing of ours ---- */

static void
look_for_operation(struct finding_in *in)
{
	static const char *const known[] = { "GetCACaps", "GetCACert",
		"PKIOperation", "GetNextCACert" };
	struct ndes_exchange *x = in->x;
	struct bytes value = bytes_of(NULL, 0);
	struct near near;
	const char *what;

	(void)http_query_find(x->rq.query, "operation", &value);
	near_start(&near, value);
	for (size_t i = 0; i < nitems(known); i++)
		near_offer(&near, bytes_str(known[i]));
	if (near.best.n > 0)
		in->out->nearest = arena_printf(&x->arena, "operation=%.*s",
		    (int)near.best.n, (const char *)near.best.p);
	what = arena_printf(&x->arena, "operation=%.*s is none of SCEP's.",
	    (int)(value.n > 64 ? 64 : value.n),
	    value.p == NULL ? "" : (const char *)value.p);
	wrong(in, "RFC 8894 4.1",
	    what == NULL ? "The operation is none of SCEP's." : what,
	    "Ask for GetCACaps, GetCACert, PKIOperation or GetNextCACert, "
	    "spelt so.");
}

static void
look_for_path(struct finding_in *in)
{
	static const char *const known[] = { SCEP_PATH,
		SCEP_PATH "/pkiclient.exe", "/certsrv/mscep/", ADMIN_PATH };
	struct ndes_exchange *x = in->x;
	struct near near;

	near_start(&near, x->stem);
	for (size_t i = 0; i < nitems(known); i++)
		near_offer(&near, bytes_str(known[i]));
	if (near.best.n > 0)
		in->out->nearest = arena_printf(&x->arena, "%s%.*s",
		    x->url_prefix, (int)near.best.n, (const char *)near.best.p);
	wrong(in, "", "Nothing of the deployment has this path.",
	    "SCEP is at " SCEP_PATH ", the password page at " ADMIN_PATH ".");
}

/* ---- HTTP ---- */

static bool
takes_post(const struct host *h)
{
	return ndes_product(h)->post == NDES_POST_READ &&
	    (announces(h, "POSTPKIOperation") || announces(h, "SCEPStandard"));
}

static void
look_at_type(struct finding_in *in)
{
	const struct http_header *type =
	    http_request_header(&in->x->rq, "Content-Type");

	if (type == NULL)
		peculiar(in, "RFC 8894 4.3",
		    "The POST has no Content-Type; some servers then read no "
		    "body.",
		    "Send Content-Type: " SCEP_TYPE ".");
	else if (!bytes_starts_nocase(type->value, BYTES_LIT(SCEP_TYPE)))
		peculiar(in, "RFC 8894 4.3",
		    "The Content-Type of the POST is not " SCEP_TYPE ".",
		    "Send Content-Type: " SCEP_TYPE ".");
}

/* "MI" are the first two octets of a long SEQUENCE in base64; as octets they begin no message. */
static void
look_at_body(struct finding_in *in)
{
	const struct bytes body = in->x->rq.body;

	if (bytes_starts_nocase(body, BYTES_LIT("message=")))
		wrong(in, "RFC 8894 4.1",
		    "The body of the POST is a form with message=.",
		    "Send the DER of the message as the body, as it is.");
	else if (body.n > 2 && body.p[0] == 'M' && body.p[1] == 'I')
		wrong(in, "RFC 8894 4.1", "The body of the POST is base64.",
		    "Send the DER itself; base64 is for message= of a GET.");
}

static void
look_at_spelling(struct finding_in *in)
{
	struct bytes value;

	if (!http_query_find(in->x->rq.query, "operation", &value))
		return;
	for (int op = NDES_OP_GETCACAPS; op <= NDES_OP_PKIOPERATION; op++) {
		struct bytes name = bytes_str(ndes_op_name((enum ndes_op)op));

		if (bytes_eq_nocase(value, name) && !bytes_eq(value, name))
			wrong(in, "RFC 8894 4.1",
			    "The operation is spelt in another letter case, "
			    "which other servers do not know.",
			    "Spell it as the RFC does.");
	}
}

static void
look_at_http(struct finding_in *in)
{
	const struct http_request *rq = &in->x->rq;

	if (bytes_eq(rq->version, BYTES_LIT("HTTP/1.1")) &&
	    http_request_header(rq, "Host") == NULL)
		wrong(in, "RFC 9112 3.2",
		    "The request is HTTP/1.1 and has no Host.", "Send Host.");
	look_at_spelling(in);
	if (in->x->op == NDES_OP_BROWSE && rq->body.n > 0)
		wrong(in, "RFC 8894 4.3",
		    "A message was sent without operation=PKIOperation.",
		    "Put ?operation=PKIOperation behind the path, also with "
		    "POST.");
	if (in->x->op != NDES_OP_PKIOPERATION)
		return;
	if (rq->method == HTTP_POST && rq->body.n > 0) {
		look_at_type(in);
		look_at_body(in);
	}
	if (rq->method == HTTP_GET && takes_post(in->x->host))
		wrong(in, "RFC 8894 4.1",
		    "The message came by GET, although GetCACaps lists "
		    "POSTPKIOperation.",
		    "Send it as the body of a POST.");
}

/* ---- base64 ---- */

static void
look_at_base64(struct finding_in *in)
{
	static const struct {
		unsigned liberty;
		const char *rfc, *what, *advice;
	} rows[] = {
		{ HTTP_BASE64_BLANK_FOR_PLUS, "RFC 8894 4.1",
		    "Blanks stand in message= where '+' should.",
		    "Escape '+' as %2B." },
		{ HTTP_BASE64_URL_ALPHABET, "RFC 8894 4.1",
		    "message= has the alphabet of base64url.",
		    "Use base64 of RFC 4648 section 4, percent-encoded." },
		{ HTTP_BASE64_LINE_BREAKS, "RFC 4648 3.1",
		    "There are line breaks in the base64 of message=.",
		    "Send it on one line." },
		{ HTTP_BASE64_NO_PADDING, "RFC 4648 3.2",
		    "The base64 of message= lacks its final '='.",
		    "Send the padding, escaped as %3D." },
		{ HTTP_BASE64_ESCAPED_TWICE, "RFC 8894 4.1",
		    "message= is percent-encoded twice.", "Encode it once." },
	};
	struct ndes_exchange *x = in->x;

	for (size_t i = 0; i < nitems(rows); i++) {
		if ((x->base64_liberties & rows[i].liberty) != 0)
			wrong(in, rows[i].rfc, rows[i].what, rows[i].advice);
	}
	if (x->message_text.n > 0 && x->rq.method == HTTP_GET &&
	    memchr(x->message_text.p, '+', x->message_text.n) != NULL)
		wrong(in, "RFC 8894 4.1",
		    "A '+' stands unescaped in message=; many servers read it "
		    "as a blank.",
		    "Escape '+' as %2B.");
	if (x->base64_fault != NULL)
		wrong(in, "RFC 8894 4.1",
		    arena_printf(&x->arena,
			"message= is no base64 at offset %zu: %s.",
			x->base64_fault_at, x->base64_fault),
		    "Send base64 of the DER, percent-encoded.");
}

/* ---- the message ---- */

/* Where the RFCs say what a message of that verdict breaks. */
static const char *const verdict_rfc[SCEP_VERDICTS] = {
	[SCEP_NOT_ASN1] = "RFC 8894 3",
	[SCEP_TRUNCATED] = "RFC 8894 3",
	[SCEP_OVER_LIMIT] = "",
	[SCEP_NOT_SIGNED_DATA] = "RFC 8894 3.2",
	[SCEP_NO_SIGNER_INFO] = "RFC 8894 3.2",
	[SCEP_NO_SIGNED_ATTRIBUTES] = "RFC 8894 3.2.1",
	[SCEP_ATTRIBUTE_MISSING] = "RFC 8894 3.2.1",
	[SCEP_ATTRIBUTE_BAD] = "RFC 8894 3.2.1",
	[SCEP_NO_SIGNER_CERTIFICATE] = "RFC 8894 2.3",
	[SCEP_SIGNER_KEY_BAD] = "RFC 8894 2.3",
	[SCEP_ALGORITHM_UNKNOWN] = "RFC 8894 2.9",
	[SCEP_DIGEST_WRONG] = "RFC 5652 5.4",
	[SCEP_SIGNATURE_WRONG] = "RFC 5652 5.4",
	[SCEP_NO_CONTENT] = "RFC 8894 3.2",
	[SCEP_NOT_ENVELOPED] = "RFC 8894 3.2.2",
	[SCEP_WRONG_RECIPIENT] = "RFC 8894 3.1",
	[SCEP_KEY_NOT_UNWRAPPED] = "RFC 8894 3.1",
	[SCEP_NOT_DECRYPTED] = "RFC 5652 6.3",
	[SCEP_BAD_INNER] = "RFC 8894 3.3",
	[SCEP_NO_POSSESSION] = "RFC 2986 3",
};

static void
look_at_verdict(struct finding_in *in)
{
	struct ndes_exchange *x = in->x;
	const struct scep_message *m = &x->message;
	const char *what;

	if (m->verdict == SCEP_SOUND)
		return;
	what = m->what[0] == '\0'
	    ? arena_printf(&x->arena, "The message is not sound: %s.",
		  scep_verdict_name(m->verdict))
	    : arena_printf(&x->arena, "The message is not sound: %s (%s).",
		  scep_verdict_name(m->verdict), m->what);
	wrong(in, verdict_rfc[m->verdict],
	    what == NULL ? "The message is not sound." : what,
	    x->outcome.why[0] == '\0' ? NULL : x->outcome.why);
}

static void
look_at_notes(struct finding_in *in)
{
	static const struct {
		unsigned note;
		bool wrong;
		const char *rfc, *what, *advice;
	} rows[] = {
		{ SCEP_NOTE_NO_SENDER_NONCE, true, "RFC 8894 3.2.1.5",
		    "There is no senderNonce.",
		    "Send 16 random octets, fresh in every message." },
		{ SCEP_NOTE_NONCE_LENGTH, true, "RFC 8894 3.2.1.5",
		    "The senderNonce has not 16 octets.",
		    "Send 16 random octets." },
		{ SCEP_NOTE_STRING_TYPE, true, "RFC 8894 3.2.1",
		    "An attribute that is a PrintableString has another "
		    "string type.",
		    "Encode transactionID and messageType as "
		    "PrintableString." },
		{ SCEP_NOTE_ATTRIBUTES_UNSORTED, true, "RFC 5652 5.3",
		    "The signed attributes do not stand in DER's order.",
		    "Sort the SET OF before it is signed and sent." },
		{ SCEP_NOTE_ATTRIBUTES_AS_SENT, true, "RFC 5652 5.4",
		    "The signature holds over the attributes as they were "
		    "sent, and not over their DER.",
		    "Sign the DER of the SET OF." },
		{ SCEP_NOTE_TRAILING_BYTES, true, "RFC 8894 3",
		    "There are octets behind the message.", "Send none." },
		{ SCEP_NOTE_KEY_DIFFERS, false, "RFC 8894 2.3",
		    "The self-signed certificate has another key than the "
		    "PKCS#10.",
		    "Sign with the key that is to be certified." },
		{ SCEP_NOTE_SUBJECT_DIFFERS, false, "RFC 8894 2.3",
		    "The self-signed certificate has another subject than the "
		    "PKCS#10.",
		    "Give it the subject of the PKCS#10." },
		{ SCEP_NOTE_SEVERAL_RECIPIENTS, false, "RFC 5652 6.2",
		    "The envelope has several recipients.", NULL },
		{ SCEP_NOTE_RECIPIENT_BY_SKI, false, "RFC 5652 6.2.1",
		    "The recipient is named by its key identifier.", NULL },
		{ SCEP_NOTE_RECIPIENT_REORDERED, true, "RFC 5652 6.2.1",
		    "The recipient's issuer has its RDNs in another order "
		    "than the certificate.",
		    "Copy the issuer as it stands in the certificate." },
		{ SCEP_NOTE_BER, false, "RFC 5652 2",
		    "The message is BER: it has indefinite lengths or strings "
		    "in pieces.",
		    NULL },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		if ((in->x->message.notes & rows[i].note) != 0)
			add(in,
			    &(struct journal_finding){ rows[i].wrong,
				rows[i].rfc, rows[i].what, rows[i].advice });
	}
}

static void
look_at_algorithms(struct finding_in *in)
{
	const struct scep_message *m = &in->x->message;
	const struct host *h = in->x->host;

	if (m->digest == PKI_MD5)
		wrong(in, "RFC 8894 2.9", "The message is signed with MD5.",
		    "Use SHA-256.");
	else if (m->digest == PKI_SHA1 && announces(h, "SHA-256"))
		peculiar(in, "RFC 8894 3.5.2",
		    "The message is signed with SHA-1, although GetCACaps "
		    "lists SHA-256.",
		    "Use SHA-256.");
	if (m->cipher.cipher == PKI_DES_CBC)
		wrong(in, "RFC 8894 2.9",
		    "The envelope is encrypted with single DES.",
		    "Use AES-128-CBC, or DES3 where AES is not listed.");
	else if (m->cipher.cipher == PKI_DES3_CBC &&
	    (announces(h, "AES") || announces(h, "SCEPStandard")))
		peculiar(in, "RFC 8894 3.5.2",
		    "The envelope is encrypted with DES3, although GetCACaps "
		    "lists AES.",
		    "Use AES-128-CBC.");
	if (m->has_csr && m->csr.sigalg.digest == PKI_MD5)
		wrong(in, "RFC 8894 2.9", "The PKCS#10 is signed with MD5.",
		    "Use SHA-256.");
}

static void
look_at_request(struct finding_in *in)
{
	struct ndes_exchange *x = in->x;
	const struct scep_message *m = &x->message;

	if (m->has_csr && m->csr.challenge_count > 1)
		wrong(in, "RFC 2985 5.4.1",
		    "The PKCS#10 has several challengePasswords.",
		    "Put in one.");
	if (m->type == SCEP_RENEWALREQ && m->has_signer &&
	    m->signer_self_signed)
		wrong(in, "RFC 8894 2.5",
		    "A RenewalReq is signed with a self-signed certificate.",
		    "Sign it with the certificate that is to be renewed, or "
		    "send a PKCSReq.");
	if (x->outcome.renewal && m->challenge_present)
		peculiar(in, "RFC 8894 2.4",
		    "A renewal brings a challengePassword.",
		    "Leave it out: the old certificate speaks for the "
		    "client.");
	if (x->outcome.renewal && m->type == SCEP_PKCSREQ &&
	    announces(x->host, "Renewal"))
		peculiar(in, "RFC 8894 2.5",
		    "A renewal came as PKCSReq, although GetCACaps lists "
		    "Renewal.",
		    "Send a RenewalReq.");
	if (m->type == SCEP_PKCSREQ && m->has_csr && !m->challenge_present &&
	    !x->outcome.renewal && x->host->registry.enforce_password != 0)
		wrong(in, "RFC 8894 3.3.1",
		    "The PKCS#10 has no challengePassword.",
		    "Put one from the password page into it.");
	if (m->type == SCEP_CERTREP)
		wrong(in, "RFC 8894 3.2.1.2",
		    "A CertRep was sent as a request.", NULL);
}

static void
look_at_message(struct finding_in *in, struct exchange_fault *f)
{
	const struct scep_message *m = &in->x->message;

	look_at_verdict(in);
	look_at_notes(in);
	look_at_algorithms(in);
	look_at_request(in);
	if (m->sender_nonce.n > 0 &&
	    memory_saw_nonce(f->memory, m->sender_nonce))
		wrong(in, "RFC 8894 3.2.1",
		    "The senderNonce was used in an earlier message.",
		    "Draw a fresh one for every message.");
}

void
findings_collect(
    struct findings *out, struct ndes_exchange *x, struct exchange_fault *f)
{
	struct finding_in in = { out, x };

	if (x->op == NDES_OP_OTHER)
		look_for_operation(&in);
	if (x->op == NDES_OP_NONE)
		look_for_path(&in);
	look_at_http(&in);
	if (x->op != NDES_OP_PKIOPERATION)
		return;
	look_at_base64(&in);
	if (x->message_der.n > 0)
		look_at_message(&in, f);
}
