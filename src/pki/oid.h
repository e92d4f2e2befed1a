/* SPDX-License-Identifier: MIT */
/*
 * Contents octets of the object identifiers that mockndes reads or writes,
 * other than those in the tables of pki/alg.h. Each has its dotted form
 * beside it; a test recomputes them.
 */
#ifndef PKI_OID_H
#define PKI_OID_H

#include "base/span.h"

struct pki_oid_row {
	struct bytes oid;
	const char *dotted;
	const char *name;
};

/* name in code: pki_oid_<name>; table for tests and for printing */
#define PKI_OIDS(X)                                               \
	X(rsa_encryption, "1.2.840.113549.1.1.1")                 \
	X(ec_public_key, "1.2.840.10045.2.1")                     \
	X(mgf1, "1.2.840.113549.1.1.8")                           \
	X(p_specified, "1.2.840.113549.1.1.9")                    \
	X(cms_data, "1.2.840.113549.1.7.1")                       \
	X(cms_signed_data, "1.2.840.113549.1.7.2")                \
	X(cms_enveloped_data, "1.2.840.113549.1.7.3")             \
	X(content_type, "1.2.840.113549.1.9.3")                   \
	X(message_digest, "1.2.840.113549.1.9.4")                 \
	X(signing_time, "1.2.840.113549.1.9.5")                   \
	X(challenge_password, "1.2.840.113549.1.9.7")             \
	X(extension_request, "1.2.840.113549.1.9.14")             \
	X(ms_extension_request, "1.3.6.1.4.1.311.2.1.14")         \
	X(verisign_extension_request, "2.16.840.1.113733.1.9.8")  \
	X(scep_message_type, "2.16.840.1.113733.1.9.2")           \
	X(scep_pki_status, "2.16.840.1.113733.1.9.3")             \
	X(scep_fail_info, "2.16.840.1.113733.1.9.4")              \
	X(scep_sender_nonce, "2.16.840.1.113733.1.9.5")           \
	X(scep_recipient_nonce, "2.16.840.1.113733.1.9.6")        \
	X(scep_transaction_id, "2.16.840.1.113733.1.9.7")         \
	X(scep_fail_info_text, "1.3.6.1.5.5.7.24.1")              \
	X(ms_scep_error, "1.3.6.1.4.1.311.21.33")                 \
	X(ms_scep_server_message, "1.3.6.1.4.1.311.21.38")        \
	X(ms_template_name, "1.3.6.1.4.1.311.20.2")               \
	X(ms_certificate_template, "1.3.6.1.4.1.311.21.7")        \
	X(ms_ca_version, "1.3.6.1.4.1.311.21.1")                  \
	X(ms_application_policies, "1.3.6.1.4.1.311.21.10")       \
	X(ms_upn, "1.3.6.1.4.1.311.20.2.3")                       \
	X(ms_certificate_request_agent, "1.3.6.1.4.1.311.20.2.1") \
	X(ms_ntds_ca_security, "1.3.6.1.4.1.311.25.2")            \
	X(ipsec_ike_intermediate, "1.3.6.1.5.5.8.2.2")            \
	X(server_auth, "1.3.6.1.5.5.7.3.1")                       \
	X(client_auth, "1.3.6.1.5.5.7.3.2")                       \
	X(key_usage, "2.5.29.15")                                 \
	X(ext_key_usage, "2.5.29.37")                             \
	X(subject_alt_name, "2.5.29.17")                          \
	X(basic_constraints, "2.5.29.19")                         \
	X(subject_key_id, "2.5.29.14")                            \
	X(authority_key_id, "2.5.29.35")                          \
	X(crl_distribution_points, "2.5.29.31")                   \
	X(crl_number, "2.5.29.20")                                \
	X(crl_reason, "2.5.29.21")                                \
	X(authority_info_access, "1.3.6.1.5.5.7.1.1")             \
	X(ad_ca_issuers, "1.3.6.1.5.5.7.48.2")                    \
	X(common_name, "2.5.4.3")                                 \
	X(country, "2.5.4.6")                                     \
	X(organization, "2.5.4.10")                               \
	X(organizational_unit, "2.5.4.11")                        \
	X(domain_component, "0.9.2342.19200300.100.1.25")         \
	X(serial_number, "2.5.4.5")                               \
	X(email_address, "1.2.840.113549.1.9.1")                  \
	X(unstructured_name, "1.2.840.113549.1.9.2")              \
	X(unstructured_address, "1.2.840.113549.1.9.8")

#define PKI_OID_DECLARE(name, dotted) extern const struct bytes pki_oid_##name;
PKI_OIDS(PKI_OID_DECLARE)
#undef PKI_OID_DECLARE

/* All rows; *n their number. */
const struct pki_oid_row *pki_oid_table(size_t *n);

#endif
