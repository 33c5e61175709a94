# What rpact says of a trial at its looks: folder of the questions (interim.csv) as argument.
suppressMessages(library(rpact))
folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- function(text) as.numeric(strsplit(text, ";")[[1]])
asked <- read.csv(file.path(folder, "interim.csv"), colClasses = c(z = "character", events = "character"))
found <- list()
for (i in seq_len(nrow(asked))) {
  row <- asked[i, ]
  planned <- c(0.5, 1)
  design <- switch(row$type,
    asOF = getDesignGroupSequential(alpha = 0.025, sided = 1, informationRates = planned, typeOfDesign = "asOF"),
    asHSD = getDesignGroupSequential(alpha = 0.025, sided = 1, informationRates = planned, typeOfDesign = "asHSD", gammaA = -4),
    OF = getDesignGroupSequential(alpha = 0.025, sided = 1, informationRates = planned, typeOfDesign = "OF")
  )
  events <- numbers(row$events)
  z <- numbers(row$z)
  stage <- length(z)
  # The log-rank statistic of rpact is that of a hazard ratio below 1 where it is negative.
  data <- getDataset(overallEvents = events, overallLogRanks = -z, overallAllocationRatios = rep(1, stage))
  arguments <- list(design = design, dataInput = data, directionUpper = FALSE, stage = stage)
  if (stage == 1) {
    arguments$nPlanned <- 100 - events[1]
    arguments$thetaH1 <- row$hazard_ratio
  }
  results <- suppressMessages(suppressWarnings(do.call(getAnalysisResults, arguments)))
  last <- function(values) if (is.null(values)) NA else values[stage]
  found[[i]] <- data.frame(
    question = i,
    conditional = if (stage == 1) results$conditionalPower[2] else NA,
    repeated_low = last(results$repeatedConfidenceIntervalLowerBounds),
    repeated_high = last(results$repeatedConfidenceIntervalUpperBounds),
    p = last(results$finalPValues),
    estimate = last(results$medianUnbiasedEstimates),
    low = last(results$finalConfidenceIntervalLowerBounds),
    high = last(results$finalConfidenceIntervalUpperBounds)
  )
}
write.csv(do.call(rbind, found), file.path(folder, "interim_found.csv"), row.names = FALSE)
