/* SPDX-License-Identifier: MIT */
/* AD CS style serials: 47 00000002 <8 random> 000000000002. Where the number comes from is the callers' business. */
#include "ca/serial.h"

/* n octets, big-endian; what does not fit is cut at the left. */
static void
put_number(uint8_t *out, size_t n, uint64_t number)
{
	for (size_t i = n; i > 0; i--) {
		out[i - 1] = (uint8_t)number;
		number >>= 8;
	}
}

int
ca_serial_make(const struct env *env, enum ca_serial_kind kind, uint64_t number,
    uint8_t out[CA_SERIAL_SIZE], struct err *e)
{
	uint8_t random[8];

	if (number >> 48 != 0)
		return err_set(
		    e, ERR_LIMIT, "the CA has no serial numbers left");
	if (env_random(env, random, sizeof(random), e) == -1)
		return -1;
	out[0] = (uint8_t)kind;
	put_number(out + 1, 4, number);
	memcpy(out + 5, random, sizeof(random));
	put_number(out + 13, 6, number);
	return 0;
}
