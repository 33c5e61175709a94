# Every analysis recomputed in R from patients as the rules of docs/analyses count them.
#
#   Rscript analysis_in_r.R FOLDER
#
# reads FOLDER/patients.csv (a row a patient, ways of counting and trials one after another) and
# FOLDER/plans.csv (a row an analysis), and writes FOLDER/results.csv (a row an analysis of one
# trial). A number that does not exist is NaN; one that is not compared is empty. R's own functions
# are used where there are any; what has none is written from the documented formula, slowly.

suppressPackageStartupMessages({
  library(survival)
  library(cmprsk)
  library(coin)
})

EMPTY_ARM <- 1
NO_EVENT <- 2
TOO_FEW_SEEN <- 3
NOT_ESTIMABLE <- 4
NOT_FOLLOWED <- 5

no_result <- function(reason) list(reason = reason, p = NaN, est = NaN, se = NaN)
normal_p <- function(z) 2 * pnorm(-abs(z))

# Estimate, standard error, p value of their ratio unless given, and interval by the normal law.
wald <- function(est, se, alpha, p = normal_p(est / se)) {
  half <- qnorm(1 - alpha / 2) * se
  list(p = p, est = est, se = se, low = est - half, high = est + half)
}

# Where a falling or climbing function crosses 0 between two points.
crossing <- function(f, a, b) uniroot(f, c(a, b), tol = 1e-14, maxiter = 10000)$root

# ---- proportions ---------------------------------------------------------------------------------

counts <- function(d) {
  d <- d[d$counted == 1, ]
  n <- c(sum(d$arm == 0), sum(d$arm == 1))
  x <- c(sum(d$dead[d$arm == 0]), sum(d$dead[d$arm == 1]))
  list(x = x, n = n, p = x / n, total = sum(n), deaths = sum(x))
}
table_of <- function(k) rbind(k$x, k$n - k$x)
nobody_or_all <- function(k) k$deaths == 0 || k$deaths == k$total

wilson <- function(x, n, z) {
  middle <- (x + z^2 / 2) / (n + z^2)
  half <- z * sqrt(x * (n - x) / n + z^2 / 4) / (n + z^2)
  c(middle - half, middle + half)
}

newcombe <- function(k, z) {
  w0 <- wilson(k$x[1], k$n[1], z)
  w1 <- wilson(k$x[2], k$n[2], z)
  difference <- k$p[2] - k$p[1]
  c(difference - sqrt((k$p[2] - w1[1])^2 + (w0[2] - k$p[1])^2),
    difference + sqrt((w1[2] - k$p[2])^2 + (k$p[1] - w0[1])^2))
}

of_difference <- function(k, p, alpha) {
  limits <- newcombe(k, qnorm(1 - alpha / 2))
  list(p = p, est = k$p[2] - k$p[1], se = sqrt(sum(k$p * (1 - k$p) / k$n)),
       low = limits[1], high = limits[2])
}

by_table <- function(p_value, exists = nobody_or_all) function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  if (exists(k)) return(no_result(NO_EVENT))
  of_difference(k, p_value(k, o), o$alpha)
}
always <- function(k) FALSE

chi_square <- function(k, o)
  suppressWarnings(chisq.test(table_of(k), correct = FALSE))$p.value
yates <- function(k, o) suppressWarnings(chisq.test(table_of(k), correct = TRUE))$p.value
fisher <- function(k, o) fisher.test(table_of(k))$p.value
# Twice the smaller one-sided p value, each with half the probability of the table seen.
mid_p <- function(k, o) {
  lower <- phyper(k$x[2], k$n[2], k$n[1], k$deaths)
  half <- dhyper(k$x[2], k$n[2], k$n[1], k$deaths) / 2
  2 * min(lower - half, 1 - lower + half)
}

# Unconditional tests: every table, its statistic, and the largest probability of the tables at
# least as extreme (`extreme`, a matrix) over common mortality in an interval.
largest_probability <- function(k, extreme, from = 0, to = 1) {
  chance <- function(p) {
    drop(dbinom(0:k$n[1], k$n[1], p) %*% extreme %*% dbinom(0:k$n[2], k$n[2], p))
  }
  grid <- seq(from, to, length.out = 401)
  values <- sapply(grid, chance)
  top <- which.max(values)
  near <- grid[c(max(top - 1, 1), min(top + 1, 401))]
  max(values, optimize(chance, near, maximum = TRUE, tol = 1e-10)$objective)
}
every_table <- function(k, f) outer(0:k$n[1], 0:k$n[2], Vectorize(f))
at_most <- function(k, statistic) statistic <= statistic[k$x[1] + 1, k$x[2] + 1] * (1 + 1e-7)

fewer <- function(k) every_table(k, function(a, b) phyper(b, k$n[2], k$n[1], a + b))
more <- function(k)
  every_table(k, function(a, b) phyper(b - 1, k$n[2], k$n[1], a + b, lower.tail = FALSE))
minlike <- function(k) every_table(k, function(a, b) {
  chances <- dhyper(0:k$n[2], k$n[2], k$n[1], a + b)
  sum(chances[chances <= chances[b + 1] * (1 + 1e-7)])
})
pooled <- function(k) every_table(k, function(a, b) {
  m <- (a + b) / k$total
  if (m == 0 || m == 1) 0 else -abs(b / k$n[2] - a / k$n[1]) / sqrt(m * (1 - m) * sum(1 / k$n))
})

boschloo <- function(k, o, from = 0, to = 1) {
  if (nobody_or_all(k)) return(1)
  sides <- c(largest_probability(k, at_most(k, fewer(k)), from, to),
             largest_probability(k, at_most(k, more(k)), from, to))
  min(1, 2 * min(sides))
}
boschloo_minlike <- function(k, o)
  if (nobody_or_all(k)) 1 else largest_probability(k, at_most(k, minlike(k)))
z_pooled <- function(k, o, from = 0, to = 1) {
  if (nobody_or_all(k)) return(1)
  z <- pooled(k)
  largest_probability(k, z <= z[k$x[1] + 1, k$x[2] + 1] * (1 - 1e-7), from, to)
}
clopper_pearson <- function(k, gamma)
  binom.test(k$deaths, k$total, conf.level = 1 - gamma)$conf.int

# Score statistic of Miettinen and Nurminen at a difference, ratio or odds ratio supposed; p0 by
# bisection of the derivative of the likelihood, in which `second(p0)` is mortality of the second
# arm and `slope(p0)` its derivative.
constrained <- function(x, n, second, slope, low, high) {
  part <- function(count, chance) if (count == 0) 0 else count / chance
  derivative <- function(p0) {
    p1 <- second(p0)
    part(x[1], p0) - part(n[1] - x[1], 1 - p0) +
      slope(p0) * (part(x[2], p1) - part(n[2] - x[2], 1 - p1))
  }
  for (i in 1:70) {
    middle <- (low + high) / 2
    if (derivative(middle) > 0) low <- middle else high <- middle
  }
  c(middle, second(middle))
}

score_difference <- function(x, n, delta) {
  p <- constrained(x, n, function(p) p + delta, function(p) 1, max(0, -delta), min(1, 1 - delta))
  total <- sum(n)
  list(excess = x[2] / n[2] - x[1] / n[1] - delta,
       variance = sum(p * (1 - p) / n) * total / (total - 1))
}
z_difference <- function(k) function(delta) {
  s <- score_difference(k$x, k$n, delta)
  s$excess / sqrt(s$variance)
}
z_ratio <- function(k) function(log_ratio) {
  r <- exp(log_ratio)
  p <- constrained(k$x, k$n, function(p) r * p, function(p) r, 0, min(1, 1 / r))
  v <- (p[2] * (1 - p[2]) / k$n[2] + r^2 * p[1] * (1 - p[1]) / k$n[1]) * k$total / (k$total - 1)
  (k$p[2] - r * k$p[1]) / sqrt(v)
}
z_odds <- function(k) function(log_ratio) {
  r <- exp(log_ratio)
  p <- constrained(k$x, k$n, function(p) r * p / (1 - p + r * p),
                   function(p) r / (1 - p + r * p)^2, 0, 1)
  information <- 1 / sum(1 / (k$n * p * (1 - p)))
  k$n[2] * (k$p[2] - p[2]) / sqrt(information * k$total / (k$total - 1))
}
score_p <- function(k) {
  z <- (k$p[2] - k$p[1]) / sqrt(k$deaths * (k$total - k$deaths) / k$total^2 * sum(1 / k$n))
  normal_p(z * sqrt((k$total - 1) / k$total))
}
# Limits at which a falling score is z and -z; `ends` are those of the parameter.
score_limits <- function(score, middle, z, ends) {
  low <- function(v) score(v) - z
  high <- function(v) score(v) + z
  middle <- min(max(middle, ends[1] + 1e-9), ends[2] - 1e-9)
  c(if (low(ends[1]) <= 0) NA else crossing(low, ends[1], middle),
    if (high(ends[2]) >= 0) NA else crossing(high, middle, ends[2]))
}

risk_difference <- function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  difference <- k$p[2] - k$p[1]
  z <- qnorm(1 - o$alpha / 2)
  if (o$interval == "newcombe") {
    side <- if (difference > 0) 1 else 2
    p <- if (difference == 0) 1
      else normal_p(crossing(function(z) newcombe(k, z)[side], 1e-9, 60))
    return(of_difference(k, p, o$alpha))
  }
  if (nobody_or_all(k)) return(list(p = 1, est = 0))
  found <- of_difference(k, score_p(k), o$alpha)
  limits <- score_limits(z_difference(k), difference, z, c(-1 + 1e-9, 1 - 1e-9))
  found$low <- if (is.na(limits[1])) -1 else limits[1]
  found$high <- if (is.na(limits[2])) 1 else limits[2]
  found
}

ratio <- function(log_estimate, log_variance, score, unbounded) function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  if (nobody_or_all(k)) return(no_result(NO_EVENT))
  found <- wald(log_estimate(k), sqrt(log_variance(k)), o$alpha)
  if (o$interval == "log") return(found)
  open <- unbounded(k)
  start <- found$est # always between the limits
  z <- qnorm(1 - o$alpha / 2)
  found$p <- score_p(k)
  f <- score(k)
  found$low <- if (open[1]) -Inf else crossing(function(v) f(v) - z, start - 20, start)
  found$high <- if (open[2]) Inf else crossing(function(v) f(v) + z, start, start + 20)
  found
}
risk_ratio <- ratio(
  function(k) diff(log((k$x + 0.5) / (k$n + 0.5))),
  function(k) sum(1 / (k$x + 0.5) - 1 / (k$n + 0.5)),
  z_ratio, function(k) c(k$x[2] == 0, k$x[1] == 0))
odds_ratio <- ratio(
  function(k) diff(log((k$x + 0.5) / (k$n - k$x + 0.5))),
  function(k) sum(1 / (k$x + 0.5) + 1 / (k$n - k$x + 0.5)),
  z_odds,
  function(k) c(k$x[2] == 0 || k$x[1] == k$n[1], k$x[1] == 0 || k$x[2] == k$n[2]))

# ---- strata --------------------------------------------------------------------------------------

label_of <- function(d, o) {
  if (o$strata == "randomisation") return(d$stratum)
  if (o$strata == "site") return(d$site)
  label <- findInterval(d$baseline, as.numeric(strsplit(o$strata, ";")[[1]]))
  ifelse(is.na(d$baseline), -1, label)
}
tables_of <- function(d, o) {
  d$label <- label_of(d, o)
  tables <- lapply(split(d, d$label), counts)
  tables[sapply(tables, function(k) all(k$n > 0))]
}
sato <- function(tables) {
  part <- function(f) sum(sapply(tables, f))
  w <- part(function(k) prod(k$n) / k$total)
  est <- part(function(k) (k$x[2] * k$n[1] - k$x[1] * k$n[2]) / k$total) / w
  p <- part(function(k) (k$n[2]^2 * k$x[1] - k$n[1]^2 * k$x[2] +
                           prod(k$n) * (k$n[1] - k$n[2]) / 2) / k$total^2)
  q <- part(function(k) (k$x[2] * (k$n[1] - k$x[1]) + k$x[1] * (k$n[2] - k$x[2])) / (2 * k$total))
  c(est, sqrt((est * p + q) / w^2))
}
stratified <- function(d, o, test) {
  if (any(counts(d)$n == 0)) return(no_result(EMPTY_ARM))
  test(tables_of(d, o))
}
cmh <- function(d, o) stratified(d, o, function(tables) {
  if (all(sapply(tables, nobody_or_all))) return(list(p = NaN)) # no event, or no variance
  cells <- sapply(tables, function(k) c(table_of(k)))
  p <- if (length(tables) == 1) {
    k <- tables[[1]]
    v <- prod(k$n) * k$deaths * (k$total - k$deaths) / (k$total^2 * (k$total - 1))
    normal_p((k$x[2] - k$n[2] * k$deaths / k$total) / sqrt(v))
  } else mantelhaen.test(array(cells, c(2, 2, length(tables))), correct = FALSE)$p.value
  found <- sato(tables)
  wald(found[1], found[2], o$alpha, p)
})
stratified_miettinen_nurminen <- function(d, o) stratified(d, o, function(tables) {
  z <- function(delta) {
    parts <- sapply(tables, function(k) {
      w <- prod(k$n) / k$total
      s <- score_difference(k$x, k$n, delta)
      c(w * s$excess, w^2 * s$variance)
    })
    sum(parts[1, ]) / sqrt(sum(parts[2, ]))
  }
  if (length(tables) == 0) return(list(p = NaN))
  if (all(sapply(tables, nobody_or_all))) return(list(p = 1, est = 0)) # no difference in any
  w <- sapply(tables, function(k) prod(k$n) / k$total)
  est <- sum(w * sapply(tables, function(k) k$p[2] - k$p[1])) / sum(w)
  limits <- score_limits(z, est, qnorm(1 - o$alpha / 2), c(-1 + 1e-9, 1 - 1e-9))
  found <- list(p = normal_p(z(0)), est = est)
  if (!is.na(limits[1])) found$low <- limits[1]
  if (!is.na(limits[2])) found$high <- limits[2]
  found
})

# ---- adjusted for MELD ---------------------------------------------------------------------------

penalised <- function(x, y, beta) {
  eta <- drop(x %*% beta)
  p <- plogis(eta)
  information <- crossprod(x * (p * (1 - p)), x)
  h <- rowSums((x * (p * (1 - p))) * t(solve(information, t(x))))
  list(likelihood = sum(y * eta - log1p(exp(eta))) + log(det(information)) / 2,
       score = drop(crossprod(x, y - p + h * (0.5 - p))), information = information, p = p)
}
# Newton's method with halved steps; coefficients in `fixed` stay.
firth <- function(x, y, beta = rep(0, ncol(x)), fixed = integer()) {
  free <- setdiff(seq_len(ncol(x)), fixed)
  now <- penalised(x, y, beta)
  for (i in 1:500) {
    step <- solve(now$information[free, free], now$score[free])
    if (max(abs(step)) > 5) step <- step * 5 / max(abs(step))
    repeat {
      tried <- beta
      tried[free] <- beta[free] + step
      then <- penalised(x, y, tried)
      if (then$likelihood >= now$likelihood - 1e-10 || max(abs(step)) < 1e-13) break
      step <- step / 2
    }
    beta <- tried
    now <- then
    if (max(abs(now$score[free])) < 1e-11) break
  }
  c(now, list(beta = beta))
}
design_matrix <- function(d, mean_seen) {
  meld <- ifelse(is.na(d$baseline), mean_seen, d$baseline)
  cbind(1, d$arm, (meld - mean(meld)) / sd(meld))
}
firth_logistic <- function(d, o) {
  k <- counts(d)
  mean_seen <- mean(d$baseline, na.rm = TRUE) # of all randomised
  d <- d[d$counted == 1, ]
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  if (nobody_or_all(k)) return(no_result(NO_EVENT))
  x <- design_matrix(d, mean_seen)
  best <- firth(x, d$dead)
  start <- best$beta
  below <- function(b) {
    there <- start
    there[2] <- b
    2 * (best$likelihood - firth(x, d$dead, there, 2)$likelihood)
  }
  q <- qchisq(1 - o$alpha, 1)
  list(p = pchisq(below(0), 1, lower.tail = FALSE), est = best$beta[2],
       se = sqrt(solve(best$information)[2, 2]),
       low = crossing(function(b) below(b) - q, best$beta[2] - 12, best$beta[2]),
       high = crossing(function(b) below(b) - q, best$beta[2], best$beta[2] + 12))
}
standardised_risk_difference <- function(d, o) {
  k <- counts(d)
  mean_seen <- mean(d$baseline, na.rm = TRUE) # of all randomised
  d <- d[d$counted == 1, ]
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  if (nobody_or_all(k)) return(no_result(NO_EVENT))
  x <- design_matrix(d, mean_seen)
  beta <- firth(x, d$dead)$beta
  h <- sapply(0:1, function(a) plogis(drop(cbind(1, a, x[, 3]) %*% beta)))
  mean_of <- function(a) mean(h[, a + 1]) + mean((d$dead - h[, a + 1])[d$arm == a])
  n <- nrow(d)
  influence <- h[, 2] - h[, 1] + d$arm / (k$n[2] / n) * (d$dead - h[, 2]) -
    (1 - d$arm) / (k$n[1] / n) * (d$dead - h[, 1])
  wald(mean_of(1) - mean_of(0), sqrt(sum((influence - mean(influence))^2) / (n * (n - 3))), o$alpha)
}

# ---- Bayes ---------------------------------------------------------------------------------------

beta_binomial <- function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  priors <- rbind(as.numeric(strsplit(o$prior_control, ";")[[1]]),
                  as.numeric(strsplit(o$prior_experimental, ";")[[1]]))
  a <- priors[, 1] + k$x
  b <- priors[, 2] + k$n - k$x
  mean <- a / (a + b)
  # In pieces, so that none is nearly flat: integrate() then knows its error.
  pieces <- qbeta(c(0, 1e-9, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-9, 1), a[1], b[1])
  lower <- sum(sapply(1:8, function(i) integrate(
    function(p) dbeta(p, a[1], b[1]) * pbeta(p, a[2], b[2]),
    pieces[i], pieces[i + 1], rel.tol = 1e-12, stop.on.error = FALSE)$value))
  wald(mean[2] - mean[1], sqrt(sum(mean * (1 - mean) / (a + b + 1))), o$alpha,
       2 * min(lower, 1 - lower))
}

# ---- survival ------------------------------------------------------------------------------------

timed <- function(d) d[d$timed == 1, ]
one_arm <- function(d) length(unique(d$arm)) < 2

# A row a time of death: deaths and numbers at risk, all and of the second arm, and S(t-) of all.
deaths_of <- function(time, event, arm) {
  at <- sort(unique(time[event]))
  rows <- t(vapply(at, function(t) c(
    d = sum(event & time == t), d1 = sum(event & time == t & arm == 1),
    r = sum(time >= t), r1 = sum(time >= t & arm == 1)), numeric(4)))
  rows <- data.frame(time = at, rows)
  rows$before <- c(1, cumprod(1 - rows$d / rows$r))[seq_along(at)]
  rows$excess <- rows$d1 - rows$d * rows$r1 / rows$r
  rows$v <- with(rows, ifelse(r > 1, d * r1 / r * (1 - r1 / r) * (r - d) / (r - 1), 0))
  rows
}

# R's survdiff: observed less expected and variance for the second arm, p value.
by_survdiff <- function(d, o, event, strata = NULL, rho = 0) {
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (!any(event)) return(no_result(NO_EVENT))
  time <- match(d$time, sort(unique(d$time))) # survdiff would tie times that are nearly equal
  s <- tryCatch(
    if (is.null(strata)) survdiff(Surv(time, event) ~ d$arm, rho = rho)
    else survdiff(Surv(time, event) ~ d$arm + strata(strata), rho = rho),
    error = function(e) if (grepl("singular", e$message)) NULL else stop(e))
  if (is.null(s)) return(no_result(NOT_ESTIMABLE))
  v <- s$var[2, 2]
  excess <- if (is.matrix(s$obs)) sum(s$obs[2, ] - s$exp[2, ]) else s$obs[2] - s$exp[2]
  list(excess = excess, v = v, p = pchisq(excess^2 / v, 1, lower.tail = FALSE), chisq = s$chisq)
}
one_step <- function(found, alpha) {
  if (is.null(found$excess)) return(found)
  stopifnot(abs(found$excess^2 / found$v - found$chisq) <= 1e-9 * max(1, found$chisq))
  wald(found$excess / found$v, 1 / sqrt(found$v), alpha, found$p)
}
log_rank <- function(d, o) {
  d <- timed(d)
  one_step(by_survdiff(d, o, d$event == 1), o$alpha)
}
stratified_log_rank <- function(d, o) {
  d <- timed(d)
  one_step(by_survdiff(d, o, d$event == 1, label_of(d, o)), o$alpha)
}

weighted <- function(d, o, weights) {
  d <- timed(d)
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (!any(d$event == 1)) return(no_result(NO_EVENT))
  rows <- deaths_of(d$time, d$event == 1, d$arm)
  w <- weights(rows)
  u <- sum(w * rows$excess)
  v <- sum(w^2 * rows$v)
  if (v <= 0) return(no_result(NOT_ESTIMABLE))
  wald(u / sum(w * rows$v), sqrt(v) / sum(w * rows$v), o$alpha, normal_p(u / sqrt(v)))
}
fh_weights <- function(rho, gamma) function(rows) rows$before^rho * (1 - rows$before)^gamma
fleming_harrington <- function(d, o) {
  found <- weighted(d, o, fh_weights(as.numeric(o$rho), as.numeric(o$gamma)))
  if (o$gamma == "0" && !is.null(found$low)) {
    d <- timed(d)
    ours <- by_survdiff(d, o, d$event == 1, rho = as.numeric(o$rho))
    stopifnot(abs(ours$p / found$p - 1) < 1e-9)
    found$p <- ours$p
  }
  found
}
modestly_weighted <- function(d, o) weighted(d, o, function(rows) {
  until <- rows$time <= as.numeric(o$t_star_days)
  1 / pmax(rows$before, prod(1 - rows$d[until] / rows$r[until]))
})
max_combo <- function(d, o) {
  plain <- log_rank(d, o)
  if (is.null(plain$low)) return(plain)
  d <- timed(d)
  rows <- deaths_of(d$time, d$event == 1, d$arm)
  pairs <- matrix(as.numeric(strsplit(o$weights, ";")[[1]]), 2)
  w <- apply(pairs, 2, function(pair) fh_weights(pair[1], pair[2])(rows))
  w <- matrix(w, ncol = ncol(pairs))
  v <- crossprod(w * rows$v, w)
  if (any(diag(v) <= 0)) return(list())
  z <- colSums(w * rows$excess) / sqrt(diag(v))
  largest <- max(abs(z))
  plain$favours <- if (max(z) == largest) 0 else 1 # as the largest says, not the estimate
  set.seed(1)
  inside <- mvtnorm::pmvnorm(rep(-largest, ncol(w)), rep(largest, ncol(w)), corr = cov2cor(v),
                             algorithm = mvtnorm::GenzBretz(2e5, 1e-6, 0))
  plain$p <- 1 - as.numeric(inside)
  plain
}

cox <- function(d, o) {
  d <- timed(d)
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (!any(d$event == 1)) return(no_result(NO_EVENT))
  rows <- deaths_of(d$time, d$event == 1, d$arm)
  both <- rows$r1 > 0 & rows$r1 < rows$r
  if (!any(both)) return(no_result(NOT_ESTIMABLE))
  infinite <- sum(rows$d1[both]) %in% c(0, sum(rows$d[both]))
  fit <- suppressWarnings(coxph(
    Surv(d$time, d$event) ~ d$arm, ties = o$ties,
    control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60, timefix = FALSE)))
  statistic <- c(score = fit$score, wald = unname(fit$wald.test),
                 likelihood_ratio = 2 * diff(fit$loglik))[[o$statistic]]
  if (infinite && o$statistic == "wald") return(no_result(NOT_ESTIMABLE))
  p <- pchisq(statistic, 1, lower.tail = FALSE)
  if (infinite) return(list(p = if (o$statistic == "score") p, est = NaN))
  wald(unname(coef(fit)), sqrt(fit$var[1, 1]), o$alpha, p)
}

# Curves by survfit, an arm each; NULL if nobody was followed to the day though not all are dead.
curve_at <- function(d, arm, day) {
  own <- d[d$arm == arm, ]
  fit <- survfit(Surv(own$time, own$event) ~ 1, timefix = FALSE)
  s <- summary(fit, times = day, extend = TRUE)
  if (max(own$time) < day && s$surv > 0) return(NULL)
  list(surv = s$surv, se = if (s$surv == 0) 0 else s$std.err, fit = fit)
}
by_curves <- function(compare, day_of) function(d, o) {
  d <- timed(d)
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (!any(d$event == 1)) return(no_result(NO_EVENT))
  day <- day_of(o)
  curves <- lapply(0:1, function(a) curve_at(d, a, day))
  if (any(sapply(curves, is.null))) return(no_result(NOT_FOLLOWED))
  found <- compare(curves, day)
  if (all(sapply(curves, function(c) c$surv == 0)) && !is.finite(found$est + 1 / found$se))
    return(no_result(NO_EVENT))
  if (!all(is.finite(unlist(found))) || found$se == 0) return(no_result(NOT_ESTIMABLE))
  wald(found$est, found$se, o$alpha)
}
the_day <- function(o) as.numeric(o$day)
last_day <- function(o) as.numeric(o$follow_up)
km_difference <- by_curves(function(curves, day) list(
  est = curves[[1]]$surv - curves[[2]]$surv,
  se = sqrt(curves[[1]]$se^2 + curves[[2]]$se^2)), last_day)
km_milestone <- by_curves(function(curves, day) {
  on_log <- sapply(curves, function(c) {
    s <- c$surv
    c(log(-log(s)), c$se / (s * abs(log(s))))
  })
  list(est = on_log[1, 2] - on_log[1, 1], se = sqrt(sum(on_log[2, ]^2)))
}, the_day)
rmst_difference <- by_curves(function(curves, day) {
  areas <- sapply(curves, function(c) {
    if (min(c$fit$time) > day) c(day, 0) # which survfit refuses
    else summary(c$fit, rmean = day)$table[c("rmean", "se(rmean)")]
  })
  list(est = areas[1, 2] - areas[1, 1], se = sqrt(sum(areas[2, ]^2)))
}, the_day)

# ---- competing causes ----------------------------------------------------------------------------

cause_specific <- function(d, o) {
  d <- timed(d)
  d$time <- d$cause_time
  one_step(by_survdiff(d, o, d$cause == as.numeric(o$code)), o$alpha)
}

# Of one arm: what happens at each time, with S(t-) of any end and the incidence after.
incidence <- function(d, code) {
  at <- sort(unique(d$cause_time[d$cause > 0]))
  all <- sapply(at, function(t) sum(d$cause > 0 & d$cause_time == t))
  own <- sapply(at, function(t) sum(d$cause == code & d$cause_time == t))
  r <- sapply(at, function(t) sum(d$cause_time >= t))
  if (length(at) == 0) return(data.frame(at = 0, all = 0, own = 0, r = nrow(d), before = 1,
                                         f = 0))
  before <- c(1, cumprod(1 - all / r))[seq_along(at)]
  f <- cumsum(before * own / r)
  data.frame(at, all, own, r, before, f)
}
cumulative_incidence <- function(d, o) {
  d <- timed(d)
  code <- as.numeric(o$code)
  day <- last_day(o)
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (!any(d$cause == code)) return(no_result(NO_EVENT))
  rows <- lapply(0:1, function(a) incidence(d[d$arm == a, ], code))
  for (a in 0:1) {
    i <- rows[[a + 1]]
    alive <- prod(1 - i$all / i$r)
    if (max(d$cause_time[d$arm == a]) < day && alive > 1e-12) return(no_result(NOT_FOLLOWED))
  }
  est <- rows[[2]]$f[nrow(rows[[2]])] - rows[[1]]$f[nrow(rows[[1]])]
  curves <- cuminc(d$cause_time, d$cause, d$arm)
  of <- function(a) {
    curve <- curves[[paste(a, code)]]
    if (is.null(curve)) c(0, 0) else c(curve$est[length(curve$est)], curve$var[length(curve$var)])
  }
  stopifnot(abs(of(1)[1] - of(0)[1] - est) < 1e-12)
  v <- of(0)[2] + of(1)[2]
  if (v <= 0) return(no_result(NOT_ESTIMABLE))
  wald(est, sqrt(v), o$alpha)
}
gray <- function(d, o) {
  d <- timed(d)
  code <- as.numeric(o$code)
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (!any(d$cause == code)) return(no_result(NO_EVENT))
  tests <- cuminc(d$cause_time, d$cause, d$arm)$Tests
  statistic <- tests[rownames(tests) == code, "stat"]
  # The score, from Gray's formula: R (1 - F(t-)) / S(t-) stand for the numbers at risk.
  rows <- lapply(0:1, function(a) incidence(d[d$arm == a, ], code))
  risk <- function(a, t) {
    i <- rows[[a + 1]]
    own <- d[d$arm == a, ]
    past <- i$at < t & i$all > 0
    left <- sum(own$cause_time >= t)
    if (left == 0) return(0)
    left * (1 - sum((i$before * i$own / i$r)[past])) / prod(1 - (i$all / i$r)[past])
  }
  u <- information <- 0
  for (t in sort(unique(d$cause_time[d$cause == code]))) {
    h <- c(risk(0, t), risk(1, t))
    now <- d$cause == code & d$cause_time == t
    u <- u + sum(now & d$arm == 1) - sum(now) * h[2] / sum(h)
    information <- information + sum(now) * prod(h) / sum(h)^2
  }
  if (statistic < 0) return(list(p = NaN))
  found <- list(p = pchisq(statistic, 1, lower.tail = FALSE))
  if (abs(u) < 1e-9) return(found)
  est <- u / information
  wald(est, abs(est) / sqrt(statistic), o$alpha, found$p)
}

# ---- MELD ----------------------------------------------------------------------------------------

seen <- function(d) d[d$counted == 1 & d$dead == 0 & !is.na(d$change), ]
meld_welch <- function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  d <- seen(d)
  if (min(sum(d$arm == 0), sum(d$arm == 1)) < 2) return(no_result(TOO_FEW_SEEN))
  if (all(tapply(d$change, d$arm, var) == 0)) return(no_result(NOT_ESTIMABLE))
  test <- t.test(d$change[d$arm == 1], d$change[d$arm == 0], conf.level = 1 - o$alpha)
  list(p = test$p.value, est = unname(test$estimate[1] - test$estimate[2]), se = test$stderr,
       low = test$conf.int[1], high = test$conf.int[2])
}
meld_ancova <- function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  d <- seen(d)
  if (nrow(d) < 4 || one_arm(d)) return(no_result(TOO_FEW_SEEN))
  fit <- lm(change ~ baseline + arm, d)
  row <- suppressWarnings(summary(fit))$coefficients
  if (nrow(row) < 3 || deviance(fit) < 1e-18 * sum(d$change^2))
    return(no_result(NOT_ESTIMABLE))
  limits <- confint(fit, "arm", 1 - o$alpha)
  list(p = row["arm", 4], est = row["arm", 1], se = row["arm", 2],
       low = limits[1], high = limits[2])
}

# Scores in which the dead are worse than any survivor, the earliest the worst.
ranked <- function(d) {
  d <- d[d$counted == 1 & (d$dead == 1 | !is.na(d$change)), ]
  order_of_death <- match(d$dead_at, sort(unique(d$dead_at[d$dead == 1]), decreasing = TRUE))
  worst <- suppressWarnings(max(rank(d$change[d$dead == 0]), 0))
  score <- numeric(nrow(d))
  score[d$dead == 0] <- rank(d$change[d$dead == 0])
  score[d$dead == 1] <- worst + order_of_death[d$dead == 1]
  list(score = score, arm = d$arm)
}
meld_worst_rank <- function(d, o) {
  k <- counts(d)
  if (any(k$n == 0)) return(no_result(EMPTY_ARM))
  r <- ranked(d)
  n <- c(sum(r$arm == 0), sum(r$arm == 1))
  if (any(n == 0)) return(list(p = NaN))
  if (length(unique(r$score)) == 1) return(no_result(NOT_ESTIMABLE))
  test <- wilcox.test(r$score[r$arm == 1], r$score[r$arm == 0], exact = FALSE, correct = FALSE)
  est <- 1 - 2 * unname(test$statistic) / prod(n)
  ties <- table(r$score)
  v <- prod(n) / 12 * (sum(n) + 1 - sum(ties^3 - ties) / (sum(n) * (sum(n) - 1)))
  list(p = test$p.value, est = est, se = 2 * sqrt(v) / prod(n), low = NaN, high = NaN)
}

# All pairs, a row each patient of the second arm: 1 won, -1 lost, 0 neither.
pairs_of <- function(d, margin) {
  second <- which(d$counted == 1 & d$arm == 1)
  first <- which(d$counted == 1 & d$arm == 0)
  pairs <- matrix(0, length(second), length(first))
  death <- d$dead_at
  change <- d$change
  for (i in seq_along(second)) for (j in seq_along(first)) {
    a <- death[second[i]]
    b <- death[first[j]]
    pairs[i, j] <- if (a != b) sign((a > b) - 0.5) else if (is.finite(a)) 0 else {
      gain <- change[first[j]] - change[second[i]]
      if (is.na(gain) || abs(gain) <= margin) 0 else sign(gain)
    }
  }
  pairs
}
wins <- function(summarise) function(d, o) {
  if (any(counts(d)$n == 0)) return(no_result(EMPTY_ARM))
  if (any(counts(d)$n == 1)) return(no_result(NOT_ESTIMABLE)) # no variance between patients
  pairs <- pairs_of(d, as.numeric(o$margin_points))
  won <- mean(pairs > 0)
  lost <- mean(pairs < 0)
  found <- summarise(pairs, won, lost)
  if (!is.finite(found$est)) return(list(p = NaN))
  k <- found$kernel - mean(found$kernel)
  rows <- rowMeans(k)
  columns <- colMeans(k)
  v <- var(rows) / length(rows) + var(columns) / length(columns)
  if (v == 0) return(no_result(NOT_ESTIMABLE))
  wald(found$est, sqrt(v), o$alpha)
}
win_ratio <- wins(function(pairs, won, lost)
  list(est = log(won / lost), kernel = (pairs > 0) / won - (pairs < 0) / lost))
net_benefit <- wins(function(pairs, won, lost) list(est = won - lost, kernel = pairs))
win_odds <- wins(function(pairs, won, lost) {
  share <- (1 + won - lost) / 2
  list(est = log(share / (1 - share)), kernel = pairs / 2 / share / (1 - share))
})

# ---- randomisation: the exact p value over all splits, which draws estimate ----------------------

# log-rank statistic of each column of `arms`: a row a patient, a column an allocation.
log_rank_of <- function(time, event, arms) {
  at <- sort(unique(time[event]))
  at_risk <- outer(at, time, "<=") * 1
  dying <- outer(at, ifelse(event, time, Inf), "==") * 1
  r <- rowSums(at_risk)
  d <- rowSums(dying)
  r1 <- at_risk %*% arms
  excess <- colSums(dying %*% arms - d / r * r1)
  v <- colSums(r1 / r * (1 - r1 / r) * ifelse(r > 1, d * (r - d) / (r - 1), 0))
  ifelse(v > 1e-12, excess^2 / v, -1) # no result is not extreme
}
permutation <- function(d, o) {
  if (one_arm(d)) return(no_result(EMPTY_ARM))
  if (o$of == "fisher") return(list(p = fisher(counts(d), o)))
  if (o$of == "meld_worst_rank") {
    r <- ranked(d)
    stopifnot(length(r$arm) == nrow(d)) # all were seen: the splits are those of all randomised
    test <- wilcox_test(r$score ~ factor(r$arm), distribution = "exact")
    return(list(p = as.numeric(pvalue(test))))
  }
  d <- timed(d)
  if (!any(d$event == 1)) return(no_result(NO_EVENT))
  splits <- combn(nrow(d), sum(d$arm == 1), function(second) replace(d$arm * 0, second, 1))
  was <- log_rank_of(d$time, d$event == 1, cbind(d$arm))
  if (was < 0) return(no_result(NOT_ESTIMABLE))
  list(p = mean(log_rank_of(d$time, d$event == 1, splits) >= was * (1 - 1e-9)))
}

# ---- all of them ---------------------------------------------------------------------------------

TESTS <- list(
  chi_square = by_table(chi_square), yates = by_table(yates),
  fisher = by_table(fisher, always), mid_p = by_table(mid_p, always),
  boschloo = by_table(boschloo, always), boschloo_minlike = by_table(boschloo_minlike, always),
  z_pooled = by_table(z_pooled, always),
  boschloo_berger_boos = by_table(function(k, o) {
    gamma <- as.numeric(o$gamma)
    limits <- clopper_pearson(k, gamma)
    min(1, boschloo(k, o, limits[1], limits[2]) + 2 * gamma) # gamma for either side
  }, always),
  z_pooled_berger_boos = by_table(function(k, o) {
    gamma <- as.numeric(o$gamma)
    limits <- clopper_pearson(k, gamma)
    min(1, z_pooled(k, o, limits[1], limits[2]) + gamma)
  }, always),
  risk_difference = risk_difference, risk_ratio = risk_ratio, odds_ratio = odds_ratio,
  cmh = cmh, stratified_miettinen_nurminen = stratified_miettinen_nurminen,
  firth_logistic = firth_logistic, standardised_risk_difference = standardised_risk_difference,
  beta_binomial = beta_binomial, log_rank = log_rank, stratified_log_rank = stratified_log_rank,
  fleming_harrington = fleming_harrington, modestly_weighted = modestly_weighted,
  max_combo = max_combo, cox = cox, km_difference = km_difference, km_milestone = km_milestone,
  rmst_difference = rmst_difference, cause_specific = cause_specific,
  cumulative_incidence = cumulative_incidence, gray = gray, meld_welch = meld_welch,
  meld_ancova = meld_ancova, meld_worst_rank = meld_worst_rank, win_ratio = win_ratio,
  net_benefit = net_benefit, win_odds = win_odds, permutation = permutation)

options_of <- function(row) {
  pairs <- strsplit(strsplit(row$options, "|", fixed = TRUE)[[1]], "=", fixed = TRUE)
  o <- setNames(lapply(pairs, `[`, 2), sapply(pairs, `[`, 1))
  o$alpha <- as.numeric(o$alpha)
  o
}

folder <- commandArgs(TRUE)[1]
patients <- read.csv(file.path(folder, "patients.csv"), colClasses = "numeric")
plans <- read.csv(file.path(folder, "plans.csv"), colClasses = "character")
trials <- split(patients, patients$counting)
trials <- lapply(trials, function(d) split(d, d$trial))
columns <- c("reason", "p", "est", "se", "low", "high", "favours")
lines <- "plan,trial,reason,p,est,se,low,high,favours"
for (i in seq_len(nrow(plans))) {
  o <- options_of(plans[i, ])
  for (trial in names(trials[[plans$counting[i]]])) {
    found <- tryCatch(TESTS[[plans$test[i]]](trials[[plans$counting[i]]][[trial]], o),
                      error = function(e) stop(plans$test[i], ", trial ", trial, ": ", e$message))
    words <- sapply(columns, function(column) {
      value <- found[[column]]
      if (is.null(value)) "" else if (is.na(value)) "nan" else sprintf("%.17g", value)
    })
    lines <- c(lines, paste(c(plans$plan[i], trial, words), collapse = ","))
  }
}
writeLines(lines, file.path(folder, "results.csv"))
