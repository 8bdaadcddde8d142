/*-------------------------------------------------------------------------
 *
 * stage.h
 *		A stage handed to an SQL function, as the label that a journey keeps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_STAGE_H
#define CRM_STAGE_H

#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "journey.h"

/* What fn_extra remembers of the argument's type. */
typedef struct StageType
{
	Oid			type;
	bool		is_text;
	bool		is_enum;
	FmgrInfo	output;			/* set up for the others only */
	struct KnownEnum *known;	/* an aggregate's enum values */
	void	   *more;			/* the function's own; NULL at first */
} StageType;

extern JourneyLabel stage_argument(FunctionCallInfo fcinfo, int argno);
extern int	stage_list_argument(FunctionCallInfo fcinfo, int argno, JourneyLabel **labels);
extern JourneyLabel stage_ordered_argument(FunctionCallInfo fcinfo, int argno, float4 *order);

/*
 * Whether an argument that is not NULL is a text that lies there as it is, as most are,
 * and which.  One of the others must have seen such an argument of this call site before.
 */
static inline bool
stage_plain_argument(FunctionCallInfo fcinfo, int argno, JourneyLabel *label)
{
	const StageType *stage_type = fcinfo->flinfo->fn_extra;
	const struct varlena *text = (const struct varlena *) PG_GETARG_POINTER(argno);

	if (stage_type == NULL || !stage_type->is_text || VARATT_IS_COMPRESSED(text) ||
		VARATT_IS_EXTERNAL(text))
		return false;
	label->text = VARDATA_ANY(text);
	label->len = VARSIZE_ANY_EXHDR(text);
	return true;
}

#endif							/* CRM_STAGE_H */
