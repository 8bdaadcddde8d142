/*-------------------------------------------------------------------------
 *
 * funnel.c
 *		From a specification to a plan, and from a journey to its events.
 *
 * The searches themselves are in funnel_plain.c (the ordinary case), funnel_order.c
 * (ordered and adjacent), funnel_least.c (at least) and funnel_any.c (any order).  All take time in
 * proportion to events times steps: a thousand repeats of a stage are no worse than a
 * thousand different ones.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "funnel_search.h"

#define FIRST_ROOM 64

static void
make_bound(Bound *bound, bool bounded, const Interval *span)
{
	int64		days;

	bound->calendar = false;
	bound->micros = PG_INT64_MAX;
	if (!bounded)
		return;
	bound->calendar = span->month != 0;
	bound->span = *span;
	if (pg_mul_s64_overflow(span->day, USECS_PER_DAY, &days) ||
		pg_add_s64_overflow(days, span->time, &bound->micros))
		bound->micros = PG_INT64_MAX;
}

static JourneyLabel
copy_label(const JourneyLabel *label)
{
	JourneyLabel copy = {palloc(label->len + 1), label->len};

	memcpy((char *) copy.text, label->text, label->len);
	return copy;
}

static bool
label_equals(const JourneyLabel *label, const char *text, size_t len)
{
	return label->len == len && memcmp(label->text, text, len) == 0;
}

static int32
code_label(void *arg, const char *label, size_t len)
{
	FunnelPlan *plan = arg;

	for (int i = 0; i < plan->ncodes; i++)
		if (label_equals(&plan->labels[i], label, len))
			return i;
	for (int i = 0; i < plan->spec.nexcluded; i++)
		if (label_equals(&plan->spec.excluded[i], label, len))
			return CODE_EXCLUDED;
	return CODE_FOREIGN;
}

/* How far journeys of this dictionary can come: to the first step whose stage is missing. */
static int32
level_bound(void *arg, const int32 *codes, uint32 nlabels)
{
	const FunnelPlan *plan = arg;
	uint64		present = 0;
	int			level = 0;

	for (uint32 i = 0; i < nlabels; i++)
		if (codes[i] >= 0)
			present |= bit(codes[i]);
	while (level < plan->spec.nsteps && (present & bit(plan->code_of[level])) != 0)
		level++;
	return level;
}

static void
plan_steps(FunnelPlan *plan)
{
	for (int i = 0; i < plan->spec.nsteps; i++)
	{
		FunnelStep *step = &plan->spec.steps[i];
		int			code = code_label(plan, step->stage.text, step->stage.len);

		if (code < 0)
		{
			code = plan->ncodes++;
			plan->labels[code] = copy_label(&step->stage);
		}
		step->stage = plan->labels[code];
		plan->code_of[i] = code;
		plan->steps_of[code] |= bit(i);
		make_bound(&plan->limits[i], step->limited, &step->limit);
	}
}

static bool
has_limits(const FunnelSpec *spec)
{
	for (int i = 0; i < spec->nsteps; i++)
		if (spec->steps[i].limited)
			return true;
	return false;
}

/*
 * Makes a specification ready.  The plan keeps nothing of spec and lives, with all
 * that it will ever allocate, in the current memory context.
 */
FunnelPlan *
funnel_plan(const FunnelSpec *spec)
{
	FunnelPlan *plan = palloc0(sizeof(FunnelPlan));
	Interval	window;

	plan->spec = *spec;
	plan_steps(plan);
	plan->spec.excluded = palloc(Max(spec->nexcluded, 1) * sizeof(JourneyLabel));
	for (int i = 0; i < spec->nexcluded; i++)
		plan->spec.excluded[i] = copy_label(&spec->excluded[i]);
	make_bound(&plan->within, spec->windowed, &spec->within);
	plan->plain = spec->ordering == FUNNEL_ORDERED && !spec->at_least &&
		!has_limits(spec) && !plan->within.calendar;
	plan->aged = spec->as_of != DT_NOEND;
	make_bound(&plan->age, plan->aged && funnel_spec_window(spec, &window), &window);

	/* What grows later grows by repalloc, which stays in this context. */
	plan->map = label_map_create(code_label, level_bound, plan);
	plan->room = FIRST_ROOM;
	plan->at = palloc(plan->room * sizeof(TimestampTz));
	plan->code = palloc(plan->room * sizeof(int8));
	plan->starts = palloc(plan->room * sizeof(uint64));
	plan->exits = palloc(plan->room * sizeof(uint64));
	for (int i = 0; i < spec->nsteps; i++)
	{
		plan->queues[i].room = 4;
		plan->queues[i].items = palloc(plan->queues[i].room * sizeof(Waiting));
	}
	return plan;
}

static void
make_event_room(FunnelPlan *plan, uint32 nevents)
{
	if (plan->room >= nevents)
		return;
	plan->room = nevents;
	plan->at = repalloc(plan->at, plan->room * sizeof(TimestampTz));
	plan->code = repalloc(plan->code, plan->room * sizeof(int8));
	plan->starts = repalloc(plan->starts, plan->room * sizeof(uint64));
	plan->exits = repalloc(plan->exits, plan->room * sizeof(uint64));
}

/*
 * Collects the journey's visits that matter, as it was at "as of".  Foreign stages
 * matter only where no other stage may come in between.
 */
static void
gather_events(FunnelPlan *plan, const JourneyView *view, const int32 *codes)
{
	bool		all = plan->spec.ordering == FUNNEL_ADJACENT;
	uint32		n = 0;

	make_event_room(plan, view->nsteps);
	for (uint32 i = 0; i < view->nsteps; i++)
	{
		uint64		word = journey_word(view, i);
		TimestampTz at = view->first + journey_word_time(word);
		int32		code = codes[journey_word_index(word)];

		CHECK_FOR_INTERRUPTS();
		if (at > plan->spec.as_of)
			break;
		if (code == CODE_FOREIGN && !all)
			continue;
		plan->at[n] = at;
		plan->code[n] = code;
		n++;
	}
	plan->nevents = n;
}

/* The first visit to the first step, or to any where a chain may begin anywhere. */
static void
find_first_entry(FunnelPlan *plan)
{
	bool		anywhere = plan->spec.at_least || plan->spec.ordering == FUNNEL_ANY_ORDER;

	plan->first_entry = NEVER;
	for (uint32 i = 0; i < plan->nevents; i++)
	{
		if (anywhere ? plan->code[i] < 0 : plan->code[i] != plan->code_of[0])
			continue;
		plan->first_entry = plan->at[i];
		break;
	}
}

/*
 * Finds the chain of a journey.
 */
void
funnel_find(FunnelPlan *plan, const JourneyView *view, FunnelChain *chain)
{
	const int32 *codes = label_map_codes(plan->map, view);

	chain->level = 0;
	if (plan->plain && find_plain(plan, view, codes, chain))
		return;
	gather_events(plan, view, codes);
	if (plan->spec.first_entry)
		find_first_entry(plan);
	if (plan->spec.ordering == FUNNEL_ANY_ORDER)
		find_any_order(plan, chain);
	else if (plan->spec.at_least)
		find_at_least(plan, chain);
	else
		find_in_order(plan, chain);
}

/*
 * Is the chain's whole window over?
 */
bool
funnel_is_eligible(const FunnelPlan *plan, const FunnelChain *chain)
{
	return !plan->aged || bound_end(&plan->age, chain->entry) <= plan->spec.as_of;
}

static void
describe_group(FunnelPlan *plan, EventGroup *group)
{
	group->excluded = group->foreign = false;
	group->codes = 0;
	for (uint32 i = group->from; i < group->to; i++)
	{
		int			code = plan->code[i];

		if (code < 0)
		{
			group->foreign = true;
			group->excluded |= code == CODE_EXCLUDED;
			continue;
		}
		group->codes |= bit(code);
		plan->present[code]++;
	}
}

/*
 * Opens the group that begins with this event; it must be closed before the next one.
 */
void
group_open(FunnelPlan *plan, EventGroup *group, uint32 from)
{
	group->from = from;
	group->at = plan->at[from];
	group->to = from + 1;
	while (group->to < plan->nevents && plan->at[group->to] == group->at)
		group->to++;
	describe_group(plan, group);
}

/*
 * Opens the group that ends before this event.
 */
void
group_open_before(FunnelPlan *plan, EventGroup *group, uint32 to)
{
	group->to = to;
	group->at = plan->at[to - 1];
	group->from = to - 1;
	while (group->from > 0 && plan->at[group->from - 1] == group->at)
		group->from--;
	describe_group(plan, group);
}

void
group_close(FunnelPlan *plan, const EventGroup *group)
{
	for (uint32 i = group->from; i < group->to; i++)
		if (plan->code[i] >= 0)
			plan->present[plan->code[i]] = 0;
}

void
queue_reset(FunnelPlan *plan)
{
	for (int i = 0; i < plan->spec.nsteps; i++)
		queue_clear(&plan->queues[i]);
}

/* Room for one more at the end; what is before the head is given up first. */
static void
queue_make_room(WaitingQueue *queue)
{
	if (queue->end < queue->room)
		return;
	if (queue->head > 0 && queue->head >= queue->room / 2)
	{
		memmove(queue->items, queue->items + queue->head,
				(queue->end - queue->head) * sizeof(Waiting));
		queue->end -= queue->head;
		queue->head = 0;
		return;
	}
	queue->room *= 2;
	queue->items = repalloc(queue->items, queue->room * sizeof(Waiting));
}

/*
 * Adds a waiting chain, unless another is better in both respects, and drops those to
 * which it is.  Its place is at the end or, where months end on the same day, near it.
 */
void
queue_push(WaitingQueue *queue, TimestampTz until, TimestampTz deadline)
{
	uint32		place;
	uint32		keep;

	queue_make_room(queue);
	place = queue->end;
	while (place > queue->head && queue->items[place - 1].until >= until)
		place--;
	if (place < queue->end && queue->items[place].deadline >= deadline)
		return;
	keep = place;
	while (keep > queue->head && queue->items[keep - 1].deadline <= deadline)
		keep--;
	if (place < queue->end && queue->items[place].until == until)
		place++;
	memmove(queue->items + keep + 1, queue->items + place,
			(queue->end - place) * sizeof(Waiting));
	queue->items[keep].until = until;
	queue->items[keep].deadline = deadline;
	queue->end -= place - keep;
	queue->end++;
}
