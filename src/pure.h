/*-------------------------------------------------------------------------
 *
 * pure.h
 *		The ground that the pure code stands on.
 *
 * Pure code computes; it knows no SQL, no function manager and no catalog, so it
 * can be linked into a fuzzer or a unit test without a server (compile it with
 * FRONTEND and link libpgcommon).  It allocates with palloc, and it never raises:
 * what a user got wrong comes back as a PureError, which report.c turns into an
 * ereport at the border.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_PURE_H
#define CRM_PURE_H

#ifdef FRONTEND
#include "postgres_fe.h"
#define CHECK_FOR_INTERRUPTS() ((void) 0)
#else
#include "postgres.h"
#include "miscadmin.h"
#include "compat.h"
#endif

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

typedef enum PureErrorKind
{
	PURE_SYNTAX,				/* malformed text */
	PURE_BINARY,				/* malformed binary input */
	PURE_VALUE,					/* well formed, but makes no sense */
	PURE_LIMIT					/* larger than this implementation holds */
} PureErrorKind;

/* Lines and columns count from 1, columns in characters; 0 means "no position". */
typedef struct PureError
{
	PureErrorKind kind;
	int			line;
	int			column;
	char	   *message;
	char	   *detail;			/* or NULL */
	char	   *hint;			/* or NULL */
} PureError;

extern bool pure_fail(PureError *error, PureErrorKind kind, const char *fmt,...) pg_attribute_printf(3, 4);
extern bool pure_hint(PureError *error, const char *fmt,...) pg_attribute_printf(2, 3);
extern bool pure_detail(PureError *error, const char *fmt,...) pg_attribute_printf(2, 3);
extern bool pure_at(PureError *error, const char *text, const char *where);
extern char *pure_sample(const char *text, size_t len);

#endif							/* CRM_PURE_H */
