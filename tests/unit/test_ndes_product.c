/* SPDX-License-Identifier: MIT */
/* What each product brings: on the wire, in CertReps, in the logs; and that explicit keys win over it. */
#include "ndes_flow.h"
#include "ndes_logs.h"

#include "ndes/httperr_log.h"
#include "ndes/iis_log.h"
#include "ndes/product.h"
#include "support/ndes_room.h"

#define ALGORITHMS "SHA-512\r\nSHA-256\r\nSHA-1\r\nDES3\r\n"
#define CAPS "POSTPKIOperation\r\nRenewal\r\n" ALGORITHMS
#define CAPS_RFC                                                            \
	"SCEPStandard\r\nPOSTPKIOperation\r\nRenewal\r\nAES\r\nSHA-256\r\n" \
	"SHA-512\r\nSHA-1\r\nDES3\r\n"
#define IIS "Microsoft Internet Information Services "
#define HTTP_SYS "Microsoft-HTTPAPI/2.0"
#define HTTP_API "Microsoft HTTP API 2.0"

struct row {
	const char *name, *server, *http_sys, *powered_by, *caps, *caps_type;
	enum ndes_post post;
	bool oaep, microsoft;
	const char *cipher; /* of a reply to AES-128-CBC */
	const char *iis_software, *httperr_software;
	bool referer, streamid;
};

static const struct row rows[] = {
	{ "ndes-2008r2", "Microsoft-IIS/7.5", HTTP_SYS, "ASP.NET",
	    "Renewal\r\n" ALGORITHMS, NULL, NDES_POST_UNREAD, false, true,
	    "DES-EDE3-CBC", IIS "7.5", HTTP_API, false, false },
	{ "ndes-2012", "Microsoft-IIS/8.0", HTTP_SYS, "ASP.NET", CAPS,
	    "text/plain", NDES_POST_EMPTY, true, true, "AES-128-CBC", IIS "8.0",
	    HTTP_API, true, false },
	{ "ndes-2012r2", "Microsoft-IIS/8.5", HTTP_SYS, "ASP.NET", CAPS,
	    "text/plain", NDES_POST_EMPTY, true, true, "AES-128-CBC", IIS "8.5",
	    HTTP_API, true, false },
	{ "ndes-2016", "Microsoft-IIS/10.0", HTTP_SYS, "ASP.NET", CAPS,
	    "text/plain", NDES_POST_READ, false, true, "AES-128-CBC",
	    IIS "10.0", HTTP_API, true, true },
	{ "ndes-2019", "Microsoft-IIS/10.0", HTTP_SYS, "ASP.NET", CAPS,
	    "text/plain", NDES_POST_READ, false, true, "AES-128-CBC",
	    IIS "10.0", HTTP_API, true, true },
	{ "ndes-2022", "Microsoft-IIS/10.0", HTTP_SYS, "ASP.NET", CAPS,
	    "text/plain", NDES_POST_READ, false, true, "AES-128-CBC",
	    IIS "10.0", HTTP_API, true, true },
	{ "ndes-2025", "Microsoft-IIS/10.0", HTTP_SYS, "ASP.NET", CAPS,
	    "text/plain", NDES_POST_READ, false, true, "AES-128-CBC",
	    IIS "10.0", HTTP_API, true, true },
	{ "rfc8894", "mockndes", "mockndes", NULL, CAPS_RFC, "text/plain",
	    NDES_POST_READ, false, false, "AES-128-CBC", "mockndes", "mockndes",
	    true, true },
};

/* A header that is to have this value, or to be missing. */
static void
assert_header(
    const struct ndes_exchange *x, const char *name, const char *value)
{
	if (value == NULL)
		assert_null(room_header(x, name));
	else
		assert_string_equal(room_header(x, name), value);
}

static void
assert_body(const struct ndes_exchange *x, const char *text)
{
	assert_int_equal(x->reply.body.n, strlen(text));
	assert_memory_equal(x->reply.body.p, text, strlen(text));
}

static void
get(struct room *r, struct ndes_exchange *x, const char *target)
{
	struct room_request rq = { .target = target };

	room_arrive(r, x, &rq);
}

static void
every_name_has_a_row_and_the_default_is_2022(void **state)
{
	const struct host_key *key = host_key_find(BYTES_LIT("product"));
	struct host h;

	(void)state;
	assert_non_null(key);
	assert_int_equal(key->type, HOST_ENUM);
	assert_int_equal(key->effect, HOST_COMPUTER_RESTART);
	for (size_t i = 0; i < nitems(rows); i++)
		assert_string_equal(key->names[i], rows[i].name);
	assert_null(key->names[nitems(rows)]);
	host_init(&h);
	assert_int_equal(h.product, HOST_NDES_2022);
}

/* ---- headers and capabilities ---- */

static void
capabilities_and_headers_are_the_products(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;
		struct room r;

		room_open(&r, false);
		room_set(&r, "product", rows[i].name);
		get(&r, &x, DLL "?operation=GetCACaps");
		assert_int_equal(x.reply.status, 200);
		assert_body(&x, rows[i].caps);
		assert_header(&x, "Content-Type", rows[i].caps_type);
		assert_header(&x, "Server", rows[i].server);
		assert_header(&x, "X-Powered-By", rows[i].powered_by);
		ndes_exchange_clear(&x);
		get(&r, &x, "/nothing");
		assert_int_equal(x.reply.status, 404);
		assert_header(&x, "Server", rows[i].server);
		ndes_exchange_clear(&x);
		get(&r, &x, "/certsrv/mscep");
		assert_int_equal(x.reply.status, 301);
		assert_header(&x, "Server", rows[i].server);
		ndes_exchange_clear(&x);
		room_set(&r, "app_pool.state", "disabled");
		get(&r, &x, DLL);
		assert_int_equal(x.reply.status, 503);
		assert_header(&x, "Server", rows[i].http_sys);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
explicit_keys_win_over_every_product(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;
		struct room r;

		room_open(&r, false);
		room_set(&r, "product", rows[i].name);
		room_set(&r, "caps.content_type", "a/b");
		room_set(&r, "caps.tokens", "AES");
		room_set(&r, "iis.powered_by", "false");
		get(&r, &x, DLL "?operation=GetCACaps");
		assert_body(&x, "AES\r\n");
		assert_header(&x, "Content-Type", "a/b");
		assert_header(&x, "X-Powered-By", NULL);
		ndes_exchange_clear(&x);
		room_set(&r, "caps.content_type", "");
		get(&r, &x, DLL "?operation=GetCACaps");
		assert_header(&x, "Content-Type", NULL);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
the_registry_replaces_the_algorithms_of_any_product(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "product", "ndes-2008r2");
	room_set(&r, "registry.CACapabilitiesAlgorithms", "AES");
	get(&r, &x, DLL "?operation=GetCACaps");
	assert_body(&x, "Renewal\r\nAES\r\n");
	ndes_exchange_clear(&x);
	room_set(&r, "product", "rfc8894");
	get(&r, &x, DLL "?operation=GetCACaps");
	assert_body(
	    &x, "SCEPStandard\r\nPOSTPKIOperation\r\nRenewal\r\nAES\r\n");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
browsing_and_unknown_operations_have_a_page_with_ndes_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;
		struct room r;

		room_open(&r, false);
		room_set(&r, "product", rows[i].name);
		assert_int_equal(
		    host_policy_active(&r.host), rows[i].microsoft);
		get(&r, &x, DLL);
		assert_int_equal(x.reply.status, rows[i].microsoft ? 403 : 404);
		assert_int_equal(x.answered_by, NDES_LAYER_MSCEP);
		ndes_exchange_clear(&x);
		get(&r, &x, DLL "?operation=GetNextCACert");
		assert_int_equal(x.reply.status, rows[i].microsoft ? 200 : 404);
		assert_int_equal(x.answered_by, NDES_LAYER_MSCEP);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

/* ---- CertReps ---- */

/* The message that f->sent has, in the query of a GET. */
static void
send_by_get(struct flow *f)
{
	char *text = malloc(f->sent.der.n * 2), *target;
	char *to;
	struct room_request rq = { 0 };
	struct err e = { 0 };

	assert_non_null(text);
	assert_true(EVP_EncodeBlock((unsigned char *)text, f->sent.der.p,
			(int)f->sent.der.n) > 0);
	target = calloc(1, 3 * strlen(text) + 256);
	assert_non_null(target);
	to = target +
	    sprintf(target, "%s", DLL "?operation=PKIOperation&message=");
	for (const char *p = text; *p != '\0'; p++)
		to += sprintf(to, *p == '+' ? "%%2B" : "%c", *p);
	rq.target = target;
	if (f->has_exchange)
		ndes_exchange_clear(&f->x);
	f->has_exchange = true;
	if (room_walk(&f->room, &f->x, &rq, &e) == -1)
		fail_msg("walk: %s", e.text);
	free(text);
	free(target);
}

/* Read the reply while the target still stands behind it: the reply lends nothing from it. */
static void
enrol_by_get(struct flow *f)
{
	prepare(f);
	send_by_get(f);
	read_reply(f);
}

static void
a_get_enrols_with_every_product_of_windows(void **state)
{
	struct flow f;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(rows); i++) {
		if (!rows[i].microsoft)
			continue;
		room_set(&f.room, "product", rows[i].name);
		enrol_by_get(&f);
		assert_int_equal(f.rep.status, 0);
		assert_string_equal(f.rep.cipher, rows[i].cipher);
		assert_int_equal(f.rep.oaep, rows[i].oaep);
		assert_string_equal(f.rep.server_message, "Issued");
	}
	flow_close(&f);
}

static void
oaep_is_for_aes_and_may_be_asked_for_elsewhere(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "product", "ndes-2012");
	f.e.cipher = "DES-EDE3-CBC";
	enrol_by_get(&f);
	assert_false(f.rep.oaep);
	room_set(&f.room, "product", "ndes-2019");
	room_set(&f.room, "mscep.oaep_with_aes", "true");
	f.e.cipher = "AES-256-CBC";
	enrol_by_get(&f);
	assert_true(f.rep.oaep);
	flow_close(&f);
}

static void
a_post_ends_as_the_product_has_it(void **state)
{
	struct flow f;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(rows); i++) {
		room_set(&f.room, "product", rows[i].name);
		prepare(&f);
		post(&f, f.sent.der.p, f.sent.der.n);
		switch (rows[i].post) {
		case NDES_POST_READ:
			assert_int_equal(f.x.reply.status, 200);
			assert_int_equal(f.x.outcome.decision, NDES_ISSUED);
			break;
		case NDES_POST_EMPTY:
			assert_int_equal(f.x.reply.status, 200);
			assert_int_equal(f.x.reply.body.n, 0);
			assert_header(&f.x, "Content-Length", "0");
			assert_header(&f.x, "Content-Type", NULL);
			assert_int_equal(f.x.outcome.decision, NDES_UNDECIDED);
			assert_int_equal(f.x.answered_by, NDES_LAYER_MSCEP);
			assert_non_null(strstr(f.x.why, "by GET"));
			break;
		case NDES_POST_UNREAD:
			assert_int_equal(f.x.reply.status, 500);
			assert_int_equal(f.x.outcome.event_id, 16);
			assert_int_equal(f.x.outcome.decision, NDES_NO_CERTREP);
			assert_non_null(room_event(&f.x, EVENT_NDES_DECODE));
			assert_non_null(strstr(f.x.why, "body of a POST"));
			break;
		}
	}
	flow_close(&f);
}

/* ---- rfc8894, by libcrypto alone: the test client takes only NDES's ways ---- */

static CMS_ContentInfo *
reply_cms(const struct flow *f)
{
	const unsigned char *p = f->x.reply.body.p;
	CMS_ContentInfo *cms;

	assert_int_equal(f->x.reply.status, 200);
	assert_header(&f->x, "Content-Type", "application/x-pki-message");
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)f->x.reply.body.n);
	assert_non_null(cms);
	return cms;
}

/* A signed attribute's only value as text; "" when there is none. */
static void
attribute(CMS_ContentInfo *cms, const char *oid, int type, char out[600])
{
	CMS_SignerInfo *si =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	const ASN1_STRING *s;

	out[0] = '\0';
	s = CMS_signed_get0_data_by_OBJ(si, obj, -3, type);
	ASN1_OBJECT_free(obj);
	if (s != NULL)
		snprintf(out, 600, "%.*s", ASN1_STRING_length(s),
		    (const char *)ASN1_STRING_get0_data(s));
}

static bool
has_attribute(CMS_ContentInfo *cms, const char *oid)
{
	CMS_SignerInfo *si =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int at = CMS_signed_get_attr_by_OBJ(si, obj, -1);

	ASN1_OBJECT_free(obj);
	return at >= 0;
}

#define PKI_STATUS "2.16.840.1.113733.1.9.3"
#define FAIL_INFO "2.16.840.1.113733.1.9.4"
#define FAIL_INFO_TEXT "1.3.6.1.5.5.7.24.1"
#define MS_ERROR "1.3.6.1.4.1.311.21.33"
#define MS_MESSAGE "1.3.6.1.4.1.311.21.38"

static void
assert_signed(const struct flow *f, CMS_ContentInfo *cms)
{
	STACK_OF(X509) *certs = CMS_get1_certs(cms);
	BIO *out = BIO_new(BIO_s_mem());

	assert_int_equal(sk_X509_num(certs), 1);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 0), f->ca.ra_sign), 0);
	assert_int_equal(CMS_verify(cms, NULL, NULL, NULL, out,
			     CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
	    1);
	BIO_free(out);
	sk_X509_pop_free(certs, X509_free);
	assert_false(has_attribute(cms, MS_ERROR));
	assert_false(has_attribute(cms, MS_MESSAGE));
}

static void
rfc8894_refuses_in_the_words_of_the_rfc(void **state)
{
	char text[600];
	CMS_ContentInfo *cms;
	ASN1_OCTET_STRING **content;
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "product", "rfc8894");
	f.e.csr.challenge = "wrong";
	prepare(&f);
	post(&f, f.sent.der.p, f.sent.der.n);
	cms = reply_cms(&f);
	assert_signed(&f, cms);
	content = CMS_get0_content(cms);
	assert_non_null(content);
	assert_non_null(*content);
	assert_int_equal(ASN1_STRING_length(*content), 0);
	attribute(cms, PKI_STATUS, V_ASN1_PRINTABLESTRING, text);
	assert_string_equal(text, "2");
	attribute(cms, FAIL_INFO, V_ASN1_PRINTABLESTRING, text);
	assert_string_equal(text, "2");
	attribute(cms, FAIL_INFO_TEXT, V_ASN1_UTF8STRING, text);
	assert_string_equal(text, f.x.outcome.why);
	assert_non_null(strstr(text, "challengePassword"));
	CMS_ContentInfo_free(cms);
	flow_close(&f);
}

static void
rfc8894_issues_without_microsofts_attributes(void **state)
{
	char text[600];
	CMS_ContentInfo *cms;
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "product", "rfc8894");
	prepare(&f);
	post(&f, f.sent.der.p, f.sent.der.n);
	cms = reply_cms(&f);
	assert_signed(&f, cms);
	attribute(cms, PKI_STATUS, V_ASN1_PRINTABLESTRING, text);
	assert_string_equal(text, "0");
	assert_false(has_attribute(cms, FAIL_INFO_TEXT));
	assert_int_equal(f.x.evidence.crp_request_count, 0);
	CMS_ContentInfo_free(cms);
	flow_close(&f);
}

/* ---- logs ---- */

#define FIELDS                                                               \
	"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port " \
	"cs-username c-ip cs(User-Agent)%s sc-status sc-substatus "          \
	"sc-win32-status time-taken\r\n"
#define STAMP "2026-03-04 05:06:07"

static void
iis_text(char *out, size_t size, const struct row *row)
{
	snprintf(out, size,
	    "#Software: %s\r\n#Version: 1.0\r\n#Date: " STAMP
	    "\r\n" FIELDS STAMP
	    " 192.0.2.1 GET / - 80 - 192.0.2.7 -%s 200 0 0 5\r\n",
	    row->iis_software, row->referer ? " cs(Referer)" : "",
	    row->referer ? " http://x/" : "");
}

static void
httperr_text(char *out, size_t size, const struct row *row)
{
	snprintf(out, size,
	    "#Software: %s\r\n#Version: 1.0\r\n#Date: " STAMP
	    "\r\n#Fields: date time c-ip c-port s-ip s-port cs-version "
	    "cs-method cs-uri%s sc-status s-siteid s-reason s-queuename\r\n" STAMP
	    " 192.0.2.7 40000 192.0.2.1 80 HTTP/1.1 GET /%s 400 - URL "
	    "-\r\n",
	    row->httperr_software, row->streamid ? " streamid" : "",
	    row->streamid ? " -" : "");
}

/* One line of each log with the product of each row, all into the same files. */
static void
logs_begin_anew_with_the_software_and_fields_of_the_product(void **state)
{
	struct room_request rq = { .target = "/",
		.headers = { "Referer: http://x/" } };
	char iis[8192] = "", httperr[8192] = "", one[1024];
	struct httperr_log *h;
	struct iis_log *w;
	struct folder f;
	struct room r;

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	w = iis_log_open(f.path, NULL);
	h = httperr_log_open(f.path, NULL);
	assert_non_null(w);
	assert_non_null(h);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;
		struct err e = { 0 };

		room_set(&r, "product", rows[i].name);
		room_receive(&r, &x, &rq);
		ndes_route(&x);
		x.rq.peer_port = 40000;
		x.evidence =
		    (struct ndes_evidence){ .in_iis_log = true, .status = 200 };
		assert_int_equal(iis_log_write(w, &x, r.now_ms, 5, &e), 0);
		x.evidence.status = 400;
		x.evidence.httperr_reason = "URL";
		assert_int_equal(httperr_log_write(h, &x, r.now_ms, &e), 0);
		ndes_exchange_clear(&x);
		iis_text(one, sizeof(one), &rows[i]);
		strncat(iis, one, sizeof(iis) - strlen(iis) - 1);
		httperr_text(one, sizeof(one), &rows[i]);
		strncat(httperr, one, sizeof(httperr) - strlen(httperr) - 1);
	}
	iis_log_close(w);
	httperr_log_close(h);
	assert_file(&f, "W3SVC1/u_ex260304.log", iis);
	assert_file(&f, "HTTPERR/httperr1.log", httperr);
	folder_remove(&f);
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_has_a_row_and_the_default_is_2022),
		cmocka_unit_test(capabilities_and_headers_are_the_products),
		cmocka_unit_test(explicit_keys_win_over_every_product),
		cmocka_unit_test(
		    the_registry_replaces_the_algorithms_of_any_product),
		cmocka_unit_test(
		    browsing_and_unknown_operations_have_a_page_with_ndes_alone),
		cmocka_unit_test(a_get_enrols_with_every_product_of_windows),
		cmocka_unit_test(
		    oaep_is_for_aes_and_may_be_asked_for_elsewhere),
		cmocka_unit_test(a_post_ends_as_the_product_has_it),
		cmocka_unit_test(rfc8894_refuses_in_the_words_of_the_rfc),
		cmocka_unit_test(rfc8894_issues_without_microsofts_attributes),
		cmocka_unit_test(
		    logs_begin_anew_with_the_software_and_fields_of_the_product),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
