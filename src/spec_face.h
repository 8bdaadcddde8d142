/*-------------------------------------------------------------------------
 *
 * spec_face.h
 *		What the types of specifications have in common: bytes, text and binary forms,
 *		and being made ready once a query and not once a row.
 *
 * A specification (funnel_spec, velocity_spec, ...) is stored as
 *
 *		varlena header
 *		uint8	version, 1
 *		uint8	0: reserved
 *		its canonical text
 *
 * so two of a type mean the same if their bytes are equal, and the operators compare
 * bytes.  The binary form is the version byte and the text, to the end of the message.
 *
 * What a specification says is its room's: pure code reads and prints it.  How its
 * constructor takes named arguments is spec_args.h's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SPEC_FACE_H
#define CRM_SPEC_FACE_H

#include "postgres.h"

#include "fmgr.h"

#include "pure.h"

typedef struct SpecType
{
	const char *name;			/* of the SQL type */
	const char *example;		/* shown to whoever wrote what is none */

	/* Appends the canonical form of a text; false once error is filled in. */
	bool		(*canonize) (StringInfo out, const char *text, size_t len, PureError *error);

	/*
	 * Makes a canonical text ready, as of an instant or DT_NOEND.  It runs in a context
	 * that lives as long as its result is wanted.  NULL where the room needs none.
	 */
	void	   *(*prepare) (const char *text, size_t len, TimestampTz as_of);
} SpecType;

/*
 * What a call site has made of its specification.  It begins as zeros, in memory that
 * lives as long as the call site: fn_extra, or a part of what is there.
 */
typedef struct SpecCache
{
	MemoryContext context;		/* of all below */
	struct varlena *value;		/* the argument that ready was made from */
	TimestampTz as_of;			/* the other one, or DT_NOEND */
	void	   *ready;			/* NULL: nothing yet */
	bool		fixed;			/* the argument is the query's constant: ready will do */
} SpecCache;

#define NO_ARGUMENT (-1)

extern Datum spec_in(const SpecType *type, FunctionCallInfo fcinfo);
extern Datum spec_out(const SpecType *type, FunctionCallInfo fcinfo);
extern Datum spec_recv(const SpecType *type, FunctionCallInfo fcinfo);
extern Datum spec_send(const SpecType *type, FunctionCallInfo fcinfo);

extern void spec_value_begin(StringInfo value);
extern Datum spec_value_end(StringInfo value);

extern void *spec_make_ready(const SpecType *type, SpecCache *cache, FunctionCallInfo fcinfo,
							 int spec_arg, int as_of_arg);
extern void spec_set_as_of(const SpecType *type, TimestampTz *as_of, TimestampTz argument);

extern void require_version(const char *type, int version, int known);
pg_noreturn extern void refuse_mixed_specs(const char *summaries, const char *spec, size_t len,
										   const char *other, size_t other_len);

/*
 * The specification of a call, made ready once and not once a row.  Neither argument
 * may be NULL; as_of_arg may be NO_ARGUMENT.
 */
static inline void *
spec_ready(const SpecType *type, SpecCache *cache, FunctionCallInfo fcinfo, int spec_arg,
		   int as_of_arg)
{
	if (cache->fixed &&
		(as_of_arg == NO_ARGUMENT ||
		 (!PG_ARGISNULL(as_of_arg) && PG_GETARG_INT64(as_of_arg) == cache->as_of)))
		return cache->ready;
	return spec_make_ready(type, cache, fcinfo, spec_arg, as_of_arg);
}

/*
 * The same for a call site that remembers nothing else.
 */
static inline void *
spec_ready_here(const SpecType *type, FunctionCallInfo fcinfo, int spec_arg, int as_of_arg)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
														  sizeof(SpecCache));
	return spec_ready(type, fcinfo->flinfo->fn_extra, fcinfo, spec_arg, as_of_arg);
}

#endif							/* CRM_SPEC_FACE_H */
