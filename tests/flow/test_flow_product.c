/* SPDX-License-Identifier: MIT */
/*
 * The product of a deployment from outside: what an enrolment meets with it,
 * and how files and the control API set the one key that is in no part of the
 * model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/cms.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/desk.h"
#include "support/world.h"

#include "control/control.h"
#include "scenario/scenario.h"

static void
open_product(struct desk *d, struct client *c, int product)
{
	struct host host;

	host_init(&host);
	host.product = product;
	desk_open_host(d, &host);
	desk_ca(d, c);
}

static struct client_enrolment
plain(const struct desk *d, const struct world *w)
{
	return (struct client_enrolment){
		.ca = &d->ca,
		.csr = { .key = w->key,
		    .subject = "/C=US/O=Probe/CN=product",
		    .challenge = DESK_SECRET },
	};
}

/* Post the client's message; the answer as it came. */
static void
post(struct desk *d, struct world *w, const struct client_enrolment *e,
    struct client_http *out)
{
	struct client_prepared p;
	struct desk_request rq = { .target =
				       DESK_PATH "?operation=PKIOperation" };

	if (client_prepare(&w->c, e, &p))
		fail_msg("%s", w->c.why);
	rq.body = p.der;
	desk_ask(d, &rq, out);
	client_prepared_clear(&p);
}

static void
server_2012_enrols_by_get_and_answers_a_post_with_nothing(void **state)
{
	struct world *w = *state;
	struct client_certrep r = { 0 };
	struct client_http h;
	char text[CLIENT_TEXT_MAX] = "";
	struct desk d;

	open_product(&d, &w->c, HOST_NDES_2012);
	struct client_enrolment e = plain(&d, w);
	post(&d, w, &e, &h);
	assert_int_equal(h.status, 200);
	assert_int_equal(h.body.n, 0);
	assert_true(client_header(&h, "Content-Length", text));
	assert_string_equal(text, "0");
	assert_true(client_header(&h, "Server", text));
	assert_string_equal(text, "Microsoft-IIS/8.0");
	assert_non_null(strstr(d.log, "by GET"));
	client_http_clear(&h);
	e.by_get = true;
	desk_enrol(&d, &w->c, &e, &r);
	assert_int_equal(r.status, 0);
	assert_true(r.oaep);
	client_certrep_clear(&r);
	desk_close(&d);
}

/* The challenge that the POST carried must still be good for the GET. */
static void
the_empty_answer_uses_up_no_password(void **state)
{
	struct world *w = *state;
	struct client_certrep r = { 0 };
	struct client_http h;
	char password[CLIENT_TEXT_MAX];
	struct desk d;

	open_product(&d, &w->c, HOST_NDES_2012R2);
	desk_password(&d, password);
	struct client_enrolment e = plain(&d, w);
	e.csr.challenge = password;
	post(&d, w, &e, &h);
	assert_int_equal(h.body.n, 0);
	client_http_clear(&h);
	e.by_get = true;
	desk_enrol(&d, &w->c, &e, &r);
	assert_int_equal(r.status, 0);
	client_certrep_clear(&r);
	desk_close(&d);
}

static void
server_2008_r2_takes_no_post_but_a_get(void **state)
{
	struct world *w = *state;
	struct client_certrep r = { 0 };
	struct client_http h;
	struct desk d;

	open_product(&d, &w->c, HOST_NDES_2008R2);
	struct client_enrolment e = plain(&d, w);
	post(&d, w, &e, &h);
	assert_int_equal(h.status, 500);
	client_http_clear(&h);
	e.by_get = true;
	e.cipher = "DES-EDE3-CBC";
	desk_enrol(&d, &w->c, &e, &r);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.cipher, "DES-EDE3-CBC");
	client_certrep_clear(&r);
	desk_close(&d);
}

/* The envelope in the CertRep, opened by libcrypto with the signer's key alone. */
static int
certificates_inside(const struct client_bytes *body, EVP_PKEY *key)
{
	const unsigned char *p = body->p;
	CMS_ContentInfo *outer = d2i_CMS_ContentInfo(NULL, &p, (long)body->n);
	CMS_ContentInfo *envelope, *inner;
	STACK_OF(X509) * certs;
	BIO *out = BIO_new(BIO_s_mem());
	ASN1_OCTET_STRING **content;
	int n;

	assert_non_null(outer);
	content = CMS_get0_content(outer);
	p = ASN1_STRING_get0_data(*content);
	envelope = d2i_CMS_ContentInfo(NULL, &p, ASN1_STRING_length(*content));
	assert_non_null(envelope);
	assert_int_equal(
	    CMS_decrypt(envelope, key, NULL, NULL, out, CMS_BINARY), 1);
	inner = d2i_CMS_bio(out, NULL);
	assert_non_null(inner);
	certs = CMS_get1_certs(inner);
	n = sk_X509_num(certs);
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(inner);
	CMS_ContentInfo_free(envelope);
	CMS_ContentInfo_free(outer);
	BIO_free(out);
	return n;
}

static void
rfc8894_enrols_under_its_own_name(void **state)
{
	struct world *w = *state;
	struct client_http h;
	char text[CLIENT_TEXT_MAX] = "";
	struct desk d;

	open_product(&d, &w->c, HOST_RFC8894);
	struct client_enrolment e = plain(&d, w);
	post(&d, w, &e, &h);
	assert_int_equal(h.status, 200);
	assert_string_equal(h.content_type, "application/x-pki-message");
	assert_true(client_header(&h, "Server", text));
	assert_string_equal(text, "mockndes");
	assert_false(client_header(&h, "X-Powered-By", text));
	assert_int_equal(certificates_inside(&h.body, w->key), 1);
	client_http_clear(&h);
	desk_close(&d);
}

/* ---- the key without a part ---- */

static void
a_file_names_the_product_at_the_top_of_its_host(void **state)
{
	static const char text[] =
	    "mockndes: 1\n"
	    "resolution:\n"
	    "  - say: Migrate.\n"
	    "    do: { host.product: ndes-2019, host.caps.line_end: lf, "
	    "host.rights.impersonate: true }\n"
	    "host: { product: rfc8894, rights: { impersonate: false } }\n";
	struct scenario_report report;
	struct scenario *s;
	struct host host;
	struct buf patch;

	(void)state;
	scenario_report_init(&report);
	s = scenario_load("f.yaml", bytes_str(text), &report, NULL);
	if (s == NULL)
		fail_msg("%s", buf_str(&report.lines));
	host_init(&host);
	scenario_apply(s, &host);
	assert_int_equal(host.product, HOST_RFC8894);
	scenario_step_apply(s, 0, &host);
	assert_int_equal(host.product, HOST_NDES_2019);
	buf_init(&patch, 1024);
	scenario_step_patch(s, 0, &patch);
	assert_string_equal(buf_str(&patch),
	    "{\"rights\":{\"impersonate\":true},\"product\":\"ndes-2019\","
	    "\"caps\":{\"line_end\":\"lf\"}}");
	buf_clear(&patch);
	scenario_report_clear(&report);
	scenario_free(s);
}

static json_t *
call(struct control *c, const char *method, const char *target,
    const char *body, int status)
{
	struct http_request rq = {
		.method_text = bytes_str(method),
		.target = bytes_str(target),
		.body = bytes_str(body),
	};
	struct http_reply reply = { 0 };
	struct arena arena;
	json_t *json;

	rq.method = http_method_of(rq.method_text);
	http_request_split(&rq);
	arena_init(&arena, (size_t)4 << 20);
	control_answer(c, &rq, &arena, &reply);
	json = json_loadb((const char *)reply.body.p, reply.body.n,
	    JSON_REJECT_DUPLICATES, NULL);
	if (reply.status != status)
		fail_msg("%s %s %s: %d", method, target, body, reply.status);
	arena_clear(&arena);
	assert_non_null(json);
	return json;
}

static void
assert_server(struct desk *d, const char *wanted)
{
	struct client_http h;
	struct desk_request rq = { .target = DESK_PATH "?operation=GetCACaps" };
	char text[CLIENT_TEXT_MAX] = "";

	desk_ask(d, &rq, &h);
	client_header(&h, "Server", text);
	assert_string_equal(text, wanted);
	client_http_clear(&h);
}

static void
assert_product(struct control *c, const char *target, const char *wanted)
{
	json_t *json = call(c, "GET", target, "", 200);

	assert_string_equal(
	    json_string_value(json_object_get(json, "product")), wanted);
	json_decref(json);
}

static void
the_control_api_changes_it_with_a_restart_of_the_computer(void **state)
{
	static const struct control_facts facts = { .version = "1",
		.scenario = "healthy",
		.scep_url = "http://127.0.0.1:1/certsrv/mscep/mscep.dll" };
	struct control *c;
	struct desk d;
	json_t *json, *first;

	(void)state;
	desk_open(&d, NULL);
	c = control_new(d.server, &facts, NULL, NULL);
	assert_non_null(c);
	assert_product(c, "/v1/host", "ndes-2022");
	json_decref(call(c, "PATCH", "/v1/host", "{\"product\":\"os2\"}", 400));
	json_decref(
	    call(c, "PATCH", "/v1/host", "{\"product\":{\"a\":1}}", 400));
	json =
	    call(c, "PATCH", "/v1/host", "{\"product\":\"ndes-2008r2\"}", 200);
	first = json_array_get(json_object_get(json, "pending"), 0);
	assert_string_equal(
	    json_string_value(json_object_get(first, "key")), "product");
	assert_string_equal(
	    json_string_value(json_object_get(first, "restart")), "computer");
	json_decref(json);
	assert_product(c, "/v1/host", "ndes-2008r2");
	assert_product(c, "/v1/host?view=in-force", "ndes-2022");
	json_decref(call(c, "POST", "/v1/restart/iis", "", 200));
	assert_server(&d, "Microsoft-IIS/10.0");
	json_decref(call(c, "POST", "/v1/restart/computer", "", 200));
	assert_server(&d, "Microsoft-IIS/7.5");
	json_decref(call(c, "PATCH", "/v1/host", "{\"product\":null}", 200));
	assert_product(c, "/v1/host", "ndes-2022");
	control_free(c);
	desk_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    server_2012_enrols_by_get_and_answers_a_post_with_nothing),
		cmocka_unit_test(the_empty_answer_uses_up_no_password),
		cmocka_unit_test(server_2008_r2_takes_no_post_but_a_get),
		cmocka_unit_test(rfc8894_enrols_under_its_own_name),
		cmocka_unit_test(
		    a_file_names_the_product_at_the_top_of_its_host),
		cmocka_unit_test(
		    the_control_api_changes_it_with_a_restart_of_the_computer),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
