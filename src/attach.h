/*-------------------------------------------------------------------------
 *
 * attach.h
 *		What the parts of attaching share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ATTACH_H
#define CRM_ATTACH_H

#include "postgres.h"

#include "fmgr.h"

#include "binding.h"

/* The functions of all its triggers, as an array of regprocedure has them. */
#define ATTACHED_FUNCTIONS \
	"lifecycle." ATTACHMENT_FUNCTION "(), lifecycle." BEFORE_FUNCTION "(), lifecycle." AFTER_FUNCTION "()," \
	" lifecycle.log_move()"

/* What a call says about an attachment, with its names checked. */
typedef struct AttachRequest
{
	Oid			relid;
	char	   *name;			/* for messages */
	char	   *table;			/* qualified and quoted, for statements */
	bool		partitions;		/* it has partitions, or is one */
	char	   *lifecycle;
	char	   *key;
	char	   *columns[NUM_ATTACHED_COLUMNS];	/* names, NULL where there is none */
	EnforcementMode mode;
	bool		defer;			/* rows get their journeys later, by fill() */
	bool		log;
	bool		new_journey;	/* the journey column is to be added */
} AttachRequest;


/* attach_request.c */
extern char *name_argument(FunctionCallInfo fcinfo, int n);
extern EnforcementMode mode_argument(FunctionCallInfo fcinfo, int n);
extern void lock_table(AttachRequest *request, Oid relid, bool attaching);
extern void read_request(FunctionCallInfo fcinfo, AttachRequest *request);

/* attach_objects.c; all of it needs SPI */
extern void run(const char *sql);
extern const char *quoted_column(const AttachRequest *request, AttachedColumn column);
extern void create_check(const AttachRequest *request);
extern void create_registry(const AttachRequest *request);
extern void create_triggers(const AttachRequest *request);
extern void create_log(const AttachRequest *request);
extern void drop_registry(const AttachRequest *request);
extern void drop_objects(const AttachRequest *request);

#endif							/* CRM_ATTACH_H */
