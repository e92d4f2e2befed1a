/* SPDX-License-Identifier: MIT */
/*
 * The JSON Schema of scenario files: the fixed top, and everything about the
 * host from the table of its keys. It describes what the loader takes; what
 * only the loader can judge (whether a name is known to Windows, say) it
 * leaves out.
 */
#include "control/schema.h"

#include <jansson.h>
#include <stdlib.h>

#include "control/path.h"
#include "scenario/language.h"
#include "scenario/scenario.h"

#define SCHEMA_ID "https://mockndes.invalid/schema/scenario-1.json"
#define DURATION_PATTERN "^(0|-?[0-9]+(ms|s|m|h|d|y))$"

static const char *const moments[HOST_EFFECTS] = {
	[HOST_NOW] = "At once.",
	[HOST_POOL_START] = "From the next start of the application pool on.",
	[HOST_SERVICE_RESTART] = "From the next restart of IIS on.",
	[HOST_COMPUTER_RESTART] = "From the next restart of the computer on.",
};

/* ---- one key of the host ---- */

static json_t *
names_of(const struct host_key *key)
{
	json_t *array = json_array();

	for (size_t i = 0; key->names[i] != NULL; i++)
		json_array_append_new(array, json_string(key->names[i]));
	return array;
}

static json_t *
type_of(const struct host_key *key)
{
	switch (key->type) {
	case HOST_BOOL:
		return json_pack("{s:s, s:b}", "type", "boolean", "default",
		    strcmp(key->fallback, "true") == 0);
	case HOST_INT:
		return json_pack("{s:s, s:I, s:I, s:I}", "type", "integer",
		    "minimum", (json_int_t)key->lo, "maximum",
		    (json_int_t)key->hi, "default",
		    (json_int_t)strtoll(key->fallback, NULL, 10));
	case HOST_ENUM:
		return json_pack("{s:o, s:s}", "enum", names_of(key), "default",
		    key->fallback);
	case HOST_DURATION:
		return json_pack("{s:[s, s], s:s, s:i, s:i, s:s}", "type",
		    "string", "integer", "pattern", DURATION_PATTERN, "minimum",
		    0, "maximum", 0, "default", key->fallback);
	case HOST_LIST:
		return json_pack("{s:s, s:{s:s, s:i}, s:i, s:[]}", "type",
		    "array", "items", "type", "string", "maxLength",
		    HOST_ITEM_MAX - 1, "maxItems", HOST_LIST_MAX, "default");
	case HOST_TEXT:
		break;
	}
	return json_pack("{s:s, s:i, s:s}", "type", "string", "maxLength",
	    HOST_TEXT_MAX - 1, "default", key->fallback);
}

static json_t *
key_schema(const struct host_key *key)
{
	json_t *s = type_of(key);

	if (s != NULL)
		json_object_set_new(s, "description",
		    json_sprintf("%s %s", key->doc, moments[key->effect]));
	return s;
}

/* ---- the host, part by part ---- */

static json_t *
closed_object(json_t *properties)
{
	return json_pack("{s:s, s:b, s:o}", "type", "object",
	    "additionalProperties", 0, "properties", properties);
}

/* The tree of parts becomes a tree of schemas: inner objects are wrapped, from the leaves up. */
static json_t *
wrap_parts(json_t *tree, bool is_part)
{
	json_t *properties, *child;
	const char *name;

	if (!is_part)
		return json_incref(tree);
	properties = json_object();
	json_object_foreach(tree, name, child)
	{
		bool is_key = json_object_get(child, "description") != NULL;

		json_object_set_new(
		    properties, name, wrap_parts(child, !is_key));
	}
	return closed_object(properties);
}

/*
 * What host_check() refuses when high is at its name number i: low at a later
 * name. A key that is left out has its default.
 */
static json_t *
above(const struct host_key *low, const struct host_key *high, size_t i)
{
	json_t *names = json_array(), *required = json_array();
	bool unwritten = false;

	for (size_t k = i + 1; low->names[k] != NULL; k++) {
		json_array_append_new(names, json_string(low->names[k]));
		unwritten |= strcmp(low->names[k], low->fallback) == 0;
	}
	if (!unwritten)
		json_array_append_new(required, json_string("minimum_version"));
	if (strcmp(high->names[i], high->fallback) != 0)
		json_array_append_new(required, json_string("maximum_version"));
	return json_pack("{s:{s:{s:{s:o}, s:{s:s}}, s:o}}", "not", "properties",
	    "minimum_version", "enum", names, "maximum_version", "const",
	    high->names[i], "required", required);
}

/* What host_check() wants of the part tls. */
static json_t *
tls_pairs(void)
{
	const struct host_key *low =
	    host_key_find(BYTES_LIT("tls.minimum_version"));
	const struct host_key *high =
	    host_key_find(BYTES_LIT("tls.maximum_version"));
	json_t *pairs = json_array();

	for (size_t i = 0; low->names[i + 1] != NULL; i++)
		json_array_append_new(pairs, above(low, high, i));
	return pairs;
}

static json_t *
host_schema(void)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	json_t *tree = json_object(), *schema;

	for (size_t i = 0; i < n; i++)
		control_put_path(tree, keys[i].path, key_schema(&keys[i]));
	schema = wrap_parts(tree, true);
	json_object_set_new(
	    json_object_get(json_object_get(schema, "properties"), "tls"),
	    "allOf", tls_pairs());
	json_decref(tree);
	return schema;
}

/* ---- resolution and evidence ---- */

static json_t *
restart_schema(void)
{
	json_t *names = json_array();

	for (int i = 0; i < SCENARIO_RESTARTS; i++)
		json_array_append_new(names,
		    json_string(
			scenario_restart_name((enum scenario_restart)i)));
	return json_pack("{s:s, s:b, s:[s], s:{s:{s:o}}}", "type", "object",
	    "additionalProperties", 0, "required", "restart", "properties",
	    "restart", "enum", names);
}

static json_t *
edits_schema(void)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	json_t *properties = json_object(), *schema;

	for (size_t i = 0; i < n; i++) {
		char path[256] = "host.";

		strncat(path, keys[i].path, sizeof(path) - 6);
		json_object_set_new(properties, path, key_schema(&keys[i]));
	}
	schema = closed_object(properties);
	json_object_set_new(schema, "minProperties", json_integer(1));
	return schema;
}

static json_t *
resolution_schema(void)
{
	return json_pack("{s:s, s:i, s:{s:s, s:b, s:[s], s:{s:{s:s}, "
			 "s:{s:[o, o]}}}}",
	    "type", "array", "maxItems", SCENARIO_STEPS_MAX, "items", "type",
	    "object", "additionalProperties", 0, "required", "say",
	    "properties", "say", "type", "string", "do", "oneOf",
	    restart_schema(), edits_schema());
}

static json_t *
evidence_schema(void)
{
	json_t *logs = json_array();

	for (int i = 0; i < SCENARIO_LOGS; i++)
		json_array_append_new(
		    logs, json_string(scenario_log_name((enum scenario_log)i)));
	return json_pack("{s:s, s:i, s:{s:s, s:b, s:[s, s], s:{s:{s:o}, "
			 "s:{s:s, s:i}}}}",
	    "type", "array", "maxItems", SCENARIO_CLUES_MAX, "items", "type",
	    "object", "additionalProperties", 0, "required", "log", "look_for",
	    "properties", "log", "enum", logs, "look_for", "type", "string",
	    "minLength", 1);
}

/* ---- the file ---- */

static json_t *
text_schema(const char *doc)
{
	return json_pack("{s:s, s:s}", "type", "string", "description", doc);
}

/* What a later version brings: only an empty list is taken. */
/* ---- the language of rules ---- */

/* The words that a value may be, or null when there are others. */
static json_t *
words_of(const struct language_table *t, size_t key)
{
	json_t *array = json_array();
	const char *word;

	for (size_t i = 0; (word = language_word(t, key, i)) != NULL; i++)
		json_array_append_new(array, json_string(word));
	if (json_array_size(array) > 0)
		return json_pack("{s:o}", "enum", array);
	json_decref(array);
	return NULL;
}

static json_t *language_schema(const char *name);

/* What a key of a table holds: words, a mapping with a table of its own, or anything. */
static json_t *
language_value(const struct language_table *t, size_t key)
{
	const char *name = language_key(t, key);
	json_t *words = words_of(t, key);

	if (words != NULL)
		return words;
	if (strcmp(name, "steps") == 0)
		return json_pack("{s:s, s:o}", "type", "array", "items",
		    language_schema("then"));
	if (strcmp(t->name, "then") == 0 && strcmp(name, "cert") == 0)
		return language_schema("certificate");
	if (strcmp(name, "then") == 0 || strcmp(t->name, "then") == 0) {
		words = language_schema(name);
		if (words != NULL && strcmp(name, "raw") == 0)
			return json_pack(
			    "{s:[{s:s}, o]}", "anyOf", "type", "string", words);
		if (words != NULL)
			return words;
	}
	return json_object();
}

/* A table by name; NULL: there is none. */
static json_t *
language_schema(const char *name)
{
	struct language_table t;
	json_t *properties;

	for (size_t i = 0; (t = language_at(i)).name != NULL; i++) {
		if (strcmp(t.name, name) != 0)
			continue;
		properties = json_object();
		for (size_t k = 0; language_key(&t, k) != NULL; k++)
			json_object_set_new(properties, language_key(&t, k),
			    language_value(&t, k));
		return json_pack("{s:s, s:b, s:o}", "type", "object",
		    "additionalProperties", 0, "properties", properties);
	}
	return NULL;
}

static json_t *
list_of(const char *doc, json_t *items)
{
	return json_pack("{s:s, s:s, s:o}", "type", "array", "description", doc,
	    "items", items);
}

static json_t *
fidelity_schema(void)
{
	json_t *names = json_array();

	for (int i = 0; i < SCENARIO_FIDELITIES; i++)
		json_array_append_new(names,
		    json_string(
			scenario_fidelity_name((enum scenario_fidelity)i)));
	return json_pack("{s:o, s:s}", "enum", names, "description",
	    "How sure it is that a real server behaves so.");
}

static json_t *
top_properties(void)
{
	return json_pack(
	    "{s:{s:i}, s:{s:s, s:s}, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:o, s:o, s:o, s:o}",
	    "mockndes", "const", 1, "name", "type", "string", "pattern",
	    "^[a-z0-9-]{1,64}$", "title", text_schema("One line."), "source",
	    text_schema("Where the failure is documented."), "symptom",
	    text_schema("What the client sees."), "cause",
	    text_schema("What is wrong with the deployment."), "fidelity",
	    fidelity_schema(), "resolution", resolution_schema(), "evidence",
	    evidence_schema(), "host", host_schema(), "rules",
	    list_of("Symptoms injected by hand, in order.",
		language_schema("rule")),
	    "expect",
	    list_of("What a correct client does.", language_schema("expect")));
}

int
control_schema(struct buf *out, struct err *e)
{
	json_t *schema = json_pack("{s:s, s:s, s:s, s:s, s:b, s:[s], s:o}",
	    "$schema", "https://json-schema.org/draft/2020-12/schema", "$id",
	    SCHEMA_ID, "title", "mockndes scenario, version 1", "type",
	    "object", "additionalProperties", 0, "required", "mockndes",
	    "properties", top_properties());
	char *text = schema == NULL
	    ? NULL
	    : json_dumps(schema, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	json_decref(schema);
	if (text == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the schema");
	buf_add_str(out, text);
	buf_add_byte(out, '\n');
	free(text);
	if (!buf_ok(out))
		return err_set(e, ERR_MEMORY, "no memory for the schema");
	return 0;
}
