/* SPDX-License-Identifier: MIT */
/*
 * The certificate extensions that the CA writes itself, as whole Extension
 * elements. Backward, like the writer under them: write the last one first.
 * Internal to this room.
 */
#ifndef CA_EXT_H
#define CA_EXT_H

#include "asn1/writer.h"

/* Room that certificates of our own making need for all their extensions. */
#define CA_EXT_ROOM 8192

/* bits: PKI_KU_*, at least one; critical. */
void ca_put_key_usage(struct asn1_writer *w, unsigned bits);

void ca_put_eku(
    struct asn1_writer *w, const struct bytes *const *oids, size_t n);

/* V1 template name, ASCII, as BMPString. */
void ca_put_template_name(struct asn1_writer *w, const char *name);

void ca_put_subject_key_id(struct asn1_writer *w, struct bytes id);
void ca_put_authority_key_id(struct asn1_writer *w, struct bytes id);

/* One distribution point, one caIssuers: where they are served. */
void ca_put_crl_url(struct asn1_writer *w, const char *url);
void ca_put_issuer_url(struct asn1_writer *w, const char *url);

/* basicConstraints with CA true and no path length; critical. */
void ca_put_is_ca(struct asn1_writer *w);

/* Microsoft's CA version 0.0: first certificate, first key. */
void ca_put_ca_version(struct asn1_writer *w);

/* SAN of names[] (DNS, or IP where it reads as an address; brackets around one are taken off). */
void ca_put_host_names(
    struct asn1_writer *w, const char *const *names, size_t n);

/* Contents octets of an IP address's GeneralName: 4 or 16; 0 when the name is no address. */
size_t ca_ip_octets(const char *name, uint8_t out[16]);

#endif
