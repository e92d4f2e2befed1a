/* SPDX-License-Identifier: MIT */
/*
 * Events as text and as XML. Data may come from a client: whatever bytes they
 * are, a line stays one line and the XML stays well-formed.
 */
#include "ndes/events.h"

#include "base/civil.h"

#define EVENT_NAMESPACE "http://schemas.microsoft.com/win/2004/08/events/event"
#define TEXT_MAX ((size_t)64 << 10)
#define REPLACEMENT "\xef\xbf\xbd"

const char *
event_level_name(unsigned level)
{
	return level == 2 ? "Error" : level == 3 ? "Warning" : "Information";
}

static struct bytes
datum(const struct event *event, size_t i)
{
	const char *s = event->data[i];

	return bytes_of(s, s == NULL ? 0 : strnlen(s, EVENT_DATA_BYTES));
}

void
event_text(struct buf *out, const struct event *event)
{
	const struct event_row *row = event_row(event->kind);

	if (row == NULL)
		return;
	for (const char *p = row->text; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] >= '1' && p[1] < '1' + EVENT_DATA_MAX) {
			buf_add(out, datum(event, (size_t)(p[1] - '1')));
			p++;
		} else {
			buf_add_byte(out, (uint8_t)*p);
		}
	}
}

void
event_line(struct buf *out, const struct event *event, int64_t now_ms)
{
	const struct event_row *row = event_row(event->kind);
	struct civil c = civil_from_unix(now_ms / 1000);
	size_t start;

	if (row == NULL)
		return;
	buf_addf(out, "%04d-%02d-%02d %02d:%02d:%02d %s %s %u ", c.year,
	    c.month, c.day, c.hour, c.minute, c.second,
	    event_level_name(row->level), row->provider, row->id);
	start = out->n;
	event_text(out, event);
	for (size_t i = start; i < out->n; i++)
		if (out->p[i] < ' ' || out->p[i] == 0x7f)
			out->p[i] = ' ';
}

/* ---- XML ---- */

/* How many bytes the UTF-8 character at the front of s takes, and its value; 0 when it is none. */
static size_t
utf8_length(struct bytes s, uint32_t *value)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1
	    : c < 0xc2      ? 0
	    : c < 0xe0      ? 2
	    : c < 0xf0      ? 3
			    : 4;
	uint32_t v = n == 1 ? c : n == 0 ? 0 : c & (0x7fu >> n);

	if (n == 0 || n > s.n || c > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s.p[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff)
		return 0;
	*value = v;
	return n;
}

/* The characters of XML 1.0. */
static bool
is_xml_char(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c != 0xfffe && c != 0xffff && (c < 0xd800 || c > 0xdfff);
}

static const char *
markup(uint32_t c)
{
	static const struct {
		char c;
		const char *text;
	} rows[] = {
		{ '&', "&amp;" },
		{ '<', "&lt;" },
		{ '>', "&gt;" },
		{ '\r', "&#13;" },
		{ '\n', "&#10;" },
		{ '\t', "&#9;" },
	};

	for (size_t i = 0; i < nitems(rows); i++)
		if (c == (uint8_t)rows[i].c)
			return rows[i].text;
	return NULL;
}

void
event_xml_text(struct buf *out, struct bytes s)
{
	while (s.n > 0) {
		uint32_t c = 0;
		size_t n = utf8_length(s, &c);
		const char *text = n == 0 ? NULL : markup(c);

		if (n == 0 || !is_xml_char(c))
			buf_add_str(out, REPLACEMENT);
		else if (text != NULL)
			buf_add_str(out, text);
		else
			buf_add(out, bytes_of(s.p, n));
		s = bytes_from(s, n == 0 ? 1 : n);
	}
}

static void
add_element(struct buf *out, const char *name, struct bytes text)
{
	buf_addf(out, "<%s>", name);
	event_xml_text(out, text);
	buf_addf(out, "</%s>", name);
}

static void
add_system(struct buf *out, const struct event_row *row, const char *computer,
    uint64_t record, int64_t now_ms)
{
	struct civil c = civil_from_unix(now_ms / 1000);

	buf_addf(out, "<System><Provider Name=\"%s\"", row->provider);
	if (row->guid != NULL)
		buf_addf(out, " Guid=\"%s\"", row->guid);
	if (row->source != NULL)
		buf_addf(out, " EventSourceName=\"%s\"", row->source);
	buf_addf(out,
	    "/><EventID>%u</EventID><Version>0</Version><Level>%u</Level>"
	    "<Task>0</Task><Opcode>0</Opcode>"
	    "<Keywords>0x80000000000000</Keywords>",
	    row->id, row->level);
	buf_addf(out,
	    "<TimeCreated SystemTime=\"%04d-%02d-%02dT%02d:%02d:%02d."
	    "%03d000000Z\"/>",
	    c.year, c.month, c.day, c.hour, c.minute, c.second,
	    (int)(now_ms % 1000));
	buf_addf(out,
	    "<EventRecordID>%llu</EventRecordID><Correlation/>"
	    "<Execution ProcessID=\"0\" ThreadID=\"0\"/>",
	    (unsigned long long)record);
	add_element(out, "Channel", bytes_str(row->log));
	add_element(out, "Computer", bytes_str(computer));
	buf_add_str(out, "<Security/></System>");
}

static void
add_data(
    struct buf *out, const struct event_row *row, const struct event *event)
{
	buf_add_str(out, "<EventData>");
	for (size_t i = 0; i < EVENT_DATA_MAX && event->data[i] != NULL; i++) {
		buf_add_str(out, "<Data");
		if (row->names[i] != NULL)
			buf_addf(out, " Name=\"%s\"", row->names[i]);
		buf_add_byte(out, '>');
		event_xml_text(out, datum(event, i));
		buf_add_str(out, "</Data>");
	}
	buf_add_str(out, "</EventData>");
}

void
event_xml(struct buf *out, const struct event *event, const char *computer,
    uint64_t record, int64_t now_ms)
{
	const struct event_row *row = event_row(event->kind);
	struct buf message;

	if (row == NULL)
		return;
	buf_init(&message, TEXT_MAX);
	event_text(&message, event);
	buf_add_str(out, "<Event xmlns=\"" EVENT_NAMESPACE "\">");
	add_system(out, row, computer, record, now_ms);
	add_data(out, row, event);
	buf_add_str(out, "<RenderingInfo Culture=\"en-US\">");
	add_element(out, "Message", buf_bytes(&message));
	add_element(out, "Level", bytes_str(event_level_name(row->level)));
	add_element(out, "Channel", bytes_str(row->log));
	add_element(out, "Provider", bytes_str(row->provider));
	buf_add_str(out, "</RenderingInfo></Event>");
	out->failed = out->failed || message.failed;
	buf_clear(&message);
}
