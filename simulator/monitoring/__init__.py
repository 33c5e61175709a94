"""Looks at a trial before its end: spending of alpha, boundaries, and what follows from them.

Statistics are those of the canonical joint distribution (Jennison and Turnbull 2000, section 3.1):
at looks with information fractions t the statistics Z are normal with mean drift * sqrt(t) and
variance 1, and with covariance sqrt(t_i / t_j) for t_i < t_j. The *drift* is the mean of Z at
information 1, the planned end. Positive Z favours the experimental arm.
"""
