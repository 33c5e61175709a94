# What rpact says of trials that ended at a look: folder of the questions (stopped.csv) as argument.
suppressMessages(library(rpact))
folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- function(text) as.numeric(strsplit(text, ";")[[1]])
asked <- read.csv(file.path(folder, "stopped.csv"), colClasses = c(z = "character", futility = "character"))
planned <- 300 # patients of one sample with standard deviation 1: the drift is the mean * sqrt(300)
found <- list()
for (i in seq_len(nrow(asked))) {
  row <- asked[i, ]
  arguments <- list(
    alpha = row$alpha, sided = row$sides, informationRates = c(1, 2, 3) / 3, typeOfDesign = row$type
  )
  if (row$futility != "") {
    arguments$futilityBounds <- numbers(row$futility)
    arguments$bindingFutility <- row$binding == "TRUE"
  }
  design <- do.call(getDesignGroupSequential, arguments)
  z <- numbers(row$z)
  stage <- length(z)
  n <- planned / 3 * seq_len(stage)
  data <- getDataset(overallN = n, overallMeans = z / sqrt(n), overallStDevs = rep(1, stage))
  results <- getStageResults(design, data, stage = stage, normalApproximation = TRUE)
  interval <- suppressWarnings(getFinalConfidenceInterval(
    design, data, stage = stage, normalApproximation = TRUE, tolerance = 1e-9
  ))
  stopifnot(interval$finalStage == stage)
  found[[i]] <- data.frame(
    median = interval$medianUnbiased, low = interval$finalConfidenceInterval[1],
    high = interval$finalConfidenceInterval[2]
  ) * sqrt(planned)
}
write.csv(do.call(rbind, found), file.path(folder, "stopped_found.csv"), row.names = FALSE)
