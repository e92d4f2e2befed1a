/* SPDX-License-Identifier: MIT */
/* The table of codes. */
#include "ndes/hresult.h"

#include <stddef.h>
#include <stdio.h>

#include "base/span.h"

static const struct row {
	uint32_t code;
	const char *name, *text;
} rows[] = {
	{ HRESULT_FAIL, "E_FAIL", "Unspecified error" },
	{ HRESULT_FILE_NOT_FOUND, "WIN32: 2 ERROR_FILE_NOT_FOUND",
	    "The system cannot find the file specified." },
	{ HRESULT_INVALID_PASSWORD, "WIN32: 86 ERROR_INVALID_PASSWORD",
	    "The specified network password is not correct." },
	{ HRESULT_INVALID_ARGUMENT, "WIN32: 87 ERROR_INVALID_PARAMETER",
	    "The parameter is incorrect." },
	{ HRESULT_RPC_SERVER_UNAVAILABLE,
	    "WIN32: 1722 RPC_S_SERVER_UNAVAILABLE",
	    "The RPC server is unavailable." },
	{ HRESULT_BAD_DATA, "NTE_BAD_DATA", "Bad Data." },
	{ HRESULT_BAD_SIGNATURE, "NTE_BAD_SIGNATURE", "Invalid Signature." },
	{ HRESULT_BAD_ALGORITHM, "NTE_BAD_ALGID",
	    "Invalid algorithm specified." },
	{ HRESULT_MSG_ERROR, "CRYPT_E_MSG_ERROR",
	    "An error occurred while performing an operation on a "
	    "cryptographic message." },
	{ HRESULT_REVOKED, "CRYPT_E_REVOKED", "The certificate is revoked." },
	{ HRESULT_ASN1_BAD_TAG, "CRYPT_E_ASN1_BADTAG",
	    "ASN1 bad tag value met." },
	{ HRESULT_BAD_SUBJECT, "CERTSRV_E_BAD_REQUESTSUBJECT",
	    "The request subject name is invalid or too long." },
	{ HRESULT_TEMPLATE_DENIED, "CERTSRV_E_TEMPLATE_DENIED",
	    "The permissions on the certificate template do not allow the "
	    "current user to enroll for this type of certificate." },
	{ HRESULT_UNSUPPORTED_TEMPLATE, "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
	    "The requested certificate template is not supported by this "
	    "CA." },
	{ HRESULT_KEY_LENGTH, "CERTSRV_E_KEY_LENGTH",
	    "The public key does not meet the minimum size required by the "
	    "specified certificate template." },
	{ HRESULT_EXPIRED, "CERT_E_EXPIRED",
	    "A required certificate is not within its validity period." },
};

static const struct row *
find(uint32_t code)
{
	for (size_t i = 0; i < nitems(rows); i++) {
		if (rows[i].code == code)
			return &rows[i];
	}
	return &rows[0];
}

const char *
hresult_text(uint32_t code)
{
	return find(code)->text;
}

void
hresult_code(uint32_t code, char out[HRESULT_TEXT_SIZE])
{
	snprintf(out, HRESULT_TEXT_SIZE, "0x%08lx", (unsigned long)code);
}

void
hresult_full(uint32_t code, char out[HRESULT_TEXT_SIZE])
{
	long long value =
	    (long long)code - (code > INT32_MAX ? INT64_C(4294967296) : 0);

	snprintf(out, HRESULT_TEXT_SIZE, "0x%08lx (%lld %s)",
	    (unsigned long)code, value, find(code)->name);
}
