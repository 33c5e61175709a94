# Kaplan-Meier curves of three data sets of the survival package as a paper would print them:
# survival to three decimals at each death, numbers at risk at a few days, deaths in all; and the
# hazard ratio of the two arms from the patients themselves. Writes curves.csv, risk.csv, ratios.csv.
library(survival)

sets <- list(
  aml = data.frame(time = aml$time, event = aml$status, arm = as.integer(aml$x == "Nonmaintained")),
  lung = data.frame(time = lung$time, event = lung$status - 1, arm = lung$sex - 1),
  veteran = data.frame(time = veteran$time, event = veteran$status, arm = veteran$trt - 1)
)
days <- list(aml = c(0, 10, 20, 30), lung = seq(0, 800, 100), veteran = seq(0, 400, 50))
curves <- risk <- ratios <- NULL
for (name in names(sets)) {
  data <- sets[[name]]
  for (arm in 0:1) {
    fit <- survfit(Surv(time, event) ~ 1, data = data[data$arm == arm, ])
    died <- fit$n.event > 0 | seq_along(fit$time) == length(fit$time)
    curves <- rbind(curves, data.frame(name, arm, day = fit$time[died], survival = fit$surv[died]))
    at <- days[[name]][days[[name]] <= max(fit$time)]
    counts <- sapply(at, function(day) sum(data$time[data$arm == arm] >= day))
    risk <- rbind(risk, data.frame(name, arm, day = at, at_risk = counts, deaths = sum(fit$n.event)))
  }
  cox <- coxph(Surv(time, event) ~ arm, data = data)
  ratios <- rbind(ratios, data.frame(name, log_ratio = coef(cox), se = sqrt(vcov(cox)[1, 1])))
}
write.csv(curves, "curves.csv", row.names = FALSE)
write.csv(risk, "risk.csv", row.names = FALSE)
write.csv(ratios, "ratios.csv", row.names = FALSE)
