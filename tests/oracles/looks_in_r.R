# A design with looks by rpact: its level where futility is obeyed, and hazard ratios on its boundary.
#
#   Rscript looks_in_r.R INFORMATION TYPE FUTILITY_Z BINDING EVENTS
#
# Lists have semicolons between their numbers. Prints the level, then the critical hazard ratios.

suppressPackageStartupMessages(library(rpact))
setLogLevel("DISABLED")

given <- commandArgs(trailingOnly = TRUE)
numbers <- function(cell) as.numeric(strsplit(cell, ";")[[1]])
information <- numbers(given[1])
asked <- list(
  kMax = length(information), informationRates = information, alpha = 0.025, sided = 1,
  typeOfDesign = given[2], tolerance = 1e-9
)
if (given[3] != "none") {
  asked$futilityBounds <- numbers(given[3])
  asked$bindingFutility <- as.logical(given[4])
}
design <- suppressWarnings(do.call(getDesignGroupSequential, asked))
null <- getPowerMeans(
  design, groups = 2, normalApproximation = TRUE, alternative = 0, stDev = 1,
  maxNumberOfSubjects = 200
)
events <- as.numeric(given[5])
survival <- suppressWarnings(getPowerSurvival(
  design, maxNumberOfEvents = events, maxNumberOfSubjects = 2 * events, hazardRatio = 0.7,
  median2 = 10, directionUpper = FALSE
))
cat(format(null$overallReject, digits = 12), "\n")
cat(format(as.numeric(survival$criticalValuesEffectScale), digits = 12), "\n")
