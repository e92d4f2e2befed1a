/* SPDX-License-Identifier: MIT */
/*
 * One exchange: a request and all that follows from it, as the simulated
 * deployment sees it. The server owns the struct and walks it through the
 * stages; each stage reads earlier values and writes its own.
 */
#ifndef NDES_EXCHANGE_H
#define NDES_EXCHANGE_H

#include "http/reply.h"
#include "http/request.h"
#include "ndes/challenge.h"
#include "ndes/deployment.h"
#include "ndes/evidence.h"
#include "scep/message.h"

/* In walking order: the outermost broken one answers. */
enum ndes_layer {
	NDES_LAYER_NONE,
	NDES_LAYER_NETWORK,
	NDES_LAYER_APP_PROXY,
	NDES_LAYER_HTTP_SYS,
	NDES_LAYER_IIS,
	NDES_LAYER_WORKER_PROCESS, /* w3wp.exe of the pool SCEP */
	NDES_LAYER_MSCEP,
	NDES_LAYER_POLICY_MODULE, /* and the registration point behind it */
	NDES_LAYER_CA,
	NDES_LAYERS
};

const char *ndes_layer_name(
    enum ndes_layer layer); /* "http.sys", "IIS", "mscep.dll" */

enum ndes_op {
	NDES_OP_NONE, /* nothing of ours: 404 */
	NDES_OP_BROWSE, /* mscep.dll without operation */
	NDES_OP_GETCACAPS,
	NDES_OP_GETCACERT,
	NDES_OP_PKIOPERATION,
	NDES_OP_OTHER, /* an operation that NDES does not know ("GetCACerts", "GetCAChain") */
	NDES_OP_ADMIN, /* the password page */
	NDES_OP_SLASH, /* an application's path without its final slash: 301 */
	NDES_OP_CERT_ENROLL, /* CRL or issuer certificate */
	NDES_OPS
};

const char *ndes_op_name(enum ndes_op op); /* "GetCACaps", "browse" */

/* What NDES decided about a message. */
enum ndes_decision {
	NDES_UNDECIDED,
	NDES_ISSUED, /* CertRep SUCCESS */
	NDES_REFUSED, /* CertRep FAILURE at HTTP 200 */
	NDES_NO_CERTREP, /* an HTTP error page instead of a CertRep */
};

struct ndes_outcome {
	enum ndes_decision decision;
	int fail_info; /* when refused: enum scep_fail */
	uint32_t
	    hresult; /* when refused or no CertRep: goes into SCEP_ERROR as signed decimal */
	unsigned
	    event_id; /* NDES event that a real server would log; 0: none */
	char why[512]; /* for the operator's log; a sentence */
	bool renewal;
	enum challenge_state challenge;
	const char *template_name;
	struct ca_answer ca; /* ca.der is the certificate when issued */
};

/* A request of the policy module to the registration point, as IIS logs it. */
struct ndes_crp_request {
	const char *path; /* constant */
	int status, substatus;
	uint32_t win32;
};

#define NDES_CRP_REQUESTS_MAX 4

/* What the layers would write into the logs; see ndes/evidence.h. Texts are constants or in the arena. */
struct ndes_evidence {
	bool in_iis_log; /* false: the request never reached IIS */
	int status, substatus;
	uint32_t win32;
	const char *username; /* NULL: "-" */
	const char *
	    httperr_reason; /* when http.sys answered: "URL_Length"; NULL: no line */
	bool
	    httperr_no_status; /* the line has "-" for the status, as after a crash */
	struct event events[EVIDENCE_EVENTS_MAX];
	size_t event_count;
	struct ndes_crp_request crp_requests[NDES_CRP_REQUESTS_MAX];
	size_t crp_request_count;
	struct buf plugin; /* lines of NDESPlugin.log, each with its '\n' */
	struct buf crp; /* lines of the registration point's log */
};

struct ndes_exchange {
	const struct ndes_deployment *dep;
	const struct host *host; /* what is in force for this exchange */
	bool
	    dry; /* answer as if, and keep nothing: no password is used up, no certificate kept */
	const struct ca_twist *
	    twist; /* what is to be wrong with the certificate; NULL: nothing */
	struct arena arena; /* everything made for the exchange */
	struct http_request rq;
	int64_t started_us; /* env_monotonic_us() */

	const char *
	    url_prefix; /* "/x/ra-expired", "" for the default site; rq's target, path have it removed */
	struct bytes stem; /* the path, escapes undone, as IIS logs it */
	enum ndes_op op;
	struct bytes
	    place; /* stem in one spelling: no "." and "..", no doubled or back slashes */
	bool scep_app; /* under mscep or mscep_admin: served by the pool SCEP */
	bool admin_app; /* under mscep_admin */
	const char *
	    auth_token; /* WWW-Authenticate of the reply to who was let through; NULL: none */
	bool auth_persists; /* the connection is authenticated from now on */
	struct bytes message_text; /* message= as it came, still escaped */
	struct bytes message_der; /* PKIOperation: the decoded body */
	unsigned base64_liberties;
	const char *base64_fault; /* NULL: message= was sound base64 */
	size_t base64_fault_at; /* offset in message=, escapes undone */
	struct scep_message message;
	struct ndes_outcome outcome;
	struct scep_reply scep; /* composed, before encoding */
	struct buf encoded; /* the encoded CertRep */

	struct http_reply reply;
	enum ndes_layer answered_by;
	const char *
	    why; /* why that layer answered as it did; a constant or arena sentence; NULL: plain success */
	const char *
	    key; /* the key of the model that made it so: "rights.impersonate"; NULL: none. Constant */
	struct ndes_evidence evidence;
};

/* Zero and initialise. arena_max bounds the memory of the exchange. */
void ndes_exchange_init(struct ndes_exchange *x, size_t arena_max);
void ndes_exchange_clear(
    struct ndes_exchange *x); /* accepts a zeroed struct; twice is fine */

/* ---- the stages, in walking order. Each passes (x->reply.status stays 0) or answers. ---- */

typedef void ndes_stage_fn(struct ndes_exchange *x);

/* The way to the server; acts by x->reply.wire. */
void ndes_network(struct ndes_exchange *x);
/* The Application Proxy: connector, back end, external URL. */
void ndes_app_proxy(struct ndes_exchange *x);
/* The way back through it, when all is logged: what it adds to NDES's reply. Not a stage of the walk. */
void ndes_app_proxy_return(struct ndes_exchange *x);
/* Limits of URL and headers, then the state of the pool. */
void ndes_http_sys(struct ndes_exchange *x);
/* Can the pool's worker process, in which IIS's modules run, start with its identity? */
void ndes_worker_identity(struct ndes_exchange *x);
/* Request filtering, authentication, handlers, redirects. */
void ndes_iis(struct ndes_exchange *x);
/* The pool's worker process again: does it crash on the request, now that mscep.dll gets it. */
void ndes_worker_process(struct ndes_exchange *x);
/* mscep.dll: impersonation, RA certificates; browsing, GetCACaps, GetCACert, admin page. */
void ndes_mscep_enter(struct ndes_exchange *x);

/*
 * Set x->stem, x->place, x->op, x->scep_app, x->admin_app and
 * x->message_text from path and query.
 * The first of all: the layers look at them.
 */
void ndes_route(struct ndes_exchange *x);

/*
 * The PKIOperation stages; ctx is the worker's. -1 only when we failed
 * ourselves; the server then answers 500 and says so in the log.
 */
/* CRL or issuer certificate, when x->op is NDES_OP_CERT_ENROLL: with a worker, since a CRL may have to be signed. Other operations pass. */
MUST_USE int ndes_cert_enroll(
    struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e);
MUST_USE int ndes_pki_decode(struct ndes_exchange *x, struct pki_ctx *ctx,
    struct err *e); /* base64, scep_message_decode */
/* The same whatever was answered, for who wants to know what the message was. */
MUST_USE int ndes_pki_read(
    struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e);
MUST_USE int ndes_pki_decide(struct ndes_exchange *x, struct pki_ctx *ctx,
    struct err *e); /* x->outcome */
MUST_USE int ndes_pki_compose(struct ndes_exchange *x, struct pki_ctx *ctx,
    struct err *e); /* x->scep, or an HTTP error page in x->reply */
MUST_USE int ndes_pki_encode(struct ndes_exchange *x, struct pki_ctx *ctx,
    struct err *e); /* x->encoded and x->reply */

/*
 * The policy module asks the registration point about a request whose
 * challenge is good so far (called by the decision, for enrolments that are
 * no renewals, when host_policy_active()). Notes its evidence; on a no it
 * fills x->outcome (refused, or no CertRep) and returns false. ndes_policy_notify()
 * reports the result afterwards.
 */
bool ndes_policy_verify(struct ndes_exchange *x);
void ndes_policy_notify(struct ndes_exchange *x);

/* ---- helpers for stages and the server ---- */

/*
 * The worker process dies with this request in hand: the connection is
 * closed, no line in the IIS log, the pool disabled when it was once too
 * often. note (NULL: none) is called before the events of the death, and not
 * when the death of another request was this one's too.
 */
void ndes_worker_die(
    struct ndes_exchange *x, ndes_stage_fn *note, const char *why);

/*
 * The stock pages of IIS (Server: Microsoft-IIS/10.0) and http.sys
 * (Microsoft-HTTPAPI/2.0), with evidence. reason is HTTPERR's word for it:
 * "URL_Length", "FieldLength", "RequestLength", "URL", "Disabled".
 */
void ndes_iis_page(struct ndes_exchange *x, int status, int substatus,
    uint32_t win32, const char *why);
void ndes_http_sys_page(
    struct ndes_exchange *x, int status, const char *reason, const char *why);

/* An IIS reply at this status with a body of our own; content_type NULL: no such header. body must live as long as the exchange. */
void ndes_iis_reply(struct ndes_exchange *x, int status,
    const char *content_type, struct bytes body);

/* One line for the operator's log: peer, operation, transaction, answer, and why; time and duration are the logger's. Appended. */
void ndes_exchange_line(const struct ndes_exchange *x, struct buf *out);

#endif
