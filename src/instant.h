/*-------------------------------------------------------------------------
 *
 * instant.h
 *		Instants and spans of time, read and written without any setting.
 *
 * PostgreSQL's own timestamptz_in and interval_in depend on DateStyle, TimeZone and
 * IntervalStyle, so nothing built on them may call itself IMMUTABLE.  Here an
 * instant is ISO 8601, in UTC unless it brings an offset, and a span is a list of
 * numbers with units.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_INSTANT_H
#define CRM_INSTANT_H

#include "pure.h"

/* Longest text of an instant: "294276-12-31T23:59:59.999999Z BC" and its NUL. */
#define INSTANT_TEXT_MAX 40

extern int	instant_write(char *buf, TimestampTz at);
extern bool instant_read(const char **cursor, const char *end, TimestampTz *at, PureError *error);
extern bool instant_add(TimestampTz at, const Interval *span, TimestampTz *result);

extern void span_write(StringInfo out, const Interval *span);
extern bool span_read(const char **cursor, const char *end, Interval *span, PureError *error);

#endif							/* CRM_INSTANT_H */
