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
	return plan;
}

/* How many rounds can be told apart, the last one included, before labels run out. */
static int
rounds_told(uint32 nlabels)
{
	return Min(ROUNDS_LAST - 1, JOURNEY_MAX_LABELS / (int) nlabels - 1);
}

static bool
add_step(JourneyBuilder *builder, int *index, JourneyLabel label, int round, TimestampTz at,
		 PureError *error)
{
	char		text[JOURNEY_MAX_LABEL_LEN + 1];

	if (*index < 0)
	{
		memcpy(text, label.text, label.len);
		text[label.len] = (char) round;
		label = (JourneyLabel) {text, label.len + 1};
	}
	return journey_add_as(builder, index, label, at, error);
}

/*
 * Adds the steps of a journey, with one more byte behind each label: the number of its
 * round, from 1 to ROUNDS_LAST.
 */
bool
journey_in_rounds(JourneyBuilder *builder, RoundPlan *plan, const JourneyView *view,
				  PureError *error)
{
	const int32 *places = label_map_codes(plan->map, view);
	int			told = rounds_told(view->nlabels);
	JourneyLabel *labels = palloc(view->nlabels * sizeof(JourneyLabel));
	int		   *built = palloc(view->nlabels * (Max(told, 0) + 1) * sizeof(int));
	int32		place = -1;
	int			round = 1;
	bool		done = true;

	journey_labels(view, labels);
	memset(built, -1, view->nlabels * (Max(told, 0) + 1) * sizeof(int));
	for (uint32 step = 0; done && step < view->nsteps; step++)
	{
		uint32		index = journey_index(view, step);

		CHECK_FOR_INTERRUPTS();
		if (places[index] <= place && round <= told)
			round++;
		place = places[index];
		done = add_step(builder, &built[(round - 1) * view->nlabels + index], labels[index],
						round > told ? ROUNDS_LAST : round, journey_at(view, step), error);
	}
	pfree(labels);
	pfree(built);
	return done;
}
