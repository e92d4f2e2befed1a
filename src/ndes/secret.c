/* SPDX-License-Identifier: MIT */
/* Comparing without telling by time how far it went. */
#include "ndes/secret.h"

bool
ndes_secret_equals(struct bytes sent, struct bytes secret)
{
	static const uint8_t zero[1];
	const uint8_t *p = secret.n == 0 ? zero : secret.p;
	size_t n = secret.n == 0 ? 1 : secret.n;
	size_t differs = sent.n ^ secret.n;
	volatile size_t sum = differs;

	for (size_t i = 0, j = 0; i < sent.n; i++) {
		sum |= (size_t)(sent.p[i] ^ p[j]);
		j = j + 1 == n ? 0 : j + 1;
	}
	return sum == 0;
}
