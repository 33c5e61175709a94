"""Few published studies to a joint prior: random-effects synthesis by quadrature."""
