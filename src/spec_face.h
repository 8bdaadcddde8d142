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
} SpecCache;

#define NO_ARGUMENT (-1)

extern Datum spec_in(const SpecType *type, FunctionCallInfo fcinfo);
extern Datum spec_out(const SpecType *type, FunctionCallInfo fcinfo);
extern Datum spec_recv(const SpecType *type, FunctionCallInfo fcinfo);
extern Datum spec_send(const SpecType *type, FunctionCallInfo fcinfo);

extern void spec_value_begin(StringInfo value);
extern Datum spec_value_end(StringInfo value);

extern void *spec_ready(const SpecType *type, SpecCache *cache, FunctionCallInfo fcinfo,
						int spec_arg, int as_of_arg);
extern void *spec_ready_here(const SpecType *type, FunctionCallInfo fcinfo, int spec_arg,
							 int as_of_arg);
extern void spec_set_as_of(const SpecType *type, TimestampTz *as_of, TimestampTz argument);

extern void require_version(const char *type, int version, int known);

#endif							/* CRM_SPEC_FACE_H */
