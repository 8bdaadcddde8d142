/*-------------------------------------------------------------------------
 *
 * kept.c
 *		What one backend keeps for the next time, and for how long.
 *
 * In which list it is, and when it is outdated, is its keeper's business.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "kept.h"

/* A pin that lasts as long as a memory context. */
typedef struct Pin
{
	MemoryContextCallback callback;
	Kept	   *kept;
} Pin;

static void
delete_unused(Kept *kept)
{
	if (kept->pins == 0 && !kept->listed)
		MemoryContextDelete(kept->context);
}

static void
unpin(void *arg)
{
	Kept	   *kept = ((Pin *) arg)->kept;

	Assert(kept->pins > 0);
	kept->pins--;
	delete_unused(kept);
}

void
kept_pin(Kept *kept)
{
	Pin		   *new_pin = palloc(sizeof(Pin));

	new_pin->kept = kept;
	new_pin->callback.func = unpin;
	new_pin->callback.arg = new_pin;
	kept->pins++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &new_pin->callback);
}

/*
 * Its keeper has taken it off the list, or never put it there.
 */
void
kept_drop(Kept *kept)
{
	kept->listed = false;
	delete_unused(kept);
}
