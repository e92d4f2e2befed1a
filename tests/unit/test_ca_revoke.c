/* SPDX-License-Identifier: MIT */
/* How certificates stand with the CA, and its revocation lists as libcrypto reads them. */
#include "test_ca_support.h"

/* ---- support ---- */

struct leaf {
	struct buf der;
	struct pki_cert cert;
};

static void
leaf_parse(struct leaf *l)
{
	struct asn1_fault fault = { 0 };

	assert_true(pki_cert_parse(&l->cert, buf_bytes(&l->der), &fault));
}

static void
leaf_issue(struct world *w, struct leaf *l)
{
	struct ca_answer answer;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	issue(w, &c, &answer);
	csr_free(&c);
	l->der = answer.der;
	leaf_parse(l);
}

static void
revoke_leaf(struct world *w, const struct leaf *l, int64_t at, int reason)
{
	bool found = false;

	assert_int_equal(store_cert_revoke(w->store, l->cert.serial, at, reason,
			     &found, &w->e),
	    0);
	assert_true(found);
}

static void
assert_standing(
    struct world *w, const struct pki_cert *cert, enum ca_standing want)
{
	enum ca_standing got = (enum ca_standing)77;

	assert_int_equal(
	    ca_standing(w->ca, w->ctx, w->m, cert, &got, &w->e), 0);
	assert_int_equal(got, want);
}

static X509_CRL *
crl_of(struct world *w, bool root)
{
	struct buf der;

	buf_init(&der, 100000);
	int result = root ? ca_root_crl(w->ca, w->ctx, w->m, &der, &w->e)
			  : ca_crl(w->ca, w->ctx, w->m, &der, &w->e);
	if (result != 0)
		fail_msg("%s", w->e.text);
	const unsigned char *p = der.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);
	assert_non_null(crl);
	assert_ptr_equal(p, der.p + der.n);
	buf_clear(&der);
	return crl;
}

static int64_t
crl_number(const X509_CRL *crl)
{
	ASN1_INTEGER *number =
	    X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	int64_t n = -1;

	assert_non_null(number);
	assert_int_equal(ASN1_INTEGER_get_int64(&n, number), 1);
	ASN1_INTEGER_free(number);
	return n;
}

static void
assert_signed_by(X509_CRL *crl, const struct world *w, enum ca_role role)
{
	X509 *x = material_x509(w->m, role);

	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(x)), 1);
	assert_int_equal(
	    X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(x)),
	    0);
	X509_free(x);
}

/* ---- standing ---- */

static void
a_certificate_stands_between_its_dates(void **state)
{
	struct world *w = *state;
	struct leaf l;

	leaf_issue(w, &l);
	assert_standing(w, &l.cert, CA_STANDS);
	w->chance.now_s = l.cert.not_before - 1;
	assert_standing(w, &l.cert, CA_NOT_YET_VALID);
	w->chance.now_s = l.cert.not_before;
	assert_standing(w, &l.cert, CA_STANDS);
	w->chance.now_s = l.cert.not_after;
	assert_standing(w, &l.cert, CA_STANDS);
	w->chance.now_s = l.cert.not_after + 1;
	assert_standing(w, &l.cert, CA_EXPIRED);
	buf_clear(&l.der);
}

static void
a_revoked_one_stays_revoked_when_it_expires(void **state)
{
	struct world *w = *state;
	struct leaf l;

	leaf_issue(w, &l);
	revoke_leaf(w, &l, NOW, 1);
	assert_standing(w, &l.cert, CA_REVOKED);
	w->chance.now_s = l.cert.not_after + 1;
	assert_standing(w, &l.cert, CA_REVOKED);
	buf_clear(&l.der);
}

static void
one_from_an_earlier_run_is_still_ours(void **state)
{
	struct world *w = *state;
	struct leaf l;

	leaf_issue(w, &l);
	ca_free(w->ca);
	store_close(w->store);
	w->store = store_open(NULL, &w->e);
	w->ca = ca_new(w->store, &w->env, &w->e);
	assert_standing(w, &l.cert, CA_STANDS);
	buf_clear(&l.der);
}

static void
other_issuers_and_forgeries_are_not_ours(void **state)
{
	struct world *w = *state;
	struct leaf l;

	assert_standing(w, ca_material_cert(w->m, CA_STRANGER), CA_NOT_OURS);
	assert_standing(w, ca_material_cert(w->m, CA_ISSUING), CA_NOT_OURS);
	assert_standing(w, ca_material_cert(w->m, CA_RA_SIGN), CA_STANDS);
	/* the right issuer's name, but not its signature */
	leaf_issue(w, &l);
	l.der.p[l.der.n - 1] ^= 1;
	leaf_parse(&l);
	assert_standing(w, &l.cert, CA_NOT_OURS);
	buf_clear(&l.der);
}

/* ---- lists ---- */

static void
the_first_list_is_empty_and_holds_a_week(void **state)
{
	struct world *w = *state;
	X509_CRL *crl = crl_of(w, false);

	assert_signed_by(crl, w, CA_ISSUING);
	assert_int_equal(X509_CRL_get_version(crl), 1);
	assert_int_equal(
	    X509_CRL_get_signature_nid(crl), NID_sha256WithRSAEncryption);
	assert_true(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) <= 0);
	assert_int_equal(time_of(X509_CRL_get0_lastUpdate(crl)), NOW - 600);
	assert_int_equal(time_of(X509_CRL_get0_nextUpdate(crl)), NOW + 7 * DAY);
	X509_CRL_free(crl);
}

static void
the_revoked_are_in_it_with_date_and_reason(void **state)
{
	struct world *w = *state;
	struct leaf good;
	struct leaf bad;
	X509_REVOKED *entry = NULL;

	leaf_issue(w, &good);
	leaf_issue(w, &bad);
	X509_CRL_free(crl_of(w, false));
	revoke_leaf(w, &bad, NOW - 5, 1);
	X509_CRL *crl = crl_of(w, false);
	X509 *x = x509_of(buf_bytes(&bad.der));
	assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, x), 1);
	assert_int_equal(
	    time_of(X509_REVOKED_get0_revocationDate(entry)), NOW - 5);
	ASN1_ENUMERATED *reason =
	    X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	assert_non_null(reason);
	assert_int_equal(ASN1_ENUMERATED_get(reason), 1);
	ASN1_ENUMERATED_free(reason);
	X509_free(x);
	x = x509_of(buf_bytes(&good.der));
	assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, x), 0);
	assert_signed_by(crl, w, CA_ISSUING);
	X509_free(x);
	X509_CRL_free(crl);
	buf_clear(&good.der);
	buf_clear(&bad.der);
}

/* libcrypto's path validation with both lists. */
static int
checked_with_lists(struct world *w, struct bytes der)
{
	X509 *root = material_x509(w->m, CA_ROOT);
	X509 *issuing = material_x509(w->m, CA_ISSUING);
	X509 *cert = x509_of(der);
	X509_CRL *lists[] = { crl_of(w, false), crl_of(w, true) };
	X509_STORE *trust = X509_STORE_new();
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();

	X509_STORE_add_cert(trust, root);
	X509_STORE_add_crl(trust, lists[0]);
	X509_STORE_add_crl(trust, lists[1]);
	sk_X509_push(between, issuing);
	X509_STORE_CTX_init(check, trust, cert, between);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
	X509_VERIFY_PARAM_set_time(param, NOW);
	X509_VERIFY_PARAM_set_flags(param,
	    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
		X509_V_FLAG_X509_STRICT);
	X509_verify_cert(check);
	int error = X509_STORE_CTX_get_error(check);
	sk_X509_free(between);
	X509_STORE_CTX_free(check);
	X509_STORE_free(trust);
	X509_CRL_free(lists[0]);
	X509_CRL_free(lists[1]);
	X509_free(cert);
	X509_free(issuing);
	X509_free(root);
	return error;
}

static void
path_validation_with_lists_sees_who_is_revoked(void **state)
{
	struct world *w = *state;
	struct leaf l;

	leaf_issue(w, &l);
	int error = checked_with_lists(w, buf_bytes(&l.der));
	if (error != X509_V_OK)
		fail_msg("%s", X509_verify_cert_error_string(error));
	revoke_leaf(w, &l, NOW, 1);
	assert_int_equal(
	    checked_with_lists(w, buf_bytes(&l.der)), X509_V_ERR_CERT_REVOKED);
	buf_clear(&l.der);
}

static bool
same_list(X509_CRL *a, X509_CRL *b)
{
	return X509_CRL_match(a, b) == 0;
}

static void
a_list_is_kept_until_half_its_week_is_over(void **state)
{
	struct world *w = *state;
	X509_CRL *first = crl_of(w, false);

	w->chance.now_s = NOW + 7 * DAY / 2 - 1;
	X509_CRL *kept = crl_of(w, false);
	assert_true(same_list(first, kept));
	w->chance.now_s = NOW + 7 * DAY / 2;
	X509_CRL *renewed = crl_of(w, false);
	assert_false(same_list(first, renewed));
	assert_true(crl_number(renewed) > crl_number(first));
	assert_int_equal(time_of(X509_CRL_get0_nextUpdate(renewed)),
	    NOW + 7 * DAY / 2 + 7 * DAY);
	X509_CRL_free(first);
	X509_CRL_free(kept);
	X509_CRL_free(renewed);
}

static void
each_revocation_makes_a_new_list_with_a_higher_number(void **state)
{
	struct world *w = *state;
	X509_CRL *empty = crl_of(w, false);
	int64_t last = crl_number(empty);

	X509_CRL_free(empty);
	for (int i = 0; i < 3; i++) {
		struct leaf l;

		leaf_issue(w, &l);
		revoke_leaf(w, &l, NOW, 0);
		X509_CRL *crl = crl_of(w, false);
		assert_int_equal(
		    sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), i + 1);
		assert_true(crl_number(crl) > last);
		last = crl_number(crl);
		X509_CRL_free(crl);
		buf_clear(&l.der);
	}
}

static void
other_material_gets_a_list_of_its_own(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *first = w->m;

	X509_CRL_free(crl_of(w, false));
	X509_CRL_free(crl_of(w, true));
	spec.keys = ca_keys_fresh(w->lib, &w->e);
	assert_non_null(spec.keys);
	w->m = mint(w, &spec);
	X509_CRL *crl = crl_of(w, false);
	X509_CRL *root = crl_of(w, true);
	assert_signed_by(crl, w, CA_ISSUING);
	assert_signed_by(root, w, CA_ROOT);
	X509_CRL_free(crl);
	X509_CRL_free(root);
	ca_material_free(w->m);
	w->m = first;
	ca_keys_free((struct ca_keys *)(uintptr_t)spec.keys);
}

static void
the_roots_list_is_empty_and_the_roots(void **state)
{
	struct world *w = *state;
	struct leaf l;

	leaf_issue(w, &l);
	revoke_leaf(w, &l, NOW, 1);
	X509_CRL *crl = crl_of(w, true);
	X509_CRL *again = crl_of(w, true);
	assert_signed_by(crl, w, CA_ROOT);
	assert_true(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) <= 0);
	assert_true(same_list(crl, again));
	X509_CRL_free(crl);
	X509_CRL_free(again);
	buf_clear(&l.der);
}

static void
a_list_is_appended_and_a_buffer_too_small_is_an_error(void **state)
{
	struct world *w = *state;
	struct buf out;

	buf_init(&out, 10000);
	buf_add_str(&out, "xy");
	assert_int_equal(ca_crl(w->ca, w->ctx, w->m, &out, &w->e), 0);
	assert_memory_equal(out.p, "xy\x30", 3);
	buf_clear(&out);
	buf_init(&out, 100);
	assert_int_equal(ca_crl(w->ca, w->ctx, w->m, &out, &w->e), -1);
	assert_int_equal(w->e.code, ERR_MEMORY);
	buf_clear(&out);
}

static void
a_list_can_be_as_old_as_wished(void **state)
{
	struct world *w = *state;
	const unsigned char *p;
	struct buf out;
	X509_CRL *old, *now = crl_of(w, false);

	buf_init(&out, 100000);
	assert_int_equal(ca_aged_crl(w->ca, w->ctx, w->m, CA_ISSUING,
			     30 * 86400, &out, &w->e),
	    0);
	p = out.p;
	old = d2i_X509_CRL(NULL, &p, (long)out.n);
	assert_non_null(old);
	assert_int_equal(ASN1_TIME_compare(X509_CRL_get0_nextUpdate(old),
			     X509_CRL_get0_lastUpdate(now)),
	    -1);
	assert_true(crl_number(old) < crl_number(now));
	X509_CRL_free(old);
	X509_CRL_free(now);
	buf_clear(&out);
}

static void
a_thousand_revoked_are_all_listed(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 1000; i++) {
		uint8_t serial[3] = { 0x21, (uint8_t)(i >> 8), (uint8_t)i };
		struct store_cert cert = {
			.serial = bytes_of(serial, sizeof(serial)),
			.der = BYTES_LIT("\x30\x00"),
		};
		bool found = false;

		assert_int_equal(store_cert_add(w->store, &cert, &w->e), 0);
		assert_int_equal(store_cert_revoke(w->store, cert.serial, NOW,
				     0, &found, &w->e),
		    0);
	}
	X509_CRL *crl = crl_of(w, false);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 1000);
	assert_signed_by(crl, w, CA_ISSUING);
	X509_CRL_free(crl);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_certificate_stands_between_its_dates),
		IN_WORLD(a_revoked_one_stays_revoked_when_it_expires),
		IN_WORLD(one_from_an_earlier_run_is_still_ours),
		IN_WORLD(other_issuers_and_forgeries_are_not_ours),
		IN_WORLD(the_first_list_is_empty_and_holds_a_week),
		IN_WORLD(the_revoked_are_in_it_with_date_and_reason),
		IN_WORLD(path_validation_with_lists_sees_who_is_revoked),
		IN_WORLD(a_list_is_kept_until_half_its_week_is_over),
		IN_WORLD(each_revocation_makes_a_new_list_with_a_higher_number),
		IN_WORLD(other_material_gets_a_list_of_its_own),
		IN_WORLD(the_roots_list_is_empty_and_the_roots),
		IN_WORLD(a_list_is_appended_and_a_buffer_too_small_is_an_error),
		IN_WORLD(a_list_can_be_as_old_as_wished),
		IN_WORLD(a_thousand_revoked_are_all_listed),
	};

	return cmocka_run_group_tests_name("ca_revoke", tests, NULL, NULL);
}
