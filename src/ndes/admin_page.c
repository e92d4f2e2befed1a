/* SPDX-License-Identifier: MIT */
/*
 * The page of mscep_admin. Scrapers match its sentences to the blank
 * (reference section 5), so those are exact; the prose around them is ours.
 *
 * Not established and chosen here: the wording with UseSinglePassword, and
 * what the page says when EnforcePassword is 0.
 */
#include "ndes/pages.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ndes/hresult.h"

#define TEXT_MAX 8192

/* What stands on either side of the password. */
static const char *
blanks(const struct host *h)
{
	switch ((enum host_page_blanks)h->mscep.admin_page_blanks) {
	case HOST_BLANK_ONE:
		break;
	case HOST_BLANK_NONE:
		return "";
	case HOST_BLANK_MANY:
		return "\r\n\t &nbsp; ";
	}
	return " ";
}

static bool
is_german(const struct host *h)
{
	return h->mscep.admin_page_language == HOST_PAGE_GERMAN;
}

/* MD5 of the CA certificate in four groups, so that no scraper takes it for a password. */
static void
add_thumbprint(struct buf *b, const struct host *h, const struct ca_material *m)
{
	uint8_t md5[16];

	memcpy(md5, ca_material_thumbprint_md5(m), sizeof(md5));
	if (h->mscep.admin_thumbprint == HOST_THUMBPRINT_WRONG)
		for (size_t i = 0; i < sizeof(md5); i++)
			md5[i] ^= 0x5a;
	buf_add_str(b,
	    is_german(h)
		? "<P> Fingerabdruck (Hashwert) des Zertifikats der "
		  "Zertifizierungsstelle: <B> "
		: "<P> The thumbprint (hash value) for the CA certificate "
		  "is: <B> ");
	for (size_t i = 0; i < sizeof(md5); i += 4) {
		text_hex(b, bytes_of(md5 + i, 4), true);
		buf_add_byte(b, ' ');
	}
	buf_add_str(b, "</B> </P>\r\n");
}

/* How long it lasts, in German. */
static void
add_password_german(struct buf *b, const struct host *h)
{
	if (h->registry.use_single_password != 0)
		buf_add_str(b,
		    "<P> Dieses Kennwort gilt f\u00fcr alle Ger\u00e4te und "
		    "l\u00e4uft nicht ab. </P>\r\n");
	else
		buf_addf(b,
		    "<P> Dieses Kennwort kann nur einmal verwendet werden und "
		    "l\u00e4uft in %lld Minuten ab. </P>\r\n",
		    (long long)h->registry.password_validity_min);
}

static void
add_password(struct buf *b, const struct host *h, const char *password)
{
	buf_addf(b, "<P> %s: <B>%s%s%s</B> </P>\r\n",
	    is_german(h) ? "Das Abfragekennwort f\u00fcr die Registrierung ist"
			 : "The enrollment challenge password is",
	    blanks(h), password, blanks(h));
	if (is_german(h))
		add_password_german(b, h);
	else if (h->registry.use_single_password != 0)
		buf_add_str(b,
		    "<P> This password can be used by all devices and does "
		    "not expire. </P>\r\n");
	else
		buf_addf(b,
		    "<P> This password can be used only once and will expire "
		    "within %lld minutes. </P>\r\n"
		    "<P> Each enrollment needs a new one; reload this page to "
		    "get it. </P>\r\n",
		    (long long)h->registry.password_validity_min);
}

static void
add_cache_full(struct buf *b, const struct host *h)
{
	buf_addf(b,
	    "<P> The password cache is full. </P>\r\n"
	    "<P> The service keeps a password until a device uses it or it "
	    "expires, and so many are waiting that no more can be given out. "
	    "You can do one of these: </P>\r\n"
	    "<UL><LI> Use one of the passwords that were given out. "
	    "<LI> Wait until one of them has expired, %lld minutes after it "
	    "was given out. "
	    "<LI> Restart Internet Information Services (IIS), which forgets "
	    "them all. "
	    "<LI> Configure the service to cache more than %lld passwords. "
	    "</UL>\r\n",
	    (long long)h->registry.password_validity_min,
	    (long long)h->registry.password_max);
}

/* The paragraphs of the page and, when it is not the password page, why; NULL then when we failed. */
static const char *
password_paragraphs(struct ndes_exchange *x, struct buf *b)
{
	char password[CHALLENGE_TEXT_MAX];
	struct err e = { 0 };
	int rc;

	if (x->host->registry.enforce_password == 0) {
		add_thumbprint(b, x->host, x->dep->material);
		buf_add_str(b,
		    "<P> No enrollment challenge password is needed. "
		    "</P>\r\n");
		return NULL;
	}
	rc = challenge_new(
	    x->dep->challenges, x->host, x->dep->env, password, &e);
	if (rc == 1) {
		add_thumbprint(b, x->host, x->dep->material);
		add_password(b, x->host, password);
		return NULL;
	}
	if (rc == 0) {
		add_cache_full(b, x->host);
		x->key = "registry.PasswordMax";
		return "the password cache is full (registry.PasswordMax)";
	}
	return "no randomness or memory for a new password";
}

/* The page for who may not enroll; event 6 tells the administrator. */
static const char *
no_permission(struct ndes_exchange *x, struct buf *b)
{
	char code[HRESULT_TEXT_SIZE];

	buf_add_str(b,
	    "<P> You do not have sufficient permission to enroll with "
	    "SCEP.  Please contact your system administrator. </P>\r\n");
	hresult_code(HRESULT_TEMPLATE_DENIED, code);
	ndes_note_event(x, EVENT_NDES_NO_PASSWORD, code,
	    hresult_text(HRESULT_TEMPLATE_DENIED), NULL);
	x->key = "account.admin_enroll";
	return "who opened the page may not enroll for the configured "
	       "templates (account.admin_enroll, event 6)";
}

void
ndes_admin_page(struct ndes_exchange *x)
{
	const char *why;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	if (x->host->account.admin_enroll)
		why = password_paragraphs(x, &b);
	else
		why = no_permission(x, &b);
	if (b.n == 0)
		ndes_iis_page(x, 500, 0, 0, why);
	else
		ndes_mscep_page(x, buf_str(&b));
	x->answered_by = NDES_LAYER_MSCEP;
	x->why = why;
	buf_clear(&b);
}
