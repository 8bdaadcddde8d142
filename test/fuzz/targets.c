/*-------------------------------------------------------------------------
 *
 * targets.c
 *		One target for each text that the pure code reads.
 *
 * The promises: what is refused has a message, and a position inside the text; what is accepted
 * is printed, and the print is read again as the same.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "census.h"
#include "census_spec.h"
#include "decayed_score.h"
#include "diagram.h"
#include "diagram_check.h"
#include "diagram_diff.h"
#include "digest_text.h"
#include "events_text.h"
#include "funnel.h"
#include "funnel_summary.h"
#include "journey_cut.h"
#include "journey_text.h"
#include "machine.h"
#include "naive_bayes_text.h"
#include "retention_text.h"
#include "score.h"
#include "survival_text.h"
#include "velocity_text.h"
#include "win_rate.h"

/* Reads a text and prints what it was; false, with the error, where it is refused. */
typedef bool (*Canonize) (StringInfo out, const char *text, size_t len, PureError *error);

static void
check_refusal(const PureError *error, const char *text)
{
	int			lines = 1;

	for (const char *p = text; *p; p++)
		lines += *p == '\n' || *p == '\r';
	promise(error->message != NULL && error->message[0] != '\0', "a refusal says something");
	promise(error->line >= 0 && error->line <= lines, "a refusal's line is one of the text's");
	promise(error->column >= 0 && (size_t) error->column <= strlen(text) + 1, "a refusal's column is inside of the text");
}

static void
check_canonical(const char *text, size_t len, Canonize canonize)
{
	StringInfoData once,
				twice;
	PureError	error;

	initStringInfo(&once);
	initStringInfo(&twice);
	memset(&error, 0, sizeof(error));
	if (!canonize(&once, text, len, &error))
	{
		check_refusal(&error, text);
		return;
	}
	promise(canonize(&twice, once.data, once.len, &error), "what is printed is read again");
	promise(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0, "what is printed is printed again as the same");
}

/* ---- journeys ---- */

static JourneyView
built(const JourneyBuilder *builder)
{
	size_t		size = journey_size(builder);
	char	   *payload = palloc(size);
	JourneyView view;

	journey_write(builder, payload);
	journey_open(&view, payload, size);
	return view;
}

static bool
parse_journey(const char *text, size_t len, JourneyView *view, PureError *error)
{
	JourneyBuilder builder;

	journey_begin(&builder);
	if (!journey_parse(&builder, text, len, error))
		return false;
	*view = built(&builder);
	return true;
}

static bool
canonize_journey(StringInfo out, const char *text, size_t len, PureError *error)
{
	JourneyView view;

	if (!parse_journey(text, len, &view, error))
		return false;
	journey_print(out, &view);
	return true;
}

static void
run_journey(const char *text, size_t len)
{
	JourneyView view;
	JourneyBuilder builder;
	JourneyLabel label;
	JourneyAppend plan;
	PureError	error;

	check_canonical(text, len, canonize_journey);
	if (!parse_journey(text, len, &view, &error))
		return;
	promise(view.nsteps > 0 && view.nlabels > 0, "a journey has a step");
	promise(journey_compare(&view, &view) == 0, "a journey is itself");
	for (uint32 step = 1; step < view.nsteps; step++)
		promise(journey_at(&view, step) >= journey_at(&view, step - 1), "time does not run backwards");
	promise(journey_visit(&view, journey_index(&view, 0), 1) == 0, "the first visit is the first step");
	promise(journey_step_at(&view, journey_at(&view, view.nsteps - 1)) == view.nsteps - 1, "the last step is where it is");
	journey_begin(&builder);
	promise(journey_collapse(&builder, &view, &error), "a journey can be collapsed");
	journey_stay(&view);
	label = journey_label(&view, view.nlabels - 1);
	if (journey_append_plan(&plan, &view, label.text, label.len, journey_at(&view, view.nsteps - 1), &error))
	{
		char	   *payload = palloc(plan.size);
		JourneyView longer;

		journey_append_write(&plan, &view, label.text, label.len, payload);
		journey_open(&longer, payload, plan.size);
		promise(longer.nsteps == view.nsteps + 1 && longer.nlabels == view.nlabels, "a step more is a step more");
	}
}

static bool
canonize_events(StringInfo out, const char *text, size_t len, PureError *error)
{
	JourneyEvents *events = events_parse(text, len, error);

	if (events == NULL)
		return false;
	events_print(out, events);
	return true;
}

static void
run_events(const char *text, size_t len)
{
	check_canonical(text, len, canonize_events);
}

/* ---- diagrams ---- */

static bool
canonize_diagram(StringInfo out, const char *text, size_t len, PureError *error)
{
	Diagram    *diagram = diagram_parse(text, error);

	if (diagram == NULL)
		return false;
	appendStringInfoString(out, diagram_print(diagram));
	return true;
}

static void
run_diagram(const char *text, size_t len)
{
	PureError	error;
	Diagram    *diagram;
	Machine    *machine;
	int			n;

	check_canonical(text, len, canonize_diagram);
	diagram = diagram_parse(text, &error);
	if (diagram == NULL)
		return;
	machine = machine_build(diagram);
	(void) diagram_flaws_of(machine, &n);
	for (int stage = 0; stage < diagram->nstages; stage++)
	{
		const char *label = diagram->stages[stage].label;

		promise(machine_find_stage(machine, label, strlen(label)) == stage, "a stage is found by its label");
		promise(diagram_find_label(diagram, label) == stage, "in the diagram too");
	}
	promise(compare_diagrams(diagram, diagram_parse(diagram_print(diagram), &error))->nchanges == 0, "a diagram is what it prints");
	/* What the functions that change diagrams leave can be read. */
	if (diagram->nstages > 1)
	{
		diagram_rename(diagram, 0, "another name");
		promise(diagram_parse(diagram_print(diagram), &error) != NULL, "a renamed stage's diagram can be read");
		(void) diagram_merge(diagram, 0, 1);
		promise(diagram_parse(diagram_print(diagram), &error) != NULL, "a merged stage's diagram can be read");
	}
}

/* ---- specifications ---- */

static bool
canonize_funnel_spec(StringInfo out, const char *text, size_t len, PureError *error)
{
	FunnelSpec	spec;

	if (!funnel_spec_parse(&spec, text, len, error))
		return false;
	funnel_spec_print(out, &spec);
	return true;
}

static bool
canonize_velocity_spec(StringInfo out, const char *text, size_t len, PureError *error)
{
	VelocitySpec spec;

	if (!velocity_spec_read(&spec, text, len, error))
		return false;
	velocity_spec_write(out, &spec);
	return true;
}

static bool
canonize_survival_spec(StringInfo out, const char *text, size_t len, PureError *error)
{
	SurvivalSpec spec;

	if (!survival_spec_read(&spec, text, len, error))
		return false;
	survival_spec_write(out, &spec);
	return true;
}

static bool
canonize_win_rate_spec(StringInfo out, const char *text, size_t len, PureError *error)
{
	WinRateSpec spec;

	if (!win_rate_spec_read(&spec, text, len, error))
		return false;
	win_rate_spec_write(out, &spec);
	return true;
}

static bool
canonize_retention_spec(StringInfo out, const char *text, size_t len, PureError *error)
{
	RetentionSpec spec;

	if (!retention_spec_parse(&spec, text, len, find_zone, error))
		return false;
	retention_spec_print(out, &spec);
	return true;
}

static bool
canonize_census_spec(StringInfo out, const char *text, size_t len, PureError *error)
{
	CensusSpec	spec;

	if (!census_spec_parse(&spec, text, len, find_zone, error))
		return false;
	census_spec_print(out, &spec);
	return true;
}

/* ---- summaries ---- */

static bool
canonize_funnel(StringInfo out, const char *text, size_t len, PureError *error)
{
	Funnel	   *funnel = funnel_parse(text, len, error);
	FunnelParts parts;
	FunnelRow	row;

	if (funnel == NULL)
		return false;
	funnel_print(out, funnel);
	funnel_open(funnel, &parts);
	for (int step = 0; step < funnel->nsteps; step++)
		funnel_report(&parts, funnel->nsteps, step, &row);
	return true;
}

static bool
canonize_velocity(StringInfo out, const char *text, size_t len, PureError *error)
{
	Velocity   *velocity = velocity_read(text, len, error);

	if (velocity == NULL)
		return false;
	velocity_write(out, velocity);
	return true;
}

static bool
canonize_survival(StringInfo out, const char *text, size_t len, PureError *error)
{
	Survival   *survival = survival_read(text, len, error);

	if (survival == NULL)
		return false;
	survival_write(out, survival);
	return true;
}

static bool
canonize_win_rate(StringInfo out, const char *text, size_t len, PureError *error)
{
	WinRate    *rate = win_rate_read(text, len, error);

	if (rate == NULL)
		return false;
	win_rate_write(out, rate);
	return true;
}

static bool
canonize_retention(StringInfo out, const char *text, size_t len, PureError *error)
{
	Retention  *retention = retention_parse(text, len, find_zone, error);

	if (retention == NULL)
		return false;
	retention_print(out, retention);
	return true;
}

static bool
canonize_census(StringInfo out, const char *text, size_t len, PureError *error)
{
	Census	   *census = census_parse(text, len, find_zone, error);

	if (census == NULL)
		return false;
	census_print(out, census);
	return true;
}

static bool
canonize_naive_bayes(StringInfo out, const char *text, size_t len, PureError *error)
{
	NaiveBayes *model = naive_bayes_read(text, len, error);

	if (model == NULL)
		return false;
	naive_bayes_write(out, model);
	return true;
}

static bool
canonize_decayed_score(StringInfo out, const char *text, size_t len, PureError *error)
{
	DecayedScore score;

	if (!decayed_score_read(&score, text, error))
		return false;
	promise(decayed_score_check(&score, error), "what was read is in range");
	decayed_score_write(out, &score);
	return true;
}

#define CANONICAL(type) \
static void \
run_##type(const char *text, size_t len) \
{ \
	check_canonical(text, len, canonize_##type); \
}

CANONICAL(funnel_spec)
CANONICAL(velocity_spec)
CANONICAL(survival_spec)
CANONICAL(win_rate_spec)
CANONICAL(retention_spec)
CANONICAL(census_spec)
CANONICAL(funnel)
CANONICAL(velocity)
CANONICAL(survival)
CANONICAL(win_rate)
CANONICAL(retention)
CANONICAL(census)
CANONICAL(naive_bayes)
CANONICAL(decayed_score)

/* ---- definitions of scores, which are kept as they were written ---- */

static void
run_score(const char *text, size_t len)
{
	PureError	error;

	memset(&error, 0, sizeof(error));
	if (score_parse(text, &error) == NULL)
		check_refusal(&error, text);
}

/* ---- bytes that are read without the server: durations in summaries ---- */

static void
run_digest(const char *text, size_t len)
{
	const char *cursor = text;
	StringInfoData printed;
	PureError	error;
	Digest	   *digest;

	memset(&error, 0, sizeof(error));
	digest = digest_read(&cursor, text + len, &error);
	if (digest == NULL)
		return;
	promise(cursor >= text && cursor <= text + len, "no more is read than there is");
	initStringInfo(&printed);
	digest_send(&printed, digest);
	cursor = printed.data;
	promise(digest_receive(&cursor, printed.data + printed.len, &error) != NULL && cursor == printed.data + printed.len,
			"what is sent is received");
}

static void
run_digest_bytes(const char *text, size_t len)
{
	const char *cursor;
	StringInfoData bytes,
				printed;
	PureError	error;
	Digest	   *digest;
	bool		escaped = false;

	/* Inputs hold no NUL, bytes do: 0x01 escapes what is one less. */
	initStringInfo(&bytes);
	for (const char *p = text; *p; p++)
	{
		if (*p == 1 && !escaped)
		{
			escaped = true;
			continue;
		}
		appendStringInfoChar(&bytes, escaped ? *p - 1 : *p);
		escaped = false;
	}
	memset(&error, 0, sizeof(error));
	cursor = bytes.data;
	digest = digest_receive(&cursor, bytes.data + bytes.len, &error);
	if (digest == NULL)
	{
		promise(error.message != NULL, "a refusal says something");
		return;
	}
	promise(cursor <= bytes.data + bytes.len, "no more is read than there is");
	initStringInfo(&printed);
	digest_write(&printed, digest);
	cursor = printed.data;
	promise(digest_read(&cursor, printed.data + printed.len, &error) != NULL, "what is printed is read again");
}

const NamedTarget fuzz_targets[] = {
	{"journey", run_journey},
	{"journey_events", run_events},
	{"diagram", run_diagram},
	{"funnel_spec", run_funnel_spec},
	{"velocity_spec", run_velocity_spec},
	{"survival_spec", run_survival_spec},
	{"win_rate_spec", run_win_rate_spec},
	{"retention_spec", run_retention_spec},
	{"census_spec", run_census_spec},
	{"funnel", run_funnel},
	{"velocity", run_velocity},
	{"survival", run_survival},
	{"win_rate", run_win_rate},
	{"retention", run_retention},
	{"census", run_census},
	{"naive_bayes", run_naive_bayes},
	{"decayed_score", run_decayed_score},
	{"score", run_score},
	{"digest", run_digest},
	{"digest_bytes", run_digest_bytes},
	{NULL, NULL}
};
