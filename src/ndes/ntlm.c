/* SPDX-License-Identifier: MIT */
/*
 * Reading the first and the third message, writing the second, and comparing
 * responses: NTLMv2 and LMv2, and version 1 with and without extended session
 * security, as a server at the stock LmCompatibilityLevel takes them. The old
 * LM response alone is refused: Windows stores no LM hash.
 */
#include "ndes/ntlm.h"

#include "base/text.h"
#include "ndes/pages.h"
#include "ndes/secret.h"

#define SIGNATURE BYTES_LIT("NTLMSSP\0")

enum {
	UNICODE = 0x00000001,
	OEM = 0x00000002,
	REQUEST_TARGET = 0x00000004,
	SIGN = 0x00000010,
	SEAL = 0x00000020,
	NTLM = 0x00000200,
	ALWAYS_SIGN = 0x00008000,
	TARGET_TYPE_DOMAIN = 0x00010000,
	TARGET_TYPE_SERVER = 0x00020000,
	EXTENDED_SECURITY = 0x00080000,
	TARGET_INFO = 0x00800000,
	VERSION = 0x02000000,
	KEY_128 = 0x20000000,
	KEY_EXCHANGE = 0x40000000,
};
#define KEY_56 0x80000000U

/* What the client may choose; everything else is given by us. */
#define CHOICES                                                              \
	(SIGN | SEAL | ALWAYS_SIGN | EXTENDED_SECURITY | VERSION | KEY_128 | \
	    KEY_EXCHANGE | KEY_56)

enum av_id {
	AV_EOL,
	AV_NB_COMPUTER,
	AV_NB_DOMAIN,
	AV_DNS_COMPUTER,
	AV_DNS_DOMAIN,
	AV_DNS_TREE,
	AV_FLAGS,
	AV_TIMESTAMP,
};

#define AV_FLAG_MIC 2

/* Offsets in the messages. */
enum {
	TYPE_AT = 8,
	NEGOTIATE_FLAGS_AT = 12,
	NEGOTIATE_MIN = 16,
	CHALLENGE_HEAD = 56,
	LM_AT = 12,
	NT_AT = 20,
	DOMAIN_AT = 28,
	USER_AT = 36,
	KEY_AT = 52,
	FLAGS_AT = 60,
	AUTHENTICATE_MIN = 64,
	MIC_AT = 72,
	MIC_END = 88,
	BLOB_AT = 16, /* in an NTLMv2 response: behind the proof */
	BLOB_PAIRS_AT = 28, /* in the blob */
};

#define MESSAGE_MAX 4096
#define FILETIME_EPOCH_MS 11644473600000

/* ---- little-endian numbers ---- */

static uint16_t
get16(struct bytes s, size_t at)
{
	return (uint16_t)(s.p[at] | s.p[at + 1] << 8);
}

static uint32_t
get32(struct bytes s, size_t at)
{
	return get16(s, at) | (uint32_t)get16(s, at + 2) << 16;
}

static void
put(struct buf *out, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		buf_add_byte(out, (uint8_t)(v >> 8 * i));
}

/* The part of a message that the descriptor at this offset points to. */
static bool
field(struct bytes message, size_t at, struct bytes *out)
{
	size_t n = get16(message, at), from = get32(message, at + 4);

	if (n > message.n || from > message.n - n)
		return false;
	*out = bytes_of(message.p + from, n);
	return true;
}

void
ndes_ntlm_init(struct ndes_ntlm *s)
{
	*s = (struct ndes_ntlm){ .challenged = false };
	buf_init(&s->exchanged, NDES_NTLM_NEGOTIATE_MAX + MESSAGE_MAX);
}

void
ndes_ntlm_clear(struct ndes_ntlm *s)
{
	buf_clear(&s->exchanged);
	ndes_ntlm_init(s);
}

enum ndes_ntlm_type
ndes_ntlm_type(struct bytes token)
{
	uint32_t type;

	if (token.n < TYPE_AT + 4 ||
	    !bytes_eq(bytes_of(token.p, TYPE_AT), SIGNATURE))
		return NDES_NTLM_NONE;
	type = get32(token, TYPE_AT);
	return type <= NDES_NTLM_TYPE_AUTHENTICATE ? (enum ndes_ntlm_type)type
						   : NDES_NTLM_NONE;
}

/* ---- the second message ---- */

static void
add_pair(struct buf *out, enum av_id id, const char *text)
{
	size_t length_at = out->n + 2, n;

	put(out, id, 2);
	put(out, 0, 2);
	text_utf16le(out, bytes_str(text));
	if (!buf_ok(out))
		return;
	n = out->n - length_at - 2;
	out->p[length_at] = (uint8_t)n;
	out->p[length_at + 1] = (uint8_t)(n >> 8);
}

/* The part of a host name behind its first dot, or NULL: no domain. */
static const char *
domain_of(const char *hostname)
{
	const char *dot = strchr(hostname, '.');

	return dot == NULL || dot[1] == '\0' ? NULL : dot + 1;
}

static void
target_info(struct buf *out, const char *hostname, int64_t now_ms)
{
	const char *domain = domain_of(hostname);
	char computer[16], nb_domain[16];

	ndes_netbios_name(hostname, computer);
	ndes_netbios_name(domain == NULL ? hostname : domain, nb_domain);
	add_pair(out, AV_NB_DOMAIN, nb_domain);
	add_pair(out, AV_NB_COMPUTER, computer);
	add_pair(out, AV_DNS_DOMAIN, domain == NULL ? hostname : domain);
	add_pair(out, AV_DNS_COMPUTER, hostname);
	if (domain != NULL)
		add_pair(out, AV_DNS_TREE, domain);
	put(out, AV_TIMESTAMP, 2);
	put(out, 8, 2);
	put(out, ((uint64_t)now_ms + FILETIME_EPOCH_MS) * 10000, 8);
	put(out, AV_EOL, 4);
}

static void
target_name(struct buf *out, const char *hostname, bool unicode)
{
	const char *domain = domain_of(hostname);
	char name[16];

	ndes_netbios_name(domain == NULL ? hostname : domain, name);
	if (unicode)
		text_utf16le(out, bytes_str(name));
	else
		buf_add_str(out, name);
}

static uint32_t
flags_for(uint32_t asked, const char *hostname)
{
	uint32_t flags = asked & CHOICES;

	flags |= NTLM | REQUEST_TARGET | TARGET_INFO;
	flags |= asked & UNICODE ? UNICODE : OEM;
	flags |= domain_of(hostname) == NULL ? TARGET_TYPE_SERVER
					     : TARGET_TYPE_DOMAIN;
	return flags;
}

static void
descriptor(struct buf *out, size_t n, size_t from)
{
	put(out, n, 2);
	put(out, n, 2);
	put(out, from, 4);
}

static void
write_challenge(struct buf *out, const struct ndes_ntlm *s, uint32_t flags,
    struct bytes name, struct bytes info)
{
	buf_add(out, SIGNATURE);
	put(out, NDES_NTLM_TYPE_CHALLENGE, 4);
	descriptor(out, name.n, CHALLENGE_HEAD);
	put(out, flags, 4);
	buf_add(out, bytes_of(s->challenge, sizeof(s->challenge)));
	put(out, 0, 8);
	descriptor(out, info.n, CHALLENGE_HEAD + name.n);
	/* Windows Server 2019: 10.0, build 17763, NTLM revision 15. */
	if (flags & VERSION)
		buf_add(out, BYTES_LIT("\x0a\x00\x63\x45\x00\x00\x00\x0f"));
	else
		put(out, 0, 8);
	buf_add(out, name);
	buf_add(out, info);
}

int
ndes_ntlm_challenge(struct ndes_ntlm *s, struct bytes negotiate,
    const char *hostname, const struct env *env, struct buf *out)
{
	struct buf name, info;
	size_t before = out->n;
	struct err e = { 0 };
	uint32_t flags;
	int rc = -1;

	if (ndes_ntlm_type(negotiate) != NDES_NTLM_TYPE_NEGOTIATE ||
	    negotiate.n < NEGOTIATE_MIN ||
	    negotiate.n > NDES_NTLM_NEGOTIATE_MAX ||
	    env_random(env, s->challenge, sizeof(s->challenge), &e) == -1)
		return -1;
	buf_init(&name, MESSAGE_MAX);
	buf_init(&info, MESSAGE_MAX);
	flags = flags_for(get32(negotiate, NEGOTIATE_FLAGS_AT), hostname);
	target_name(&name, hostname, flags & UNICODE);
	target_info(&info, hostname, env_now_ms(env));
	write_challenge(out, s, flags, buf_bytes(&name), buf_bytes(&info));
	if (!buf_ok(&name) || !buf_ok(&info) || !buf_ok(out))
		goto out;
	buf_clear(&s->exchanged);
	buf_init(&s->exchanged, NDES_NTLM_NEGOTIATE_MAX + MESSAGE_MAX);
	buf_add(&s->exchanged, negotiate);
	buf_add(&s->exchanged, bytes_from(buf_bytes(out), before));
	s->challenged = buf_ok(&s->exchanged);
	rc = s->challenged ? 0 : -1;
out:
	buf_clear(&name);
	buf_clear(&info);
	return rc;
}

/* ---- the third message ---- */

struct message {
	struct bytes all, lm, nt, domain, user, key;
	uint32_t flags;
};

static bool
parse(struct message *m, struct bytes all)
{
	if (ndes_ntlm_type(all) != NDES_NTLM_TYPE_AUTHENTICATE ||
	    all.n < AUTHENTICATE_MIN)
		return false;
	m->all = all;
	m->flags = get32(all, FLAGS_AT);
	return field(all, LM_AT, &m->lm) && field(all, NT_AT, &m->nt) &&
	    field(all, DOMAIN_AT, &m->domain) &&
	    field(all, USER_AT, &m->user) && field(all, KEY_AT, &m->key);
}

/* Text of the message, in UTF-8 in the arena. */
static bool
utf8(struct arena *a, struct bytes text, bool unicode, struct bytes *out)
{
	struct buf utf8, swapped;

	if (!unicode) {
		*out = arena_copy(a, text);
		return out->p != NULL;
	}
	buf_init(&swapped, MESSAGE_MAX);
	buf_init(&utf8, (size_t)2 * MESSAGE_MAX);
	for (size_t i = 0; i + 1 < text.n; i += 2) {
		buf_add_byte(&swapped, text.p[i + 1]);
		buf_add_byte(&swapped, text.p[i]);
	}
	text_from_utf16be(&utf8, buf_bytes(&swapped));
	*out = bytes_of(NULL, 0);
	if (buf_ok(&swapped) && buf_ok(&utf8) && text.n % 2 == 0)
		*out = arena_copy(a, buf_bytes(&utf8));
	buf_clear(&swapped);
	buf_clear(&utf8);
	return out->p != NULL;
}

/* Upper case of the letters that ASCII and Latin-1 have. */
static void
upper_utf16(uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		uint8_t c = p[i];

		if (p[i + 1] == 0 &&
		    ((c >= 'a' && c <= 'z') ||
			(c >= 0xe0 && c <= 0xfe && c != 0xf7)))
			p[i] = (uint8_t)(c - 0x20);
	}
}

/* NTOWFv1: what Windows stores of a password. */
static void
hash_password(const char *password, uint8_t out[PKI_NTLM_KEY])
{
	struct buf wide;

	buf_init(&wide, 2 * strlen(password) + 2);
	text_utf16le(&wide, bytes_str(password));
	pki_ntlm_md4(buf_bytes(&wide), out);
	if (wide.p != NULL)
		memset(wide.p, 0, wide.n);
	buf_clear(&wide);
}

/* NTOWFv2: that, bound to the names as sent. */
static void
hash_names(const uint8_t password[PKI_NTLM_KEY], const struct message *m,
    const struct ndes_ntlm_logon *logon, uint8_t out[PKI_NTLM_KEY])
{
	struct buf names;
	size_t n;

	buf_init(&names, (size_t)4 * MESSAGE_MAX);
	if (m->flags & UNICODE)
		buf_add(&names, m->user);
	else
		text_utf16le(&names, logon->user);
	n = names.n;
	if (m->flags & UNICODE)
		buf_add(&names, m->domain);
	else
		text_utf16le(&names, logon->domain);
	if (names.p != NULL)
		upper_utf16(names.p, n);
	pki_ntlm_hmac(bytes_of(password, PKI_NTLM_KEY), buf_bytes(&names),
	    bytes_of(NULL, 0), out);
	buf_clear(&names);
}

/* NTLMv2, or LMv2: the first 16 bytes prove the password over the challenge and the rest. */
static bool
proves_v2(const struct ndes_ntlm *s, struct bytes response,
    const uint8_t hash[PKI_NTLM_KEY], uint8_t base_key[PKI_NTLM_KEY])
{
	struct bytes sent = bytes_of(response.p, PKI_NTLM_KEY);
	uint8_t proof[PKI_NTLM_KEY];

	pki_ntlm_hmac(bytes_of(hash, PKI_NTLM_KEY),
	    bytes_of(s->challenge, NDES_NTLM_CHALLENGE),
	    bytes_from(response, PKI_NTLM_KEY), proof);
	pki_ntlm_hmac(
	    bytes_of(hash, PKI_NTLM_KEY), sent, bytes_of(NULL, 0), base_key);
	return ndes_secret_equals(sent, bytes_of(proof, sizeof(proof)));
}

/* Version 1; with extended session security the client's half of the challenge is in the LM response. */
static bool
proves_v1(const struct ndes_ntlm *s, const struct message *m,
    const uint8_t hash[PKI_NTLM_KEY], uint8_t base_key[PKI_NTLM_KEY])
{
	uint8_t both[2 * NDES_NTLM_CHALLENGE], digest[PKI_NTLM_KEY];
	uint8_t expected[PKI_NTLM_RESPONSE];
	bool extended = m->flags & EXTENDED_SECURITY;

	if (extended && m->lm.n < NDES_NTLM_CHALLENGE)
		return false;
	memcpy(both, s->challenge, NDES_NTLM_CHALLENGE);
	memcpy(digest, s->challenge, NDES_NTLM_CHALLENGE);
	pki_ntlm_md4(bytes_of(hash, PKI_NTLM_KEY), base_key);
	if (extended) {
		memcpy(
		    both + NDES_NTLM_CHALLENGE, m->lm.p, NDES_NTLM_CHALLENGE);
		pki_ntlm_md5(bytes_of(both, sizeof(both)), digest);
		pki_ntlm_hmac(bytes_of(base_key, PKI_NTLM_KEY),
		    bytes_of(both, sizeof(both)), bytes_of(NULL, 0), base_key);
	}
	pki_ntlm_desl(hash, digest, expected);
	return ndes_secret_equals(m->nt, bytes_of(expected, sizeof(expected)));
}

static bool
proves(const struct ndes_ntlm *s, const struct message *m,
    const struct ndes_ntlm_logon *logon, const char *password,
    uint8_t base_key[PKI_NTLM_KEY])
{
	uint8_t v1[PKI_NTLM_KEY], v2[PKI_NTLM_KEY];

	hash_password(password, v1);
	hash_names(v1, m, logon, v2);
	if (m->nt.n > PKI_NTLM_RESPONSE)
		return proves_v2(s, m->nt, v2, base_key);
	if (m->nt.n == PKI_NTLM_RESPONSE)
		return proves_v1(s, m, v1, base_key);
	if (m->nt.n == 0 && m->lm.n == PKI_NTLM_RESPONSE)
		return proves_v2(s, m->lm, v2, base_key);
	return false;
}

/* Does the (proven) blob say that the message carries a MIC? */
static bool
promises_mic(const struct message *m)
{
	struct bytes rest = bytes_from(m->nt, BLOB_AT + BLOB_PAIRS_AT);

	while (m->nt.n > PKI_NTLM_RESPONSE && rest.n >= 4) {
		uint16_t id = get16(rest, 0), n = get16(rest, 2);

		if (id == AV_EOL || n > rest.n - 4)
			break;
		if (id == AV_FLAGS && n == 4)
			return get32(rest, 4) & AV_FLAG_MIC;
		rest = bytes_from(rest, (size_t)n + 4);
	}
	return false;
}

static bool
mic_holds(const struct ndes_ntlm *s, const struct message *m, struct arena *a)
{
	uint8_t mac[PKI_NTLM_KEY];
	struct bytes sent;
	uint8_t *copy;

	if (m->all.n < MIC_END)
		return false;
	copy = arena_alloc(a, m->all.n);
	if (copy == NULL)
		return false;
	memcpy(copy, m->all.p, m->all.n);
	memset(copy + MIC_AT, 0, PKI_NTLM_KEY);
	pki_ntlm_hmac(bytes_of(s->key, sizeof(s->key)),
	    buf_bytes(&s->exchanged), bytes_of(copy, m->all.n), mac);
	sent = bytes_of(m->all.p + MIC_AT, PKI_NTLM_KEY);
	return ndes_secret_equals(sent, bytes_of(mac, sizeof(mac)));
}

enum ndes_ntlm_verdict
ndes_ntlm_accept(struct ndes_ntlm *s, struct bytes authenticate,
    const char *password, struct arena *a, struct ndes_ntlm_logon *logon)
{
	struct message m;
	uint8_t base_key[PKI_NTLM_KEY];
	struct ndes_ntlm_logon got;
	bool unicode, was_challenged = s->challenged;

	s->challenged = false;
	if (!was_challenged || !parse(&m, authenticate))
		return NDES_NTLM_MALFORMED;
	unicode = m.flags & UNICODE;
	if (!utf8(a, m.domain, unicode, &got.domain) ||
	    !utf8(a, m.user, unicode, &got.user))
		return NDES_NTLM_MALFORMED;
	if (!proves(s, &m, &got, password, base_key)) {
		*logon = got;
		return NDES_NTLM_WRONG;
	}
	s->flags = m.flags;
	memcpy(s->key, base_key, sizeof(s->key));
	if (m.flags & KEY_EXCHANGE && m.key.n == PKI_NTLM_KEY)
		pki_ntlm_rc4(bytes_of(base_key, sizeof(base_key)), m.key.p,
		    PKI_NTLM_KEY, s->key);
	if (promises_mic(&m) && !mic_holds(s, &m, a))
		return NDES_NTLM_MALFORMED;
	*logon = got;
	return NDES_NTLM_RIGHT;
}

/* ---- signing ---- */

#define TO_SERVER "session key to client-to-server "
#define TO_CLIENT "session key to server-to-client "
#define SIGNING "signing key magic constant"
#define SEALING "sealing key magic constant"

/* MD5 of the first n bytes of the session key and a constant, final zero included. */
static void
derive(const struct ndes_ntlm *s, size_t n, struct bytes constant,
    uint8_t out[PKI_NTLM_KEY])
{
	uint8_t text[PKI_NTLM_KEY + 64];

	memcpy(text, s->key, n);
	memcpy(text + n, constant.p, constant.n + 1);
	pki_ntlm_md5(bytes_of(text, n + constant.n + 1), out);
}

static size_t
sealing_bytes(uint32_t flags)
{
	if (flags & KEY_128)
		return PKI_NTLM_KEY;
	return flags & KEY_56 ? 7 : 5;
}

bool
ndes_ntlm_mac(const struct ndes_ntlm *s, bool client, struct bytes text,
    uint8_t mac[PKI_NTLM_KEY])
{
	static const uint8_t sequence[4];
	struct bytes signing = client ? BYTES_LIT(TO_SERVER SIGNING)
				      : BYTES_LIT(TO_CLIENT SIGNING);
	struct bytes sealing = client ? BYTES_LIT(TO_SERVER SEALING)
				      : BYTES_LIT(TO_CLIENT SEALING);
	uint8_t key[PKI_NTLM_KEY], digest[PKI_NTLM_KEY];

	if (!(s->flags & EXTENDED_SECURITY))
		return false;
	derive(s, PKI_NTLM_KEY, signing, key);
	pki_ntlm_hmac(bytes_of(key, sizeof(key)),
	    bytes_of(sequence, sizeof(sequence)), text, digest);
	memcpy(mac, "\1\0\0\0", 4);
	memcpy(mac + 4, digest, 8);
	memcpy(mac + 12, sequence, 4);
	if (s->flags & KEY_EXCHANGE) {
		derive(s, sealing_bytes(s->flags), sealing, key);
		pki_ntlm_rc4(bytes_of(key, sizeof(key)), digest, 8, mac + 4);
	}
	return true;
}
