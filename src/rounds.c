/*-------------------------------------------------------------------------
 *
 * rounds.c
 *		Journeys told in rounds, so that all of them together have no cycle.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "label_map.h"
#include "rounds.h"

struct RoundPlan
{
	JourneyLabel *stages;		/* in their order */
	int			nstages;
	LabelMap   *map;
	/* Of the journey at hand; the memory serves the next one again. */
	JourneyBuilder builder;
	JourneyLabel *labels;
	int		   *built;			/* by round and label: the builder's; -1 until it has it */
};

/* Its place in the order; stages that are not in it come behind, and none of them before another. */
static int32
code_label(void *arg, const char *label, size_t len)
{
	const RoundPlan *plan = arg;
	int			place = 0;

	while (place < plan->nstages && (plan->stages[place].len != len ||
									 memcmp(plan->stages[place].text, label, len) != 0))
		place++;
	return place;
}

/*
 * Prepares for journeys through stages in this order.  The plan is in the current memory
 * context, and keeps copies of the labels.
 */
RoundPlan *
rounds_plan(const JourneyLabel *stages, int nstages)
{
	RoundPlan  *plan = palloc(sizeof(RoundPlan));

	plan->stages = palloc(Max(nstages, 1) * sizeof(JourneyLabel));
	plan->nstages = nstages;
	for (int i = 0; i < nstages; i++)
	{
		char	   *text = palloc(Max(stages[i].len, 1));

		memcpy(text, stages[i].text, stages[i].len);
		plan->stages[i] = (JourneyLabel) {text, stages[i].len};
	}
	plan->map = label_map_create(code_label, NULL, plan);
	journey_begin(&plan->builder);
	plan->labels = palloc(JOURNEY_MAX_LABELS * sizeof(JourneyLabel));
	plan->built = palloc(JOURNEY_MAX_LABELS * sizeof(int));
	return plan;
}

/* How many rounds can be told apart, the last one included, before labels run out. */
static int
rounds_told(uint32 nlabels)
{
	return Min(ROUNDS_LAST - 1, JOURNEY_MAX_LABELS / (int) nlabels - 1);
}

/* Makes the builder ready for as many steps as the journey has. */
static bool
begin_steps(RoundPlan *plan, const JourneyView *view, int told, PureError *error)
{
	JourneyBuilder *builder = &plan->builder;

	journey_labels(view, plan->labels);
	for (uint32 i = 0; i < view->nlabels; i++)
		if (plan->labels[i].len == JOURNEY_MAX_LABEL_LEN)
			return pure_fail(error, PURE_LIMIT, "a stage label of %d bytes has no room for a round",
							 JOURNEY_MAX_LABEL_LEN);
	memset(plan->built, -1, view->nlabels * (told + 1) * sizeof(int));
	if (builder->words_room < view->nsteps)
	{
		builder->words_room = view->nsteps;
		builder->words = repalloc(builder->words, builder->words_room * sizeof(uint64));
	}
	builder->first = view->first;
	builder->nsteps = view->nsteps;
	builder->nlabels = 0;
	resetStringInfo(&builder->labels);
	return true;
}

/* Appends a label of its own for a stage in a round, which the builder does not have yet. */
static int
add_label(JourneyBuilder *builder, JourneyLabel label, int round)
{
	appendStringInfoChar(&builder->labels, (char) (label.len + 1));
	appendBinaryStringInfo(&builder->labels, label.text, label.len);
	appendStringInfoChar(&builder->labels, (char) round);
	return builder->nlabels++;
}

/*
 * Fills a builder with a journey that has one more byte behind each label: the number of
 * its round, from 1 to ROUNDS_LAST.  No label is looked for, because it is known which
 * ones are new; the steps' times stay as they are.  The builder's memory is the plan's,
 * and good until the next call.
 */
bool
journey_in_rounds(JourneyBuilder *builder, RoundPlan *plan, const JourneyView *view,
				  PureError *error)
{
	const int32 *places = label_map_codes(plan->map, view);
	int			told = rounds_told(view->nlabels);
	int32		place = -1;
	int			round = 1;

	if (!begin_steps(plan, view, told, error))
		return false;
	for (uint32 step = 0; step < view->nsteps; step++)
	{
		uint64		word = journey_word(view, step);
		uint32		index = journey_word_index(word);
		int		   *built;

		CHECK_FOR_INTERRUPTS();
		if (places[index] <= place && round <= told)
			round++;
		place = places[index];
		built = &plan->built[(round - 1) * view->nlabels + index];
		if (*built < 0)
			*built = add_label(&plan->builder, plan->labels[index], round > told ? ROUNDS_LAST : round);
		plan->builder.words[step] = word - index + *built;
	}
	*builder = plan->builder;
	return true;
}
