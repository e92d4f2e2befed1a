/* SPDX-License-Identifier: MIT */
/* HRESULTs that NDES and the CA give: their names, and what Windows calls them in event logs. */
#ifndef NDES_HRESULT_H
#define NDES_HRESULT_H

#include <stdint.h>

#define HRESULT_FAIL 0x80004005u /* E_FAIL */
#define HRESULT_FILE_NOT_FOUND 0x80070002u
#define HRESULT_INVALID_PASSWORD 0x80070056u
#define HRESULT_INVALID_ARGUMENT 0x80070057u /* E_INVALIDARG */
#define HRESULT_RPC_SERVER_UNAVAILABLE 0x800706bau
#define HRESULT_BAD_DATA 0x80090005u /* NTE_BAD_DATA */
#define HRESULT_BAD_SIGNATURE 0x80090006u /* NTE_BAD_SIGNATURE */
#define HRESULT_BAD_ALGORITHM 0x80090008u /* NTE_BAD_ALGID */
#define HRESULT_MSG_ERROR 0x80091001u /* CRYPT_E_MSG_ERROR */
#define HRESULT_REVOKED 0x80092010u /* CRYPT_E_REVOKED */
#define HRESULT_ASN1_BAD_TAG 0x8009310bu /* CRYPT_E_ASN1_BADTAG */
#define HRESULT_BAD_SUBJECT 0x80094001u /* CERTSRV_E_BAD_REQUESTSUBJECT */
#define HRESULT_TEMPLATE_DENIED 0x80094012u /* CERTSRV_E_TEMPLATE_DENIED */
#define HRESULT_UNSUPPORTED_TEMPLATE \
	0x80094800u /* CERTSRV_E_UNSUPPORTED_CERT_TYPE */
#define HRESULT_KEY_LENGTH 0x80094811u /* CERTSRV_E_KEY_LENGTH */
#define HRESULT_EXPIRED 0x800b0101u /* CERT_E_EXPIRED */

#define HRESULT_TEXT_SIZE 80

/* The system's sentence for a code; a general one for what is not in the table. Constant. */
const char *hresult_text(uint32_t code);

/* "0x80094811" */
void hresult_code(uint32_t code, char out[HRESULT_TEXT_SIZE]);

/* "0x80094811 (-2146875375 CERTSRV_E_KEY_LENGTH)", as the CA writes it. */
void hresult_full(uint32_t code, char out[HRESULT_TEXT_SIZE]);

#endif
