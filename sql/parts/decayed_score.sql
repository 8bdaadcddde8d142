
-- Points that halve with time: a small value that adds, merges and is read at any later instant.

CREATE TYPE @extschema@.decayed_score;

CREATE FUNCTION @extschema@.decayed_score_in(cstring) RETURNS @extschema@.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_score_in(cstring) IS 'reads a decayed_score from text';

CREATE FUNCTION @extschema@.decayed_score_out(@extschema@.decayed_score) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_score_out(@extschema@.decayed_score) IS 'prints a decayed_score as text';

CREATE FUNCTION @extschema@.decayed_score_recv(internal) RETURNS @extschema@.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_score_recv(internal) IS 'reads a decayed_score from its binary form';

CREATE FUNCTION @extschema@.decayed_score_send(@extschema@.decayed_score) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_score_send(@extschema@.decayed_score) IS 'writes a decayed_score in its binary form';

CREATE TYPE @extschema@.decayed_score (
	INPUT = @extschema@.decayed_score_in,
	OUTPUT = @extschema@.decayed_score_out,
	RECEIVE = @extschema@.decayed_score_recv,
	SEND = @extschema@.decayed_score_send,
	INTERNALLENGTH = 120,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE @extschema@.decayed_score IS 'points that halve with time: their sum, the newest instant and the half-life; made by decayed_sum, read by score_at, can be added';

CREATE FUNCTION @extschema@.decayed_score(points double precision, at timestamptz, half_life interval) RETURNS @extschema@.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_score(double precision, timestamptz, interval) IS 'the score of one event: its points halve in every half-life from that instant on';

CREATE FUNCTION @extschema@.decayed_score_plus(@extschema@.decayed_score, @extschema@.decayed_score) RETURNS @extschema@.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_score_plus(@extschema@.decayed_score, @extschema@.decayed_score) IS 'implementation of + operator';

CREATE OPERATOR @extschema@.+ (
	LEFTARG = @extschema@.decayed_score,
	RIGHTARG = @extschema@.decayed_score,
	FUNCTION = @extschema@.decayed_score_plus,
	COMMUTATOR = OPERATOR(@extschema@.+)
);
COMMENT ON OPERATOR @extschema@.+ (@extschema@.decayed_score, @extschema@.decayed_score) IS 'the score of the events of both, which must have the same half-life';

CREATE FUNCTION @extschema@.score_at(score @extschema@.decayed_score, at timestamptz) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.score_at(@extschema@.decayed_score, timestamptz) IS 'what a score is worth at an instant; NULL before its own';

CREATE FUNCTION @extschema@.decayed_sum_add(@extschema@.decayed_score, points double precision, at timestamptz, half_life interval) RETURNS @extschema@.decayed_score
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_sum_add(@extschema@.decayed_score, double precision, timestamptz, interval) IS 'transition function of decayed_sum';

CREATE FUNCTION @extschema@.decayed_sum_combine(@extschema@.decayed_score, @extschema@.decayed_score) RETURNS @extschema@.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.decayed_sum_combine(@extschema@.decayed_score, @extschema@.decayed_score) IS 'combine function of decayed_sum, and transition and combine function of rollup';

CREATE AGGREGATE @extschema@.decayed_sum(points double precision, at timestamptz, half_life interval) (
	SFUNC = @extschema@.decayed_sum_add,
	STYPE = @extschema@.decayed_score,
	COMBINEFUNC = @extschema@.decayed_sum_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.decayed_sum(double precision, timestamptz, interval) IS 'the score of a group of events, the same in any order; a row with a NULL counts nothing';

CREATE AGGREGATE @extschema@.rollup(score @extschema@.decayed_score) (
	SFUNC = @extschema@.decayed_sum_combine,
	STYPE = @extschema@.decayed_score,
	COMBINEFUNC = @extschema@.decayed_sum_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.decayed_score) IS 'the score of the events of all scores';
