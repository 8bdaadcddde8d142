/*-------------------------------------------------------------------------
 *
 * journey_cut.c
 *		Journeys made of parts of journeys.
 *
 * Each function adds steps to a builder; none may be left, and then there is no
 * journey.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "journey_cut.h"

/* Copies steps, remembering where the builder keeps the labels of the source. */
typedef struct Copier
{
	JourneyBuilder *builder;
	const JourneyView *view;
	JourneyLabel *labels;
	int		   *built;
	PureError  *error;
} Copier;

static void
begin_copy(Copier *copier, JourneyBuilder *builder, const JourneyView *view, PureError *error)
{
	copier->builder = builder;
	copier->view = view;
	copier->labels = palloc(view->nlabels * sizeof(JourneyLabel));
	journey_labels(view, copier->labels);
	copier->built = palloc(view->nlabels * sizeof(int));
	memset(copier->built, -1, view->nlabels * sizeof(int));
	copier->error = error;
}

static void
end_copy(Copier *copier)
{
	pfree(copier->labels);
	pfree(copier->built);
}

static bool
copy_step_at(Copier *copier, uint32 step, TimestampTz at)
{
	uint32		index = journey_index(copier->view, step);

	CHECK_FOR_INTERRUPTS();
	return journey_add_as(copier->builder, &copier->built[index], copier->labels[index], at,
						  copier->error);
}

static bool
copy_step(Copier *copier, uint32 step)
{
	return copy_step_at(copier, step, journey_at(copier->view, step));
}

static bool
begins_before(const JourneyWindow *window, TimestampTz at)
{
	return window->from_included ? at < window->from : at <= window->from;
}

static bool
ends_before(const JourneyWindow *window, TimestampTz at)
{
	return window->to_included ? at > window->to : at >= window->to;
}

/* Copies the steps from this one on that do not lie behind the window. */
static bool
copy_until(Copier *copier, int64 step, const JourneyWindow *window)
{
	for (; step < copier->view->nsteps; step++)
	{
		if (ends_before(window, journey_at(copier->view, step)))
			break;
		if (!copy_step(copier, step))
			return false;
	}
	return true;
}

/* The first step that does not lie before the window. */
static int64
first_inside(const JourneyView *view, const JourneyWindow *window)
{
	int64		step = journey_step_at(view, window->from);

	for (; step >= 0 && !begins_before(window, journey_at(view, step)); step--)
		CHECK_FOR_INTERRUPTS();
	return step + 1;
}

/*
 * The steps inside a window that is not empty, after the stage held where it begins,
 * as if it had been entered there.
 */
bool
journey_slice(JourneyBuilder *builder, const JourneyView *view, const JourneyWindow *window,
			  PureError *error)
{
	int64		held = journey_step_at(view, window->from);
	int64		inside = first_inside(view, window);
	Copier		copier;
	bool		done = true;

	begin_copy(&copier, builder, view, error);
	/* Where a step inside begins right there, nothing is carried in. */
	if (held >= 0 && held < inside)
		done = copy_step_at(&copier, held, window->from);
	if (done)
		done = copy_until(&copier, inside, window);
	end_copy(&copier);
	return done;
}

/*
 * The steps inside a window, and nothing else.
 */
bool
journey_crop(JourneyBuilder *builder, const JourneyView *view, const JourneyWindow *window,
			 PureError *error)
{
	Copier		copier;
	bool		done;

	begin_copy(&copier, builder, view, error);
	done = copy_until(&copier, first_inside(view, window), window);
	end_copy(&copier);
	return done;
}

/*
 * Of steps in a row that have the same stage, the first.
 */
bool
journey_collapse(JourneyBuilder *builder, const JourneyView *view, PureError *error)
{
	Copier		copier;
	bool		done = true;

	begin_copy(&copier, builder, view, error);
	for (uint32 step = 0; done && step < view->nsteps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		if (step == 0 || journey_index(view, step) != journey_index(view, step - 1))
			done = copy_step(&copier, step);
	}
	end_copy(&copier);
	return done;
}

/*
 * All steps, behind those that the builder has.
 */
bool
journey_append_all(JourneyBuilder *builder, const JourneyView *view, PureError *error)
{
	Copier		copier;
	bool		done = true;

	begin_copy(&copier, builder, view, error);
	for (uint32 step = 0; done && step < view->nsteps; step++)
		done = copy_step(&copier, step);
	end_copy(&copier);
	return done;
}

/*
 * All steps, under other labels: labels has one for each of the journey's own.  Two that
 * become the same are one stage from then on.
 */
bool
journey_relabel(JourneyBuilder *builder, const JourneyView *view, const JourneyLabel *labels,
				PureError *error)
{
	Copier		copier;
	bool		done = true;

	begin_copy(&copier, builder, view, error);
	memcpy(copier.labels, labels, view->nlabels * sizeof(JourneyLabel));
	for (uint32 step = 0; done && step < view->nsteps; step++)
		done = copy_step(&copier, step);
	end_copy(&copier);
	return done;
}

/*
 * Adds a step into a stage at the instant of the first one, and all the steps behind it.
 * One whose labels do not have that stage yet, as most do not, is copied as it stands.
 */
bool
journey_begin_with(JourneyBuilder *builder, const JourneyView *view, JourneyLabel label,
				   PureError *error)
{
	if (!journey_add(builder, label.text, label.len, view->first, error))
		return false;
	if (journey_find_label(view, label.text, label.len) >= 0)
		return journey_append_all(builder, view, error);
	return journey_add_behind(builder, view, error);
}
