-- What PostgreSQL's catalogs hold of the extension: one row a fact, with the object and what there is to say
-- about it, in words that mean the same in every database.
SET search_path = pg_catalog;
WITH member AS (
	SELECT d.classid, d.objid, i.type || ' ' || i.identity AS object
	FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
		CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
	WHERE e.extname = 'crm_lifecycle'),
-- Roles have other numbers elsewhere.
acl AS (SELECT m.*, x.acl FROM member m CROSS JOIN LATERAL (
	SELECT proacl FROM pg_proc WHERE m.classid = 'pg_proc'::regclass AND oid = m.objid
	UNION ALL SELECT typacl FROM pg_type WHERE m.classid = 'pg_type'::regclass AND oid = m.objid
	UNION ALL SELECT relacl FROM pg_class WHERE m.classid = 'pg_class'::regclass AND oid = m.objid
	UNION ALL SELECT nspacl FROM pg_namespace WHERE m.classid = 'pg_namespace'::regclass AND oid = m.objid) x (acl)),
fact AS (
	SELECT object, 'is' AS about, ''::text AS fact FROM member
	UNION ALL
	SELECT object, 'owner', pg_get_userbyid(coalesce(
		(SELECT proowner FROM pg_proc WHERE classid = 'pg_proc'::regclass AND oid = objid),
		(SELECT typowner FROM pg_type WHERE classid = 'pg_type'::regclass AND oid = objid),
		(SELECT relowner FROM pg_class WHERE classid = 'pg_class'::regclass AND oid = objid),
		(SELECT oprowner FROM pg_operator WHERE classid = 'pg_operator'::regclass AND oid = objid),
		(SELECT opcowner FROM pg_opclass WHERE classid = 'pg_opclass'::regclass AND oid = objid),
		(SELECT opfowner FROM pg_opfamily WHERE classid = 'pg_opfamily'::regclass AND oid = objid),
		(SELECT nspowner FROM pg_namespace WHERE classid = 'pg_namespace'::regclass AND oid = objid)))::text FROM member
	UNION ALL
	SELECT m.object, CASE WHEN d.objsubid = 0 THEN 'comment' ELSE 'comment on column ' || d.objsubid END, d.description
	FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
	UNION ALL
	SELECT object, 'rights', coalesce(acl::text, 'as by default') FROM acl
	UNION ALL
	SELECT m.object, 'initial rights on ' || p.objsubid, p.initprivs::text
	FROM member m JOIN pg_init_privs p ON p.classoid = m.classid AND p.objoid = m.objid
	UNION ALL
	SELECT m.object, 'definition', pg_get_functiondef(p.oid)
	FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid WHERE p.prokind <> 'a'
	UNION ALL
	SELECT m.object, 'aggregate', concat_ws(' ', pg_get_function_arguments(p.oid), p.prorettype::regtype, p.provolatile, p.proparallel, p.proisstrict,
		a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn,
		a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, a.aggmfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype,
		a.aggtransspace, a.aggmtranstype::regtype, a.aggmtransspace, a.agginitval, a.aggminitval)
	FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid JOIN pg_aggregate a ON a.aggfnoid = p.oid
	UNION ALL
	SELECT m.object, 'type', concat_ws(' ', typlen, typbyval, typtype, typcategory, typispreferred, typisdefined, typdelim, typrelid::regclass, typsubscript,
		typelem::regtype, typarray::regtype, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typalign, typstorage,
		typnotnull, typbasetype::regtype, typtypmod, typndims, typcollation, typdefault)
	FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
	UNION ALL
	SELECT m.object, 'cast', concat_ws(' ', castfunc::regprocedure, castcontext, castmethod)
	FROM member m JOIN pg_cast c ON m.classid = 'pg_cast'::regclass AND c.oid = m.objid
	UNION ALL
	SELECT m.object, 'operator', concat_ws(' ', oprkind, oprcanmerge, oprcanhash, oprresult::regtype, oprcom::regoperator, oprnegate::regoperator, oprcode, oprrest, oprjoin)
	FROM member m JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND o.oid = m.objid
	UNION ALL
	SELECT m.object, 'operator class', concat_ws(' ', amname, opfname, opcintype::regtype, opcdefault, opckeytype::regtype)
	FROM member m JOIN pg_opclass o ON m.classid = 'pg_opclass'::regclass AND o.oid = m.objid JOIN pg_am a ON a.oid = opcmethod JOIN pg_opfamily f ON f.oid = opcfamily
	UNION ALL
	SELECT m.object, 'operator ' || concat_ws(' ', amopstrategy, amoplefttype::regtype, amoprighttype::regtype), concat_ws(' ', amoppurpose, amopopr::regoperator)
	FROM member m JOIN pg_amop o ON m.classid = 'pg_opfamily'::regclass AND amopfamily = m.objid
	UNION ALL
	SELECT m.object, 'function ' || concat_ws(' ', amprocnum, amproclefttype::regtype, amprocrighttype::regtype), amproc::regprocedure::text
	FROM member m JOIN pg_amproc o ON m.classid = 'pg_opfamily'::regclass AND amprocfamily = m.objid
	UNION ALL
	SELECT m.object, 'relation', concat_ws(' ', relkind, relpersistence, relreplident, relrowsecurity, relforcerowsecurity, reloptions, e.dumped)
	FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
		LEFT JOIN LATERAL (SELECT 'dumped ' || x.condition FROM pg_extension CROSS JOIN LATERAL unnest(extconfig, extcondition) x (id, condition)
			WHERE extname = 'crm_lifecycle' AND x.id = c.oid) e (dumped) ON true
	UNION ALL
	SELECT m.object, 'column ' || p.attname, concat_ws(' ', p.attnum, format_type(p.atttypid, p.atttypmod), p.attnotnull, p.attidentity, p.attgenerated, p.attstorage,
		p.attcollation, pg_get_expr(d.adbin, d.adrelid), p.attacl)
	FROM member m JOIN pg_attribute p ON m.classid = 'pg_class'::regclass AND p.attrelid = m.objid AND p.attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = p.attrelid AND d.adnum = p.attnum
	UNION ALL
	SELECT m.object, 'constraint ' || conname, pg_get_constraintdef(c.oid) FROM member m JOIN pg_constraint c ON m.classid = 'pg_class'::regclass AND c.conrelid = m.objid
	UNION ALL
	SELECT m.object, 'index', pg_get_indexdef(indexrelid) FROM member m JOIN pg_index i ON m.classid = 'pg_class'::regclass AND indrelid = m.objid
	UNION ALL
	SELECT m.object, 'trigger', pg_get_triggerdef(t.oid) || ' ' || tgenabled::text FROM member m JOIN pg_trigger t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid AND NOT tgisinternal
	UNION ALL
	SELECT m.object, 'rule', pg_get_ruledef(r.oid) FROM member m JOIN pg_rewrite r ON m.classid = 'pg_class'::regclass AND r.ev_class = m.objid
	UNION ALL
	SELECT m.object, 'sequence', concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle)
	FROM member m JOIN pg_sequence s ON m.classid = 'pg_class'::regclass AND seqrelid = m.objid)
SELECT object, about, fact FROM fact
