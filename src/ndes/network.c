/* SPDX-License-Identifier: MIT */
/*
 * The way to the server. Nothing that happens here leaves a trace on the
 * host. A refused connection is the listener's business; where a listener is
 * shared with other sites, a reset is the nearest to it.
 */
#include "ndes/exchange.h"

static void
cut_off(struct ndes_exchange *x, enum wire_act act, const char *why)
{
	x->reply.wire.act = act;
	x->answered_by = NDES_LAYER_NETWORK;
	x->why = why;
	x->key = "network.state";
}

void
ndes_network(struct ndes_exchange *x)
{
	switch ((enum host_network)x->host->network.state) {
	case HOST_NET_REFUSED:
		cut_off(x, WIRE_RESET,
		    "connections are refused on the way (network.state)");
		break;
	case HOST_NET_RESET:
		cut_off(x, WIRE_RESET,
		    "connections are reset on the way (network.state)");
		break;
	case HOST_NET_SILENT:
		cut_off(x, WIRE_SILENT,
		    "packets are dropped on the way (network.state)");
		break;
	case HOST_NET_OPEN:
		break;
	}
}
