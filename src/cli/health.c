/* SPDX-License-Identifier: MIT */
/* mockndes health: one request to a server, and whether it is ready as an exit status. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define TIMEOUT_S 5L

/* Where the control API is when nobody says. */
static void
default_url(char *out, size_t size)
{
	const char *url = getenv("MOCKNDES_CONTROL_URL");
	const char *port = getenv("MOCKNDES_CONTROL_PORT");
	size_t n = port == NULL ? 0 : strlen(port);

	if (url != NULL && url[0] != '\0') {
		snprintf(out, size, "%s", url);
		return;
	}

	/* 0 and off tell no port. */
	if (n == 0 || n > 5 || strspn(port, "0123456789") != n ||
	    strspn(port, "0") == n)
		port = "8081";
	snprintf(out, size, "http://127.0.0.1:%s", port);
}

/* The question that suits the URL: readiness of the control API, capabilities of SCEP. */
static int
choose_question(CURLU *url)
{
	char *path = NULL, *query = NULL;
	CURLUcode rc = CURLUE_OK;

	if (curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
		return -1;
	(void)curl_url_get(url, CURLUPART_QUERY, &query, 0);
	if (strcmp(path, "/") == 0)
		rc = curl_url_set(url, CURLUPART_PATH, "/v1/ready", 0);
	else if (strcasestr(path, "mscep") != NULL && query == NULL)
		rc = curl_url_set(
		    url, CURLUPART_QUERY, "operation=GetCACaps", 0);
	curl_free(path);
	curl_free(query);
	return rc == CURLUE_OK ? 0 : -1;
}

static size_t
drop(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static CURLcode
ask(CURL *curl, CURLU *url, long *status, char *why)
{
	CURLcode rc;

	curl_easy_setopt(curl, CURLOPT_CURLU, url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	/* The mock's certificate is signed by a root that nobody trusts. */
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	rc = curl_easy_perform(curl);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	return rc;
}

static int
judge(CURL *curl, CURLU *url)
{
	char why[CURL_ERROR_SIZE] = "";
	char *text = NULL;
	long status = 0;
	int code = EXIT_FAILED;
	CURLcode rc;

	if (curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK) {
		complain("no memory");
		return EXIT_FAILED;
	}
	rc = ask(curl, url, &status, why);
	if (rc != CURLE_OK) {
		complain("%s is not ready: %s", text,
		    why[0] != '\0' ? why : curl_easy_strerror(rc));
	} else if (status != 200) {
		complain("%s is not ready: it answers %ld", text, status);
	} else {
		printf("%s is ready\n", text);
		code = EXIT_FINE;
	}
	curl_free(text);
	return code;
}

/* http or https only, whatever else curl could fetch. */
static bool
is_http(CURLU *url)
{
	char *scheme = NULL;
	bool ok;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return false;
	ok = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
	curl_free(scheme);
	return ok;
}

int
health_run(int argc, char **argv)
{
	char standard[2048];
	const char *where = standard;
	CURLU *url = NULL;
	CURL *curl = NULL;
	int code = EXIT_FAILED;

	if (argc > 1 && argv[1][0] == '-')
		return complain_usage(
		    "health", "there is no option %s", argv[1]);
	if (argc > 2)
		return complain_usage("health", "one URL at most");
	default_url(standard, sizeof standard);
	if (argc == 2)
		where = argv[1];
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		complain("libcurl does not start");
		return EXIT_FAILED;
	}
	url = curl_url();
	curl = curl_easy_init();
	if (url == NULL || curl == NULL) {
		complain("no memory");
		goto out;
	}
	if (curl_url_set(url, CURLUPART_URL, where, CURLU_GUESS_SCHEME) !=
		CURLUE_OK ||
	    !is_http(url) || choose_question(url) != 0) {
		code = complain_usage(
		    "health", "\"%s\" is not an HTTP URL", where);
		goto out;
	}
	code = judge(curl, url);
out:
	curl_easy_cleanup(curl);
	curl_url_cleanup(url);
	curl_global_cleanup();
	return say_done(code);
}
