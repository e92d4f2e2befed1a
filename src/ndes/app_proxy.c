/* SPDX-License-Identifier: MIT */
/*
 * The Application Proxy: a name on the Internet, a cloud behind it, and a
 * connector on the premises that fetches requests for NDES. What fails here
 * never reaches the host, so no log of it says anything. Requests that name
 * the host by its internal name go past the proxy.
 */
#include "ndes/proxy_page.h"

/* A Host header without its port and the root's dot. */
static struct bytes
host_name(struct bytes authority)
{
	size_t end = authority.n;

	for (size_t i = authority.n; i-- > 0;) {
		if (authority.p[i] == ']')
			break; /* an address of IPv6, no port behind */
		if (authority.p[i] == ':') {
			end = i;
			break;
		}
	}
	if (end > 0 && authority.p[end - 1] == '.')
		end--;
	return bytes_of(authority.p, end);
}

static bool
comes_by_the_proxy(const struct ndes_exchange *x)
{
	const struct http_header *h = http_request_header(&x->rq, "Host");
	struct bytes inside = bytes_str(x->host->app_proxy.internal_name);

	if (!x->host->app_proxy.in_use)
		return false;
	return h == NULL || !bytes_eq_nocase(host_name(h->value), inside);
}

/* The cloud asks a connector that does not run, and gives up after a while. */
static void
time_out(struct ndes_exchange *x)
{
	static const struct ndes_proxy_page page = {
		.status = 504,
		.code = "GatewayTimeout",
		.heading = "The corporate app cannot be accessed",
		.text = "This corporate app can't be accessed: no connector "
			"took the request in time.",
		.why = "the Application Proxy connector service is not running "
		       "(app_proxy.connector)",
	};

	ndes_proxy_page(x, &page);
	x->reply.wire.delay_ms = x->host->app_proxy.gateway_timeout_ms;
}

static void
bad_gateway(struct ndes_exchange *x)
{
	static const struct ndes_proxy_page page = {
		.status = 502,
		.code = "BadGateway",
		.heading = "This corporate app can't be accessed right now.",
		.text = "The connector got no answer from the address that it "
			"has for the app.",
		.why = "the Application Proxy connector cannot reach NDES "
		       "(app_proxy.backend)",
	};

	ndes_proxy_page(x, &page);
}

void
ndes_app_proxy(struct ndes_exchange *x)
{
	const struct host *h = x->host;

	if (!comes_by_the_proxy(x))
		return;
	if (h->app_proxy.external_url == HOST_NAME_WRONG) {
		x->key = "app_proxy.external_url";
		x->reply.wire.act = WIRE_CLOSE;
		x->answered_by = NDES_LAYER_APP_PROXY;
		x->why = "no application is published under the external URL "
			 "(app_proxy.external_url)";
	} else if (h->app_proxy.connector == HOST_NOT_RUNNING) {
		time_out(x);
		x->key = "app_proxy.connector";
	} else if (h->app_proxy.backend == HOST_UNREACHABLE) {
		bad_gateway(x);
		x->key = "app_proxy.backend";
	}
}

void
ndes_app_proxy_return(struct ndes_exchange *x)
{
	if (x->reply.wire.act == WIRE_PLAY &&
	    x->answered_by != NDES_LAYER_NONE &&
	    x->answered_by != NDES_LAYER_APP_PROXY && comes_by_the_proxy(x))
		ndes_proxy_mark(x);
}
