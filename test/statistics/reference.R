# What R says: of survival its survival package, of logistic regression its glm. cases.csv, rows.csv and
# answers.csv in the folder of the first argument.
#
# A case is (data, grp, time, cause); a cause of NA is censored. An answer is (data, grp, what, time, value):
# grp is empty where all cases of a data set are meant, time where there is none. A row is (data, y, x), x an
# array literal; of its answers, time is the number of the coefficient.
suppressMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
set.seed(as.integer(arguments[2]))

# ---- the data sets: time, cause (a factor whose first level is censored), group ----

dataset <- function(name, time, cause, group)
	data.frame(data = name, time = time, cause = cause, grp = as.character(group), stringsAsFactors = FALSE)
binary <- function(status, cause) factor(ifelse(status, cause, "censored"), c("censored", cause))

competing <- with(mgus2, ifelse(pstat == 1, "pcm", ifelse(death == 1, "death", "censored")))
recorded <- subset(lung, !is.na(ph.ecog))
simulate <- function(n, name, groups, distinct, censoring) {
	time <- floor(rweibull(n, 1.3, distinct / 3))
	until <- floor(runif(n, 0, distinct * censoring))
	cause <- ifelse(until < time, "censored", sample(c("won", "lost", "went away"), n, TRUE, c(5, 3, 1)))
	dataset(name, pmin(time, until), factor(cause, c("censored", "won", "lost", "went away")),
		sprintf("g%02d", sample(groups, n, TRUE, seq_len(groups))))
}
sets <- list(
	dataset("aml", aml$time, binary(aml$status == 1, "relapse"), aml$x),
	dataset("lung", lung$time, binary(lung$status == 2, "death"), lung$sex),
	dataset("lung by ecog", recorded$time, binary(recorded$status == 2, "death"), recorded$ph.ecog),
	dataset("mgus2", mgus2$futime, binary(mgus2$death == 1, "death"), mgus2$sex),
	dataset("mgus2 competing", ifelse(mgus2$pstat == 1, mgus2$ptime, mgus2$futime),
		factor(competing, c("censored", "pcm", "death")), mgus2$sex),
	dataset("veteran", veteran$time, binary(veteran$status == 1, "death"), veteran$celltype),
	dataset("uncensored", aml$time, binary(aml$time > 0, "relapse"), aml$x),
	dataset("two", c(1, 2), binary(c(TRUE, FALSE), "death"), c("a", "b")),
	simulate(3000, "random, few instants", 8, 20, 1),
	simulate(3000, "random, many instants", 3, 2000, 1),
	simulate(500, "random, hardly censored", 2, 40, 5),
	simulate(500, "random, mostly censored", 20, 300, 0.2))

# ---- the answers ----

answers <- list()
answer <- function(data, grp, what, time, value)
	answers[[length(answers) + 1]] <<- data.frame(data, grp, what, time, value = as.numeric(value))
# R leaves an error that is not defined as NaN or infinite.
finite <- function(x) ifelse(is.finite(x), x, NA)

curve <- function(d, grp) {
	name <- d$data[1]
	for (conf in c("log-log", "log")) {
		f <- survfit(Surv(time, cause != "censored") ~ 1, d, conf.type = conf)
		s <- summary(f, censored = TRUE)
		answer(name, grp, paste(conf, "lower"), s$time, s$lower)
		answer(name, grp, paste(conf, "upper"), s$time, s$upper)
	}
	answer(name, grp, "at risk", s$time, s$n.risk)
	answer(name, grp, "events", s$time, s$n.event)
	answer(name, grp, "censored", s$time, s$n.censor)
	answer(name, grp, "survival", s$time, s$surv)
	answer(name, grp, "std err", s$time, finite(s$std.err))
	answer(name, grp, "cum hazard", s$time, f$cumhaz)
	# The first one, not the middle of a flat half.
	answer(name, grp, "median", NA, if (any(s$surv <= 0.5 + 1e-12)) min(s$time[s$surv <= 0.5 + 1e-12]) else NA)
}

incidence <- function(d, grp) {
	name <- d$data[1]
	for (conf in c("log-log", "log")) {
		f <- survfit(Surv(time, cause) ~ 1, d, conf.type = conf)
		for (cause in levels(d$cause)[-1]) {
			k <- match(cause, f$states)
			answer(name, grp, paste(conf, "lower of", cause), f$time, f$lower[, k])
			answer(name, grp, paste(conf, "upper of", cause), f$time, f$upper[, k])
			if (conf == "log") next
			answer(name, grp, paste("incidence of", cause), f$time, f$pstate[, k])
			answer(name, grp, paste("std err of", cause), f$time, f$std.err[, k])
			for (age in quantile(f$time, c(0, 0.2, 0.5), type = 1)) {
				until <- quantile(f$time, 0.8, type = 1)
				at <- findInterval(c(age, until), f$time)
				answer(name, grp, paste("within", until - age, "of", cause), age,
					finite((f$pstate[at[2], k] - f$pstate[at[1], k]) / f$pstate[at[1], 1]))
			}
		}
	}
}

log_rank <- function(d, what, event) {
	if (length(unique(d$grp)) < 2 || !any(event)) return()
	t <- survdiff(Surv(d$time, event) ~ d$grp)
	groups <- sort(unique(d$grp), method = "radix")
	df <- sum(t$exp > 0) - 1
	answer(d$data[1], "", paste(what, c("chi square", "df", "p value")), NA,
		c(t$chisq, df, pchisq(t$chisq, df, lower.tail = FALSE)))
	answer(d$data[1], groups, paste(what, "observed"), NA, t$obs)
	answer(d$data[1], groups, paste(what, "expected"), NA, t$exp)
	answer(d$data[1], groups, paste(what, "variance"), NA, diag(t$var))
}

for (d in sets) {
	curve(d, "")
	for (g in unique(d$grp)) curve(d[d$grp == g, ], g)
	log_rank(d, "log-rank", d$cause != "censored")
	if (nlevels(d$cause) < 3) next
	incidence(d, "")
	for (cause in levels(d$cause)[-1]) log_rank(d, paste("log-rank of", cause), d$cause == cause)
}

# ---- logistic regression ----

rows <- list()
regression <- function(name, y, x) {
	x <- cbind(1, as.matrix(x))
	complete <- !is.na(y) & rowSums(is.na(x)) == 0
	glm.from <- function(start) glm.fit(x[complete, ], y[complete], family = binomial(),
		control = list(epsilon = 1e-15, maxit = 100), start = start)
	# R's errors are those of the last step but one: begin again where it ended.
	fit <- glm.from(coef(glm.from(NULL)))
	class(fit) <- c("glm", "lm")
	of <- summary(fit)$coefficients
	what <- paste("regression", c("coefficients", "std errors", "z", "p values"))
	for (i in seq_along(what)) answer(name, "", what[i], seq_len(nrow(of)), of[, i])
	answer(name, "", paste("regression", c("log likelihood", "observations")), NA, c(logLik(fit), sum(complete)))
	text <- ifelse(is.na(x), "NULL", sprintf("%.17g", x))
	rows[[length(rows) + 1]] <<- data.frame(data = name, y = ifelse(is.na(y), NA, ifelse(y == 1, "t", "f")),
		x = paste0("{", apply(text, 1, paste, collapse = ","), "}"))
}
simulate_rows <- function(n, columns, scale) {
	x <- matrix(rnorm(n * columns), n) %*% diag(10^seq(-scale, scale, length.out = columns), columns)
	list(y = rbinom(n, 1, plogis(x %*% (rnorm(columns) / apply(x, 2, sd) / 2) - 1)), x = x)
}
regression("infert", infert$case, infert[c("age", "parity", "induced", "spontaneous")])
regression("mtcars", mtcars$am, mtcars["wt"])
regression("lung, with gaps", lung$status - 1, lung[c("age", "sex", "ph.ecog", "meal.cal")])
regression("veteran", veteran$status, cbind(veteran[c("trt", "karno", "diagtime", "age", "prior")], model.matrix(~ celltype, veteran)[, -1]))
regression("rare", rep(c(1, 0, 1, 0), c(3, 997, 40, 960)), rep(0:1, each = 1000))
random <- simulate_rows(3000, 10, 0)
regression("random, 10 columns", random$y, random$x)
random <- simulate_rows(2000, 5, 6)
regression("random, of all sizes", random$y, random$x)
random <- simulate_rows(400, 30, 1)
regression("random, 30 columns", random$y, random$x)

cases <- do.call(rbind, lapply(sets, function(d) transform(d, cause = as.character(cause))))
cases$cause[cases$cause == "censored"] <- NA
answers <- do.call(rbind, answers)
answers$value <- ifelse(is.na(answers$value), NA, sprintf("%.17g", answers$value))
write.table(cases[c("data", "grp", "time", "cause")], file.path(folder, "cases.csv"),
	sep = ",", row.names = FALSE, col.names = FALSE, na = "")
write.table(answers[c("data", "grp", "what", "time", "value")], file.path(folder, "answers.csv"),
	sep = ",", row.names = FALSE, col.names = FALSE, na = "")
write.table(do.call(rbind, rows), file.path(folder, "rows.csv"),
	sep = ",", row.names = FALSE, col.names = FALSE, na = "")
