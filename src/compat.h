/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between PostgreSQL's major versions, in one place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_COMPAT_H
#define CRM_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "crm_lifecycle needs PostgreSQL 15 or newer"
#endif

/* The macros of varlenas left postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 16 turned the many pg_xxx_ownercheck() into one. */
#if PG_VERSION_NUM >= 160000
#define relation_ownercheck(relid, roleid) \
	object_ownercheck(RelationRelationId, (relid), (roleid))
#else
#define relation_ownercheck(relid, roleid) \
	pg_class_ownercheck((relid), (roleid))
#endif

/* 16 lets input functions hand an error back to those who only want to know whether there is one. */
#if PG_VERSION_NUM < 160000
#define errsave(context, ...) ereport(ERROR, __VA_ARGS__)
#endif

/* 16 added a way to leave indexes alone. */
#if PG_VERSION_NUM >= 160000
#define insert_index_tuples(target, row, estate) \
	ExecInsertIndexTuples((target), (row), (estate), false, false, NULL, NIL, false)
#else
#define insert_index_tuples(target, row, estate) \
	ExecInsertIndexTuples((target), (row), (estate), false, false, NULL, NIL)
#endif

/* 17 dropped the choice whether a text's length counts itself. */
#if PG_VERSION_NUM >= 170000
#define send_counted_text(buf, text, len) pq_sendcountedtext((buf), (text), (len))
#else
#define send_counted_text(buf, text, len) pq_sendcountedtext((buf), (text), (len), false)
#endif

/* Intervals learned infinity in 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i) ((void) (i), false)
#endif

/* In front of a declaration; behind it before version 18, and under another name. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#endif							/* CRM_COMPAT_H */
