/* SPDX-License-Identifier: MIT */
/*
 * GetCACaps: the product's list, its algorithms replaced by the registry's
 * when set, or the whole of it by the scenario's. Every line ends in CRLF
 * unless the scenario says otherwise.
 */
#include "ndes/pages.h"
#include "ndes/product.h"

#define CAPS_MAX 8192

static void
add_list(struct buf *b, const struct host_list *list, const char *line_end)
{
	for (size_t i = 0; i < list->count; i++)
		buf_addf(b, "%s%s", list->item[i], line_end);
}

static void
add_names(struct buf *b, const char *const *names, const char *line_end)
{
	for (; *names != NULL; names++)
		buf_addf(b, "%s%s", *names, line_end);
}

static const char *
content_type(const struct host *h)
{
	if (strcmp(h->caps.content_type, HOST_BY_PRODUCT) == 0)
		return ndes_product(h)->caps_content_type;
	return h->caps.content_type[0] == '\0' ? NULL : h->caps.content_type;
}

void
ndes_caps(struct ndes_exchange *x)
{
	const struct host *h = x->host;
	const struct ndes_product *product = ndes_product(h);
	const char *end = h->caps.line_end == HOST_LF ? "\n" : "\r\n";
	struct buf b;

	buf_init(&b, CAPS_MAX);
	if (h->caps.tokens.count > 0) {
		add_list(&b, &h->caps.tokens, end);
	} else {
		add_names(&b, product->caps, end);
		if (h->registry.ca_capabilities_algorithms.count > 0)
			add_list(
			    &b, &h->registry.ca_capabilities_algorithms, end);
		else
			add_names(&b, product->caps_algorithms, end);
	}
	ndes_iis_reply(
	    x, 200, content_type(h), arena_copy(&x->arena, buf_bytes(&b)));
	x->answered_by = NDES_LAYER_MSCEP;
	buf_clear(&b);
}
