/* SPDX-License-Identifier: MIT */
/* SetupMsi.log from the model: one row for each way that the installation can end. */
#include "ndes/setup_log.h"

#include "base/civil.h"

#define PRODUCT "Microsoft Intune Connector"
#define CLIENT 'c' /* who wrote a line: the client's process or the service */
#define SERVICE 's'
#define LINES_MAX 8

#define ACTION_FAILED(action)                                           \
	"CustomAction " action " returned actual error code 1603 (the " \
	"number is the installer's own; the cause stands above)"
#define FAILED_TAIL                                                     \
	{ SERVICE, "Action ended: InstallFinalize. Return value 3." },  \
	    { CLIENT, "Product: " PRODUCT " -- Installation failed." }, \
	{                                                               \
		CLIENT, "MainEngineThread is returning 1603"            \
	}

struct setup_line {
	char side;
	const char *text; /* NULL behind the last */
};

enum outcome { COMPLETE, SITE_RENAMED, CNG_CERT, BROKEN_OFF, OUTCOMES };

static const struct setup_line outcomes[OUTCOMES][LINES_MAX] = {
	[COMPLETE] = {
		{ CLIENT, "Product: " PRODUCT
			  " -- Installation completed successfully." },
		{ CLIENT,
		    "Windows Installer installed the product. Product Name: "
		    PRODUCT ". Product Version: 6.1711.4.0. Product "
		    "Language: 1033. Manufacturer: Microsoft Corporation. "
		    "Installation success or error status: 0." },
	},
	[SITE_RENAMED] = {
		{ SERVICE, "SetupMSI: the web site 'Default Web Site' was not "
			   "found. Error 0x80070002" },
		{ SERVICE, "SetupMSI: ConfigureIISLimits failed. Error 1168" },
		{ SERVICE, ACTION_FAILED("ConfigureIISLimits") },
		FAILED_TAIL,
	},
	[CNG_CERT] = {
		{ SERVICE, "SetupMSI: AddNDESToCertPrivKey failed. Error "
			   "0x80090014" },
		{ SERVICE, ACTION_FAILED("AddNDESToCertPrivKey") },
		FAILED_TAIL,
	},
	[BROKEN_OFF] = {
		{ SERVICE, "SetupMSI: the NDES policy module was not "
			   "registered" },
		{ SERVICE, ACTION_FAILED("InstallPolicyModule") },
		FAILED_TAIL,
	},
};

static enum outcome
outcome_of(const struct host *host)
{
	if (host->policy_module.installation == HOST_SETUP_SITE_RENAMED)
		return SITE_RENAMED;
	if (host->policy_module.installation == HOST_SETUP_CNG_CERT)
		return CNG_CERT;
	return host->policy_module.installed ? COMPLETE : BROKEN_OFF;
}

void
setup_log_text(struct buf *out, const struct host *host, int64_t now_ms)
{
	const struct setup_line *line = outcomes[outcome_of(host)];
	struct civil c = civil_from_unix(now_ms / 1000);

	buf_addf(out,
	    "=== Verbose logging started: %d/%d/%04d  %02d:%02d:%02d ===\r\n",
	    c.month, c.day, c.year, c.hour, c.minute, c.second);
	for (; line->text != NULL; line++)
		buf_addf(out, "MSI (%c) (28:54) [%02d:%02d:%02d:%03d]: %s\r\n",
		    line->side, c.hour, c.minute, c.second,
		    (int)(now_ms % 1000), line->text);
	buf_addf(out,
	    "=== Verbose logging stopped: %d/%d/%04d  %02d:%02d:%02d ===\r\n",
	    c.month, c.day, c.year, c.hour, c.minute, c.second);
}
