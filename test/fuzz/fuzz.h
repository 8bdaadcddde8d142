/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *		What the targets of the fuzzer share.
 *
 * A target reads one input with the pure code, as the types' input functions do, and holds what
 * was read to its promises.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FUZZ_H
#define CRM_FUZZ_H

#include "calendar.h"
#include "pure.h"

/* text ends in NUL, and has len bytes before it and none that is NUL. */
typedef void (*FuzzTarget) (const char *text, size_t len);

typedef struct NamedTarget
{
	const char *name;
	FuzzTarget	run;
} NamedTarget;

extern const NamedTarget fuzz_targets[];

/* memory.c */
extern void free_all(void);

extern bool find_zone(const char *name, Zone *zone, PureError *error);
extern void promise(bool kept, const char *which);

#endif							/* CRM_FUZZ_H */
