/*-------------------------------------------------------------------------
 *
 * velocity_spec.h
 *		What a velocity counts: "moved 2026-01-01 to 2026-04-01 as of 2026-05-01".
 *
 * Both parts may be missing; the empty text counts every move and knows no ages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_VELOCITY_SPEC_H
#define CRM_VELOCITY_SPEC_H

#include "pure.h"
#include "scan.h"

#define VELOCITY_SPEC_VERSION 1

/* As the head of a velocity: a fixed length, aligned to 8. */
typedef struct VelocitySpec
{
	uint8		version;
	uint8		reserved[7];	/* zero */
	TimestampTz moved_from;		/* DT_NOBEGIN: since ever */
	TimestampTz moved_to;		/* not included; DT_NOEND: for ever */
	TimestampTz as_of;			/* DT_NOEND: none */
} VelocitySpec;

static inline bool
velocity_spec_has_as_of(const VelocitySpec *spec)
{
	return spec->as_of != DT_NOEND;
}

static inline bool
velocity_spec_equals(const VelocitySpec *a, const VelocitySpec *b)
{
	return a->version == b->version && a->moved_from == b->moved_from &&
		a->moved_to == b->moved_to && a->as_of == b->as_of;
}

extern void velocity_spec_start(VelocitySpec *spec);
extern bool velocity_spec_check(const VelocitySpec *spec, PureError *error);
extern bool velocity_spec_scan(Scanner *scanner, VelocitySpec *spec);
extern bool velocity_spec_read(VelocitySpec *spec, const char *text, size_t len, PureError *error);
extern void velocity_spec_write(StringInfo out, const VelocitySpec *spec);

#endif							/* CRM_VELOCITY_SPEC_H */
