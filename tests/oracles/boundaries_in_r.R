# Boundaries of group-sequential designs by rpact.
#
#   Rscript boundaries_in_r.R FOLDER
#
# reads FOLDER/designs.csv (a row a design) and FOLDER/outcomes.csv (a row a trial that ended), and
# writes FOLDER/looks.csv (a row a look of a design), FOLDER/designs_found.csv and
# FOLDER/outcomes_found.csv. A list within a cell has semicolons between its numbers.

suppressPackageStartupMessages(library(rpact))
setLogLevel("DISABLED")

folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- function(cell) as.numeric(strsplit(as.character(cell), ";")[[1]])
given <- function(cell) !is.na(cell) && nzchar(as.character(cell))

design_of <- function(row) {
  asked <- list(
    kMax = length(numbers(row$information)),
    informationRates = numbers(row$information),
    alpha = row$alpha,
    sided = as.integer(row$sides),
    typeOfDesign = row$type,
    tolerance = 1e-9
  )
  if (given(row$gamma)) asked$gammaA <- row$gamma
  if (given(row$delta)) asked$deltaWT <- row$delta
  if (given(row$constant)) asked$constantBoundsHP <- row$constant
  if (given(row$table)) asked$userAlphaSpending <- numbers(row$table)
  if (given(row$power)) asked$beta <- 1 - row$power
  if (given(row$futility)) {
    asked$typeBetaSpending <- row$futility
    asked$bindingFutility <- as.logical(row$binding)
    if (given(row$futility_gamma)) asked$gammaB <- row$futility_gamma
  }
  if (given(row$futility_z)) {
    asked$futilityBounds <- numbers(row$futility_z)
    asked$bindingFutility <- as.logical(row$binding)
  }
  suppressWarnings(do.call(getDesignGroupSequential, asked))
}

read <- function(name) {
  read.csv(file.path(folder, name), stringsAsFactors = FALSE, colClasses = c(
    information = "character", table = "character", futility_z = "character"
  ))
}
designs <- read("designs.csv")

looks <- list()
found <- list()
for (i in seq_len(nrow(designs))) {
  design <- design_of(designs[i, ])
  k <- design$kMax
  features <- suppressWarnings(getDesignCharacteristics(design))
  futility <- rep(NA, k)
  if (k > 1 && length(design$futilityBounds) == k - 1) futility[seq_len(k - 1)] <- design$futilityBounds
  looks[[i]] <- data.frame(
    design = i, look = seq_len(k), efficacy_z = design$criticalValues, futility_z = futility,
    alpha_spent = design$alphaSpent, nominal_p = design$stageLevels * design$sided,
    power = as.numeric(features$power)
  )
  found[[i]] <- data.frame(
    design = i, shift = features$shift, inflation = features$inflationFactor,
    mean_1 = features$averageSampleNumber1, mean_half = features$averageSampleNumber01,
    mean_0 = features$averageSampleNumber0
  )
}
write.csv(do.call(rbind, looks), file.path(folder, "looks.csv"), row.names = FALSE)
write.csv(do.call(rbind, found), file.path(folder, "designs_found.csv"), row.names = FALSE)

# A trial of one sample with known standard deviation 1: Z is the mean times the root of n, and the
# drift the expectation times the root of the planned n.
planned <- 300
root <- sqrt(planned)
outcomes <- read.csv(file.path(folder, "outcomes.csv"), colClasses = c(z = "character"))
after <- list()
for (i in seq_len(nrow(outcomes))) {
  row <- designs[outcomes$design[i], ]
  z <- numbers(outcomes$z[i])
  stage <- length(z)
  design <- design_of(row)
  every_n <- numbers(row$information) * planned
  n <- every_n[seq_len(stage)]
  data <- getDataset(overallN = n, overallMeans = z / sqrt(n), overallStDevs = rep(1, stage))
  results <- getStageResults(design, data, stage = stage, normalApproximation = TRUE)
  is_later <- given(outcomes$drift[i])
  conditional <- NA
  interval <- list(finalStage = NA)
  if (is_later) {
    power <- getConditionalPower(
      results, nPlanned = diff(every_n)[stage:(design$kMax - 1)],
      thetaH1 = outcomes$drift[i] / root, assumedStDev = 1
    )
    conditional <- power$conditionalPower[design$kMax]
  } else {
    p <- getFinalPValue(results)
    interval <- getFinalConfidenceInterval(
      design, data, stage = stage, normalApproximation = TRUE, tolerance = 1e-9
    )
  }
  repeated <- c(NA, NA)
  if (given(outcomes$repeated[i])) {
    repeated <- getRepeatedConfidenceIntervals(
      design, data, stage = stage, normalApproximation = TRUE, tolerance = 1e-7
    )[, stage]
  }
  ended <- !is.na(interval$finalStage)
  after[[i]] <- data.frame(
    outcome = i, p = if (ended) p$pFinal else NA,
    estimate = if (ended) interval$medianUnbiased * root else NA,
    low = if (ended) interval$finalConfidenceInterval[1] * root else NA,
    high = if (ended) interval$finalConfidenceInterval[2] * root else NA,
    repeated_low = repeated[1] * root, repeated_high = repeated[2] * root,
    conditional = conditional
  )
}
write.csv(do.call(rbind, after), file.path(folder, "outcomes_found.csv"), row.names = FALSE)
