
-- Survival: how long it takes, those who are not there yet included.

COMMENT ON TYPE @extschema@.survival_spec IS 'who is watched and what for: from sql to won, lost [by 1 day] as of 2026-05-01';

CREATE FUNCTION @extschema@.survival_spec(from_stage text, to_stages text[], by interval DEFAULT NULL, as_of timestamptz DEFAULT NULL) RETURNS @extschema@.survival_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_spec(text, text[], interval, timestamptz) IS 'a survival_spec from named arguments; what is NULL is left out';

CREATE TYPE @extschema@.survival;

CREATE FUNCTION @extschema@.survival_in(cstring) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_in(cstring) IS 'reads a survival from text';

CREATE FUNCTION @extschema@.survival_out(@extschema@.survival) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_out(@extschema@.survival) IS 'prints a survival as text';

CREATE FUNCTION @extschema@.survival_recv(internal) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_recv(internal) IS 'reads a survival from its binary form';

CREATE FUNCTION @extschema@.survival_send(@extschema@.survival) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_send(@extschema@.survival) IS 'writes a survival in its binary form';

CREATE TYPE @extschema@.survival (
	INPUT = @extschema@.survival_in,
	OUTPUT = @extschema@.survival_out,
	RECEIVE = @extschema@.survival_recv,
	SEND = @extschema@.survival_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.survival IS 'how long many were watched and how that ended, as integer counts; made by survival_agg, merged by rollup';

CREATE FUNCTION @extschema@.survival_agg_add(@extschema@.survival, journey @extschema@.journey, spec @extschema@.survival_spec) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_agg_add(@extschema@.survival, @extschema@.journey, @extschema@.survival_spec) IS 'transition function of survival_agg';

CREATE FUNCTION @extschema@.survival_agg_add(@extschema@.survival, journey @extschema@.journey, spec @extschema@.survival_spec, as_of timestamptz) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_agg_add(@extschema@.survival, @extschema@.journey, @extschema@.survival_spec, timestamptz) IS 'transition function of survival_agg';

CREATE FUNCTION @extschema@.survival_agg_add_duration(@extschema@.survival, duration interval, cause text) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_agg_add_duration(@extschema@.survival, interval, text) IS 'transition function of survival_agg';

CREATE FUNCTION @extschema@.survival_agg_add_duration(@extschema@.survival, duration interval, cause anyenum) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_agg_add_duration(@extschema@.survival, interval, anyenum) IS 'transition function of survival_agg';

CREATE FUNCTION @extschema@.survival_agg_combine(@extschema@.survival, @extschema@.survival) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_agg_combine(@extschema@.survival, @extschema@.survival) IS 'combine function of survival_agg, transition function of rollup';

CREATE FUNCTION @extschema@.survival_agg_final(@extschema@.survival) RETURNS @extschema@.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.survival_agg_final(@extschema@.survival) IS 'final function of survival_agg and rollup';

CREATE AGGREGATE @extschema@.survival_agg(journey @extschema@.journey, spec @extschema@.survival_spec) (
	SFUNC = @extschema@.survival_agg_add,
	STYPE = @extschema@.survival,
	SSPACE = 4096,
	COMBINEFUNC = @extschema@.survival_agg_combine,
	FINALFUNC = @extschema@.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.survival_agg(@extschema@.journey, @extschema@.survival_spec) IS 'the survival of a group of journeys, from a stage to the first of some others';

CREATE AGGREGATE @extschema@.survival_agg(journey @extschema@.journey, spec @extschema@.survival_spec, as_of timestamptz) (
	SFUNC = @extschema@.survival_agg_add,
	STYPE = @extschema@.survival,
	SSPACE = 4096,
	COMBINEFUNC = @extschema@.survival_agg_combine,
	FINALFUNC = @extschema@.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.survival_agg(@extschema@.journey, @extschema@.survival_spec, timestamptz) IS 'the survival of a group of journeys as of an instant that is not a literal, such as now()';

CREATE AGGREGATE @extschema@.survival_agg(duration interval, cause text) (
	SFUNC = @extschema@.survival_agg_add_duration,
	STYPE = @extschema@.survival,
	SSPACE = 4096,
	COMBINEFUNC = @extschema@.survival_agg_combine,
	FINALFUNC = @extschema@.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.survival_agg(interval, text) IS 'the survival of a group of durations and how they ended; without a cause they go on';

CREATE AGGREGATE @extschema@.survival_agg(duration interval, cause anyenum) (
	SFUNC = @extschema@.survival_agg_add_duration,
	STYPE = @extschema@.survival,
	SSPACE = 4096,
	COMBINEFUNC = @extschema@.survival_agg_combine,
	FINALFUNC = @extschema@.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.survival_agg(interval, anyenum) IS 'the survival of a group of durations and how they ended; without a cause they go on';

CREATE AGGREGATE @extschema@.rollup(survival @extschema@.survival) (
	SFUNC = @extschema@.survival_agg_combine,
	STYPE = @extschema@.survival,
	SSPACE = 4096,
	COMBINEFUNC = @extschema@.survival_agg_combine,
	FINALFUNC = @extschema@.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.survival) IS 'the survival of everybody whom survivals of one specification count';

CREATE FUNCTION @extschema@.kaplan_meier(
	survival @extschema@.survival,
	conf_type text DEFAULT 'log-log',
	OUT "time" interval,
	OUT at_risk bigint,
	OUT events bigint,
	OUT censored bigint,
	OUT survival double precision,
	OUT std_err double precision,
	OUT lower double precision,
	OUT upper double precision,
	OUT cum_hazard double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.kaplan_meier(@extschema@.survival, text) IS 'one row per duration: the share that lasts longer, after Kaplan and Meier, with Greenwoods error and a 95 % interval';

CREATE FUNCTION @extschema@.cumulative_incidence(
	survival @extschema@.survival,
	cause text,
	conf_type text DEFAULT 'log-log',
	OUT "time" interval,
	OUT incidence double precision,
	OUT std_err double precision,
	OUT lower double precision,
	OUT upper double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.cumulative_incidence(@extschema@.survival, text, text) IS 'one row per duration: the share that has ended by the cause, after Aalen and Johansen, with its error and a 95 % interval';

CREATE FUNCTION @extschema@.cumulative_incidence(
	survival @extschema@.survival,
	cause anyenum,
	conf_type text DEFAULT 'log-log',
	OUT "time" interval,
	OUT incidence double precision,
	OUT std_err double precision,
	OUT lower double precision,
	OUT upper double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.cumulative_incidence(@extschema@.survival, anyenum, text) IS 'one row per duration: the share that has ended by the cause, after Aalen and Johansen, with its error and a 95 % interval';

CREATE FUNCTION @extschema@.median_survival(survival @extschema@.survival) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.median_survival(@extschema@.survival) IS 'the first duration that at most half last longer than; NULL if there is none';

CREATE FUNCTION @extschema@.win_within(survival @extschema@.survival, cause text, age interval, horizon interval) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_within(@extschema@.survival, text, interval, interval) IS 'how likely one who is still there at an age ends by the cause within a horizon; NULL where that is not known';

CREATE FUNCTION @extschema@.win_within(survival @extschema@.survival, cause anyenum, age interval, horizon interval) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_within(@extschema@.survival, anyenum, interval, interval) IS 'how likely one who is still there at an age ends by the cause within a horizon; NULL where that is not known';

CREATE FUNCTION @extschema@.logrank_test(
	survivals @extschema@.survival[],
	cause text DEFAULT NULL,
	OUT chi_square double precision,
	OUT df integer,
	OUT p_value double precision
) RETURNS record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logrank_test(@extschema@.survival[], text) IS 'the log-rank test whether groups differ in how long they last, for all causes or one';

CREATE FUNCTION @extschema@.logrank_test(
	survivals @extschema@.survival[],
	cause anyenum,
	OUT chi_square double precision,
	OUT df integer,
	OUT p_value double precision
) RETURNS record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logrank_test(@extschema@.survival[], anyenum) IS 'the log-rank test whether groups differ in how long they last, for all causes or one';

CREATE FUNCTION @extschema@.logrank_groups(
	survivals @extschema@.survival[],
	cause text DEFAULT NULL,
	OUT group_number integer,
	OUT subjects bigint,
	OUT observed bigint,
	OUT expected double precision,
	OUT variance double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logrank_groups(@extschema@.survival[], text) IS 'one row per group of the log-rank test: events observed, and expected if all groups were alike';

CREATE FUNCTION @extschema@.logrank_groups(
	survivals @extschema@.survival[],
	cause anyenum,
	OUT group_number integer,
	OUT subjects bigint,
	OUT observed bigint,
	OUT expected double precision,
	OUT variance double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logrank_groups(@extschema@.survival[], anyenum) IS 'one row per group of the log-rank test: events observed, and expected if all groups were alike';
