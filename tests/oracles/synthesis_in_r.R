# Reads estimates (yi, vi) and counts by set; pools them with metafor; writes name, value.
library(metafor)
args <- commandArgs(trailingOnly = TRUE)
estimates <- read.csv(file.path(args[1], "estimates.csv"))
arms <- read.csv(file.path(args[1], "arms.csv"))
counts <- read.csv(file.path(args[1], "counts.csv"))
found <- data.frame()
put <- function(name, value) found <<- rbind(found, data.frame(name = name, value = value))

interval <- function(name, fit) {
  put(paste0(name, ".value"), coef(fit)[[1]])
  put(paste0(name, ".low"), fit$ci.lb)
  put(paste0(name, ".high"), fit$ci.ub)
}

tight <- list(threshold = 1e-10, maxiter = 10000)
for (set in unique(estimates$set)) {
  d <- estimates[estimates$set == set, ]
  interval(paste0(set, ".fixed"), rma.uni(yi, vi, data = d, method = "EE"))
  for (method in c("DL", "PM", "REML")) {
    control <- if (method == "PM") list(tol = 1e-10) else tight
    fit <- rma.uni(yi, vi, data = d, method = method, control = control)
    put(paste0(set, ".", method, ".tau2"), fit$tau2)
    interval(paste0(set, ".", method), fit)
    kh <- rma.uni(yi, vi, data = d, method = method, test = "knha", control = control)
    interval(paste0(set, ".", method, ".kh"), kh)
  }
}

for (set in unique(arms$set)) {
  d <- arms[arms$set == set, ]
  rr <- escalc("RR", ai = a, n1i = n, ci = b, n2i = m, data = d)
  interval(set, rma.uni(rr, method = "EE"))
}

for (set in unique(counts$set)) {
  d <- counts[counts$set == set, ]
  fit <- rma.glmm(measure = "PLO", xi = deaths, ni = n, data = d, method = "ML", nAGQ = 25)
  put(paste0(set, ".glmm.value"), coef(fit)[[1]])
  put(paste0(set, ".glmm.tau2"), fit$tau2)
  put(paste0(set, ".glmm.low"), fit$ci.lb)
  put(paste0(set, ".glmm.high"), fit$ci.ub)
}
found$value <- sprintf("%.15g", found$value)
write.csv(found, file.path(args[1], "found.csv"), row.names = FALSE, quote = FALSE)
