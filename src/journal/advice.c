/* SPDX-License-Identifier: MIT */
/* One row for each kind of answer; the first that fits speaks. */
#include "journal/advice.h"

#include <string.h>

#include "base/span.h"

#define AGAIN                                                                \
	"try again after a while, with growing pauses and not without end; " \
	"keep the key"

#define REFUSED "change the request; sent again it is refused again"

struct advice {
	const char *op, *end, *pki_status; /* NULL: any */
	int status, substatus; /* 0: any */
	bool lie; /* a rule falsified a reply of the same status */
	const char *words;
};

static const struct advice rows[] = {
	{ .op = "PKIOperation",
	    .pki_status = "SUCCESS",
	    .lie = true,
	    .words = "verify the reply in full (signature, signer, "
		     "transactionID, recipientNonce, key and issuer of the "
		     "certificate) and refuse what does not hold" },
	{ .op = "PKIOperation",
	    .status = 200,
	    .lie = true,
	    .words = "verify the reply in full and refuse what does not hold" },
	{ .op = "GetCACaps",
	    .status = 200,
	    .lie = true,
	    .words = "read the tokens that it knows, ignore the rest, and "
		     "never fall below what it is told is secure" },
	{ .op = "GetCACert",
	    .status = 200,
	    .lie = true,
	    .words = "compare the fingerprint of the CA certificate with "
		     "what it was told out of band" },
	{ .pki_status = "SUCCESS",
	    .words = "verify the CertRep and keep the certificate" },
	{ .pki_status = "PENDING",
	    .words = "poll with a CertPoll of the same transactionID (RFC "
		     "8894 4.4), with pauses, until it is decided" },
	{ .pki_status = "FAILURE",
	    .words = "show failInfo to people and stop; the same message "
		     "again gets the same answer" },
	{ .end = "reset", .words = AGAIN },
	{ .end = "closed", .words = AGAIN },
	{ .end = "cut",
	    .words = "notice that the reply is not whole, discard it, and "
		     "try again after a while" },
	{ .end = "stalled",
	    .words = "give up after a time of its own, discard what came, "
		     "and try again" },
	{ .end = "hung",
	    .words = "give up after a time of its own and try again" },
	{ .status = 414,
	    .words = "send the message as the body of a POST; a URL of that "
		     "length does not get through" },
	{ .status = 404,
	    .substatus = 15,
	    .words = "send the message as the body of a POST; the query is "
		     "too long for request filtering" },
	{ .status = 404, .substatus = 14, .words = "ask for a shorter path" },
	{ .status = 404, .substatus = 13, .words = "send a smaller body" },
	{ .status = 404, .words = "ask for the path of the deployment" },
	{ .status = 401,
	    .words = "authenticate with one of the schemes that are "
		     "offered" },
	{ .op = "browse",
	    .status = 403,
	    .words = "put operation= behind the path; a browser meets this "
		     "page when all is well" },
	{ .status = 400, .words = REFUSED },
	{ .status = 405, .words = "use GET or POST" },
	{ .status = 429,
	    .words = "wait as long as Retry-After says, then try again" },
	{ .status = 503, .words = AGAIN },
	{ .status = 502, .words = AGAIN },
	{ .status = 504,
	    .words = "try again after a while; the request may have been "
		     "worked on, so it keeps key and transactionID" },
	{ .op = "PKIOperation",
	    .status = 500,
	    .words = "read what it did wrong above; when that is nothing, "
		     "try again after a while" },
	{ .status = 500, .words = AGAIN },
	{ .op = "GetCACaps",
	    .status = 200,
	    .words = "ask for the CA certificates next, with GetCACert" },
	{ .op = "GetCACert",
	    .status = 200,
	    .words = "check the fingerprint of the CA, then encrypt for the "
		     "certificate with keyEncipherment" },
};

static bool
is(const json_t *entry, const char *name, const char *wanted)
{
	const char *s = json_string_value(json_object_get(entry, name));

	return wanted == NULL || (s != NULL && strcmp(s, wanted) == 0);
}

static bool
is_number(const json_t *entry, const char *name, int wanted)
{
	return wanted == 0 ||
	    json_integer_value(json_object_get(entry, name)) == wanted;
}

/* A rule acted, and the status is the honest one. */
static bool
is_lie(const json_t *entry)
{
	const json_t *honest =
	    json_object_get(json_object_get(entry, "honest"), "status");

	return json_object_get(entry, "rule") != NULL && honest != NULL &&
	    json_equal(honest, json_object_get(entry, "status"));
}

/* Of a status that no row has. */
static const char *
for_status(const json_t *status)
{
	json_int_t n = json_integer_value(status);

	if (n >= 500)
		return AGAIN;
	return n >= 400 ? REFUSED : NULL;
}

const char *
advice_for(const json_t *entry)
{
	bool lie = is_lie(entry);

	for (size_t i = 0; i < nitems(rows); i++) {
		const struct advice *a = &rows[i];

		if ((!a->lie || lie) && is(entry, "op", a->op) &&
		    is(entry, "end", a->end) &&
		    is(entry, "pki_status", a->pki_status) &&
		    is_number(entry, "status", a->status) &&
		    is_number(entry, "substatus", a->substatus))
			return a->words;
	}
	return for_status(json_object_get(entry, "status"));
}
