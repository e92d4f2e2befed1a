/* SPDX-License-Identifier: MIT */
/* `tls:`: what a handshake is like. */
#include "scenario/effects.h"

WORDS(tls_certs, { "expired", FAULT_TLS_EXPIRED },
    { "not-yet-valid", FAULT_TLS_NOT_YET },
    { "self-signed", FAULT_TLS_SELF_SIGNED },
    { "wrong-name", FAULT_TLS_WRONG_NAME },
    { "untrusted", FAULT_TLS_UNTRUSTED }, { "revoked", FAULT_TLS_REVOKED },
    { "leaf-only", FAULT_TLS_LEAF_ONLY }, { "next-ca", FAULT_TLS_NEXT });
WORDS(tls_versions, { "1.0", 0 }, { "1.1", 1 }, { "1.2", 2 }, { "1.3", 3 });
WORDS(tls_clients, { "none", 0 }, { "asked", 1 }, { "required", 2 });
WORDS(tls_cuts, { "hello", FAULT_TLS_CUT_HELLO },
    { "middle", FAULT_TLS_CUT_MIDDLE });
WORDS(tls_alerts, { "close_notify", 0 }, { "unexpected_message", 10 },
    { "bad_record_mac", 20 }, { "record_overflow", 22 },
    { "handshake_failure", 40 }, { "bad_certificate", 42 },
    { "unsupported_certificate", 43 }, { "certificate_revoked", 44 },
    { "certificate_expired", 45 }, { "certificate_unknown", 46 },
    { "illegal_parameter", 47 }, { "unknown_ca", 48 }, { "access_denied", 49 },
    { "decode_error", 50 }, { "decrypt_error", 51 }, { "protocol_version", 70 },
    { "insufficient_security", 71 }, { "internal_error", 80 },
    { "user_canceled", 90 }, { "missing_extension", 109 },
    { "unsupported_extension", 110 }, { "unrecognized_name", 112 },
    { "certificate_required", 116 }, { "no_application_protocol", 120 });

static void
read_alert(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_tls *t = base;

	if (value->kind == TREE_SCALAR && value->text.n > 0 &&
	    value->text.p[0] >= '0' && value->text.p[0] <= '9')
		field_int(l, f, value, base);
	else
		(void)field_read_word(l, tls_alerts, value, &t->alert);
}

static void
read_close_notify(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_tls *t = base;

	t->no_close_notify = true;
	field_bool(l, f, value, base);
	t->no_close_notify = !t->no_close_notify;
}

#define T struct fault_tls
static const struct field tls_fields[] = {
	FIELD_W(T, "certificate", field_word, certificate, tls_certs),
	FIELD_W(T, "minimum", field_word, minimum, tls_versions),
	FIELD_W(T, "maximum", field_word, maximum, tls_versions),
	FIELD_W(T, "client_certificate", field_word, client_certificate,
	    tls_clients),
	FIELD_N(T, "alert", read_alert, alert, 0, 255),
	FIELD_W(T, "cut", field_word, cut, tls_cuts),
	FIELD_W(T, "how", field_word, cut_how, effects_hows),
	FIELD(T, "plain", field_true, plain),
	FIELD(T, "close_notify", read_close_notify, no_close_notify),
};
#undef T

struct language_table
tls_language(void)
{
	return (struct language_table){ "tls", tls_fields, nitems(tls_fields) };
}

void
effects_tls(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_tls *t = &((struct fault *)base)->tls;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	*t = (struct fault_tls){ .on = true,
		.minimum = -1,
		.maximum = -1,
		.client_certificate = -1,
		.alert = -1 };
	fields_read(l, l->where, tls_fields, nitems(tls_fields), value, t);
	if (t->plain && value->count > 2)
		complain(l->c, value->at,
		    "%s: plain has no handshake; nothing else goes with it",
		    l->where);
	if (field_find(value, "how") != NULL && t->cut == FAULT_TLS_NO_CUT)
		complain(l->c, field_find(value, "how")->at,
		    "%s.how is for cut", l->where);
	if (t->alert != -1 && t->cut != FAULT_TLS_NO_CUT)
		complain(l->c, value->at,
		    "%s: alert and cut do not go together", l->where);
	if (t->minimum != -1 && t->maximum != -1 && t->minimum > t->maximum)
		complain(
		    l->c, value->at, "%s: minimum is above maximum", l->where);
}
