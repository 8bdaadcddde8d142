/*-------------------------------------------------------------------------
 *
 * ownership.c
 *		Who may change a lifecycle, or how a table follows one: its owner.
 *
 * A lifecycle's owner is kept as a role's name, which survives dumps into clusters where
 * the role does not exist (yet).  Such a lifecycle belongs to superusers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "ownership.h"

/*
 * Whether the user has the privileges of the role with this name.
 */
bool
may_act_as(Oid user, const char *role)
{
	Oid			roleid = get_role_oid(role, true);

	if (!OidIsValid(roleid))
		return superuser_arg(user);
	return has_privs_of_role(user, roleid);
}

/*
 * Refuses unless the current user has the owner's privileges.
 */
void
check_owner(const char *lifecycle, const char *owner)
{
	if (may_act_as(GetUserId(), owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of lifecycle \"%s\"", lifecycle),
			 errhint("It belongs to the role \"%s\".", owner)));
}

/*
 * Refuses unless the current user owns the table.
 */
void
check_table_owner(Oid relid)
{
	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relid)), get_rel_name(relid));
}
