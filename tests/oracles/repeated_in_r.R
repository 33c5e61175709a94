# Repeated intervals of rpact's inverse normal design: folder of the questions as argument.
suppressMessages(library(rpact))
folder <- commandArgs(trailingOnly = TRUE)[1]
numbers <- function(text) as.numeric(strsplit(text, ";")[[1]])
characters <- c(type = "character", planned = "character", information = "character", z = "character")
asked <- read.csv(file.path(folder, "combined.csv"), colClasses = characters)
patients <- 10000 # whole information, of one sample with standard deviation 1: so many at a mean of 0.01
found <- list()
for (i in seq_len(nrow(asked))) {
  row <- asked[i, ]
  design <- getDesignInverseNormal(
    alpha = row$alpha, sided = row$sides, informationRates = numbers(row$planned),
    typeOfDesign = row$type
  )
  z <- numbers(row$z)
  n <- patients * numbers(row$information)
  stage_n <- round(diff(c(0, n)))
  data <- getDataset(n = stage_n, means = diff(c(0, z * sqrt(n))) / stage_n, stDevs = rep(1, length(z)))
  interval <- suppressWarnings(getRepeatedConfidenceIntervals(
    design, data, stage = length(z), normalApproximation = TRUE, tolerance = 1e-9
  ))
  found[[i]] <- data.frame(low = interval[1, length(z)], high = interval[2, length(z)]) * sqrt(patients)
}
write.csv(do.call(rbind, found), file.path(folder, "combined_found.csv"), row.names = FALSE)
