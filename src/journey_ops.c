/*-------------------------------------------------------------------------
 *
 * journey_ops.c
 *		What a journey can be asked: the SQL functions that read one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "journey_io.h"

PG_FUNCTION_INFO_V1(current_stage);
Datum
current_stage(PG_FUNCTION_ARGS)
{
	JourneyHead head;

	journey_read_head(PG_GETARG_DATUM(0), &head);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(head.stage.text, head.stage.len));
}

PG_FUNCTION_INFO_V1(step_count);
Datum
step_count(PG_FUNCTION_ARGS)
{
	JourneyHead head;

	journey_read_head(PG_GETARG_DATUM(0), &head);
	PG_RETURN_INT32(head.nsteps);
}
