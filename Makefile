# make && make install       the DBA's way; PG_CONFIG=/path/to/pg_config picks the server
# make demo                  a year at a SaaS company on a private, throw-away server
# make demo-stop             stops and removes it
# make test                  every suite, on a private server; SUITE=regress TESTS=journey for less
# make bench                 what questions and enforcement cost, on a private server; CUSTOMERS=20000 ROUNDS=1
#                            for less, BENCH=questions or BENCH=enforce for one of them
# make fuzz                  libFuzzer over what reads texts without a server; SECONDS=600 TARGETS="journey diagram"
# make soak                  half an hour of moves, changes of rules, dumps and questions at once; MINUTES=5 for less

EXTENSION = crm_lifecycle
MODULE_big = crm_lifecycle
EXTVERSION = 0.2.0
# Released versions, oldest first: their install scripts, and the updates from each to the next, never change.
RELEASED = 0.1.0
UPDATES = 0.1.0--0.2.0

# The folder of this Makefile, so that `make -f ../crm_lifecycle/Makefile` builds elsewhere.
srcdir := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ifneq ($(abspath $(srcdir)),$(CURDIR))
VPATH := $(srcdir)
endif

# Pure code: no SQL, no function-manager calls. Everything else may lean on these, never the reverse.
PURE = \
	pure \
	instant \
	journey \
	label \
	scan \
	journey_text \
	journey_cut \
	events \
	events_journey \
	events_text \
	label_map \
	digest \
	digest_text \
	funnel_spec \
	funnel \
	funnel_plain \
	funnel_order \
	funnel_least \
	funnel_any \
	wilson \
	funnel_summary \
	label_book \
	velocity_spec \
	velocity_room \
	velocity_add \
	velocity_merge \
	velocity_trim \
	velocity_text \
	calendar \
	calendar_text \
	retention_spec \
	retention \
	retention_add \
	retention_text \
	census_spec \
	census \
	census_text \
	markov \
	label_list \
	survival_spec \
	survival \
	survival_text \
	survival_curve \
	chi_square \
	log_rank \
	win_rate \
	naive_bayes \
	naive_bayes_count \
	naive_bayes_text \
	naive_bayes_score \
	exact_sum \
	logregr \
	logregr_newton \
	decayed_score \
	decayed_score_text \
	score_parse \
	score_count \
	score_explain \
	diagram_lex \
	diagram_text \
	diagram_label \
	diagram_note \
	diagram_note_print \
	diagram_present \
	diagram_names \
	diagram_parse \
	diagram_print \
	diagram_rename \
	diagram_merge \
	diagram_diff \
	diagram_check \
	machine \
	machine_order \
	rounds \
	canvas_count \
	canvas_words \
	canvas_play \
	canvas_color \
	canvas_draw

# Code that a server needs: faces of the pure code, and code with SQL inside.
FACES = \
	module \
	report \
	face \
	sql_text \
	kept \
	actor \
	wire \
	spec_args \
	spec_face \
	stage \
	journey_io \
	journey_ops \
	journey_read \
	journey_jsonb \
	journey_agg \
	funnel_io \
	funnel_agg \
	diagram_io \
	diagram_compare \
	rounds_io \
	velocity_io \
	velocity_spec_io \
	velocity_agg \
	velocity_report \
	survival_io \
	survival_agg \
	survival_report \
	win_rate_io \
	win_rate_agg \
	zone \
	retention_io \
	retention_agg \
	census_io \
	census_agg \
	sums \
	pipeline \
	naive_bayes_io \
	naive_bayes_agg \
	naive_bayes_predict \
	logregr_agg \
	logregr_fit \
	decayed_score_io \
	attribution \
	attribution_io \
	attribution_agg \
	attribution_pot \
	attribution_report \
	attribution_shares \
	mrr \
	mrr_report \
	revenue \
	health \
	rfm \
	ownership \
	rules \
	dependents \
	history \
	rule_table \
	lifecycle \
	redraw \
	rename \
	alter \
	plan \
	compare_shares \
	guard \
	guard_trust \
	rulebook \
	registry \
	derivation_ranks \
	derivation_plans \
	derivation \
	binding \
	judge \
	refuse \
	context \
	renew \
	crossing \
	journey_keep \
	enforce_journey \
	enforce \
	query_end \
	log_write \
	log_table \
	log_statement \
	log \
	ask \
	attach_request \
	attach_objects \
	attach \
	attachments \
	derive_keys \
	derive \
	derive_note \
	hand_over \
	duplicates \
	score_model \
	score_store \
	score_table \
	score_ready \
	score_face \
	score_ask \
	score_agg \
	canvas_ask

OBJS = $(patsubst %,src/%.o,$(PURE) $(FACES))

# The install script is its rooms' parts, in the order in which they lean on each other. The schema is one
# that the script itself makes (see head.sql), so its name is put in here and not by CREATE EXTENSION.
SCHEMA = lifecycle
PARTS = \
	head \
	journey \
	funnel_spec \
	funnel \
	diagram \
	templates \
	velocity_spec \
	velocity \
	survival_spec \
	survival \
	win_rate_spec \
	win_rate \
	retention_spec \
	retention \
	census_spec \
	census \
	sums \
	pipeline \
	naive_bayes \
	logregr \
	decayed_score \
	attribution \
	revenue \
	health \
	rfm \
	rules \
	history \
	score \
	enforce \
	upkeep \
	rename \
	stage_type \
	rebuild_type \
	alter \
	accounts \
	hand_over \
	duplicates \
	plays \
	journey_map \
	canvas \
	bi
SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(SCRIPT)
DATA = $(patsubst %,sql/$(EXTENSION)--%.sql,$(RELEASED) $(UPDATES))

PG_CPPFLAGS = -I$(srcdir)/src

# Until version 15 all global names of a module are visible to the others: keep to our own.
ifeq ($(shell uname -s),Linux)
SHLIB_LINK += -Wl,-Bsymbolic
endif
EXTRA_CLEAN = $(SCRIPT) build/demo.html

ifneq (,$(filter-out demo demo-stop test bench bench-questions bench-enforce soak fuzz,$(or $(MAKECMDGOALS),all)))
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>&1)
ifeq (,$(wildcard $(PGXS)))
$(error PostgreSQL's development files are missing ($(PG_CONFIG): $(PGXS)). On Debian and Ubuntu they are \
	in postgresql-server-dev-NN; PG_CONFIG=/path/to/pg_config names an installation elsewhere)
endif
include $(PGXS)
endif

# What the types of specifications have in common is one part, under the name of each.
SPEC_PARTS = $(patsubst %,sql/parts/%.sql,$(filter %_spec,$(PARTS)))
EXTRA_CLEAN += $(SPEC_PARTS)
$(SPEC_PARTS): sql/parts/%.sql: sql/parts/spec.sql.in
	@mkdir -p $(@D)
	sed 's/@spec@/$*/g' $< > $@

# Lifecycles ready to copy are diagrams of their own, templates/NAME.LANGUAGE.mmd, and one part of the script.
TEMPLATES = $(sort $(wildcard $(srcdir)/templates/*.mmd))
EXTRA_CLEAN += sql/parts/templates.sql
sql/parts/templates.sql: sql/parts/templates.sql.in $(TEMPLATES) $(srcdir)/templates $(srcdir)/tools/templates
	@mkdir -p $(@D)
	$(srcdir)/tools/templates $< $(TEMPLATES) > $@

$(SCRIPT): $(patsubst %,sql/parts/%.sql,$(PARTS))
	@mkdir -p $(@D)
	sed 's/@extschema@/$(SCHEMA)/g' $^ > $@

# Headers are few and everybody's: a change to one builds all again.
$(OBJS) $(OBJS:.o=.bc): $(wildcard $(srcdir)/src/*.h) | src
src:
	mkdir -p $@

.PHONY: demo demo-stop test bench bench-questions bench-enforce soak fuzz
demo:
	@$(srcdir)/tools/demo
demo-stop:
	@$(srcdir)/tools/demo --stop
test:
	@$(srcdir)/tools/test $(SUITE) $(TESTS)
bench: $(addprefix bench-,$(or $(BENCH),questions enforce))
bench-questions:
	@$(srcdir)/bench/questions $(or $(CUSTOMERS),1000000) $(or $(ROUNDS),5)
bench-enforce:
	@$(srcdir)/bench/enforce $(ROUNDS)
soak:
	@$(srcdir)/test/soak/run $(MINUTES)
fuzz:
	@$(srcdir)/test/fuzz/run $(or $(SECONDS),60) $(TARGETS)
