"""The allocation schemes the slow way: every rule from the whole past, in plain Python.

Written from the formulas and citations of the oracle notes alone, for `test_allocation_schemes`;
nothing here comes from `simulator`. Arms are numbered from 0 (A); D = N_A - N_B. A law is a
function of the past (arms in the order of entry) that gives a list of probabilities by arm; where
a formula is rational and its options are, so are the probabilities (`fractions.Fraction`).

Run as a program, it prints which schemes keep an unequal ratio at every step.
"""

import itertools
import math
from collections import defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

from scipy import integrate, optimize, stats

HALF = Fraction(1, 2)


def counts(past, arms=2):
    return [sum(arm == k for arm in past) for k in range(arms)]


def two_arms(share_of_a):
    """A law from P(next is A) as a function of (N_A, N_B)."""

    def law(past):
        phi = share_of_a(*counts(past))
        return [phi, 1 - phi]

    return law


# Restricted schemes ------------------------------------------------------------------------------


def complete(ratio=(1, 1)):
    return lambda past: [Fraction(w, sum(ratio)) for w in ratio]


def random_allocation(n, ratio=(1, 1)):
    """Balls for all n patients, drawn without replacement."""

    def law(past):
        balls = [
            Fraction(n * w, sum(ratio)) - had
            for w, had in zip(ratio, counts(past, len(ratio)), strict=True)
        ]
        return [ball / sum(balls) for ball in balls]

    return law


def truncated_binomial(n):
    def share(a, b):
        if 2 * a >= n:
            return Fraction(0)
        return Fraction(1) if 2 * b >= n else HALF

    return two_arms(share)


def permuted_block(block_size, ratio=(1, 1)):
    def law(past):
        started = len(past) // block_size + 1
        balls = [
            Fraction(block_size * started * w, sum(ratio)) - had
            for w, had in zip(ratio, counts(past, len(ratio)), strict=True)
        ]
        return [ball / sum(balls) for ball in balls]

    return law


def efron(probability):
    def share(a, b):
        if a == b:
            return HALF
        return probability if a < b else 1 - probability

    return two_arms(share)


def adjustable_coin(exponent):
    """Baldi Antognini and Giovagnoli (2004)."""

    def share(a, b):
        if a == b:
            return HALF
        power = abs(a - b) ** exponent
        return power / (1 + power) if a < b else 1 / (1 + power)

    return two_arms(share)


def chen(probability, bound):
    """Chen (1999): Efron's coin between two walls."""

    def share(a, b):
        if a - b >= bound:
            return Fraction(0)
        if b - a >= bound:
            return Fraction(1)
        return efron(probability)([0] * a + [1] * b)[0]

    return two_arms(share)


def big_stick(bound):
    """Soares and Wu (1983): a fair coin between two walls."""
    return chen(HALF, bound)


def wei_urn(initial_balls, added_balls):
    """Wei (1978): alpha balls of each arm; a patient adds beta balls of the other arm."""

    def share(a, b):
        balls_a, balls_b = initial_balls + added_balls * b, initial_balls + added_balls * a
        total = balls_a + balls_b
        return Fraction(balls_a) / Fraction(total) if total else HALF

    return two_arms(share)


def smith(exponent):
    def share(a, b):
        if a == b:
            return HALF
        return Fraction(b) ** exponent / (Fraction(a) ** exponent + Fraction(b) ** exponent)

    return two_arms(share)


def bayesian_coin(gamma):
    """Ball, Smith and Verdinelli (1993)."""

    def share(a, b):
        if a + b == 0:
            return HALF
        if a + b == 1:
            return Fraction(b)
        x = (1 + b / ((a + b) * a)) ** (1 / gamma)
        y = (1 + a / ((a + b) * b)) ** (1 / gamma)
        return x / (x + y)

    return two_arms(share)


def maximal(bound, n):
    """Berger, Ivanova and Knoll (2003): all balanced paths within the walls are equally likely."""

    @cache
    def paths(difference, left):
        if abs(difference) > bound:
            return 0
        if left == 0:
            return int(difference == 0)
        return paths(difference + 1, left - 1) + paths(difference - 1, left - 1)

    def share(a, b):
        left = n - a - b
        return Fraction(paths(a - b + 1, left - 1), paths(a - b, left))

    return two_arms(share)


def block_urn(blocks, ratio=(1, 1)):
    """Zhao and Weng (2011): a set of balls goes back as soon as the sets drawn complete one."""

    def law(past):
        had = counts(past, len(ratio))
        complete_sets = min(n // w for n, w in zip(had, ratio, strict=True))
        balls = [w * (blocks + complete_sets) - n for n, w in zip(had, ratio, strict=True)]
        return [Fraction(ball, sum(balls)) for ball in balls]

    return law


def ehrenfest_urn(balls):
    """Chen (2000): a ball drawn changes its arm."""
    return two_arms(lambda a, b: HALF * (1 - Fraction(a - b, balls)))


def mass_weighted_urn(mass, ratio=(1, 1)):
    """Zhao (2015)."""

    def law(past):
        rho = [Fraction(w, sum(ratio)) for w in ratio]
        masses = [
            max(mass * r - n + len(past) * r, 0)
            for n, r in zip(counts(past, len(rho)), rho, strict=True)
        ]
        return [m / sum(masses) for m in masses]

    return law


def maximum_entropy(eta, ratio=(1, 1)):
    """Klotz (1978), with the mean imbalance held between the least and that of pure chance."""

    def law(past):
        rho = [Fraction(w, sum(ratio)) for w in ratio]
        after = [counts([*past, k], len(rho)) for k in range(len(rho))]
        lack = [
            max(abs(Fraction(n, len(past) + 1) - r) for n, r in zip(had, rho, strict=True))
            for had in after
        ]
        least = [r * (b == min(lack)) for r, b in zip(rho, lack, strict=True)]
        best = [r / sum(least) for r in least]
        if eta == 1 or len(set(lack)) == 1:
            return best
        if len(rho) == 2:
            # With two arms the constraint on the mean leaves one law, and no h need be found.
            return [eta * p + (1 - eta) * r for p, r in zip(best, rho, strict=True)]
        return tilted(rho, lack, eta)

    return law


def tilted(rho, lack, eta):
    """rho_k exp(-h B_k), scaled, with h such that the mean of B is as asked."""
    rho, lack = [float(r) for r in rho], [float(b) for b in lack]
    chance = math.fsum(r * b for r, b in zip(rho, lack, strict=True))
    wanted = float(eta) * min(lack) + (1 - float(eta)) * chance

    def shares(h):
        mass = [r * math.exp(-h * (b - min(lack))) for r, b in zip(rho, lack, strict=True)]
        return [m / math.fsum(mass) for m in mass]

    def excess(h):
        return math.fsum(p * b for p, b in zip(shares(h), lack, strict=True)) - wanted

    upper = 1.0
    while excess(upper) > 0:
        upper *= 2
    return shares(optimize.brentq(excess, 0.0, upper, xtol=1e-13))


# Covariate schemes: law(past, levels of the past, levels of the patient) -------------------------


def dummies(levels, factor_levels):
    """(1, a dummy for each level but the first of each factor)."""
    row = [Fraction(1)]
    for level, of in zip(levels, factor_levels, strict=True):
        row += [Fraction(int(level == other)) for other in range(1, of)]
    return row


def solution(matrix, right):
    """Some w with matrix w = right, by elimination; None if there is none."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    width, pivots = len(matrix[0]), []
    for column in range(width):
        here = len(pivots)
        found = next((i for i in range(here, len(rows)) if rows[i][column] != 0), None)
        if found is None:
            continue
        rows[here], rows[found] = rows[found], rows[here]
        rows[here] = [value / rows[here][column] for value in rows[here]]
        for i in range(len(rows)):
            if i != here and rows[i][column] != 0:
                by = rows[i][column]
                rows[i] = [x - by * y for x, y in zip(rows[i], rows[here], strict=True)]
        pivots.append(column)
    if any(row[-1] != 0 for row in rows[len(pivots) :]):
        return None
    answer = [Fraction(0)] * width
    for row, column in zip(rows, pivots, strict=False):
        answer[column] = row[-1]
    return answer


def atkinson(factor_levels):
    """Atkinson (1982): u = z'(F'F)^-1 b. Any solution w of F'F w = z gives the same u = w'b."""

    def law(past, past_levels, levels):
        z = dummies(levels, factor_levels)
        design = [dummies(row, factor_levels) for row in past_levels]
        size = range(len(z))
        information = [
            [sum((f[i] * f[j] for f in design), Fraction(0)) for j in size] for i in size
        ]
        w = solution(information, z)
        if w is None:
            return [HALF, HALF]
        b = [sum(f[i] * (1 - 2 * arm) for f, arm in zip(design, past, strict=True)) for i in size]
        u = sum(x * y for x, y in zip(w, b, strict=True))
        phi = (1 - u) ** 2 / ((1 - u) ** 2 + (1 + u) ** 2)
        return [phi, 1 - phi]

    return law


def spread(measure, numbers):
    """Range, variance or standard deviation of an arm's counts, to 50 digits."""
    if measure == "range":
        return Decimal(max(numbers) - min(numbers))
    # Multiplied by the squared number of arms: whole, and in the same order.
    variance = Decimal(len(numbers) * sum(x * x for x in numbers) - sum(numbers) ** 2)
    return variance.sqrt() if measure == "standard_deviation" else variance


def margin_counts(past, past_levels, levels, factor, arms):
    alike = [
        arm for arm, row in zip(past, past_levels, strict=True) if row[factor] == levels[factor]
    ]
    return counts(alike, arms)


def minimisation_totals(margins, measure, weights):
    """G_t for each arm t, from the counts by arm in the patient's level of each factor."""
    totals = []
    with localcontext() as context:
        context.prec = 50
        for t in range(len(margins[0])):
            after = [[n + (k == t) for k, n in enumerate(margin)] for margin in margins]
            spreads = [spread(measure, margin) for margin in after]
            # str: a weight of .1 is meant as a tenth.
            totals.append(sum(Decimal(str(w)) * d for w, d in zip(weights, spreads, strict=True)))
    return totals


def preference(scores, probability):
    """`probability` to the lowest score, the rest in equal shares; equal scores in random order.

    With several lowest, each is the one preferred equally often. A difference below 1e-30 is none:
    sums of square roots are known to 50 digits.
    """
    arms = len(scores)
    lowest = [score - min(scores) < Decimal("1e-30") for score in scores]
    other = (1 - probability) / (arms - 1)
    tied = (probability + (sum(lowest) - 1) * other) / sum(lowest)
    return [tied if low else other for low in lowest]


def minimisation(measure, weights, probability, arms=2):
    """Pocock and Simon (1975)."""

    def law(past, past_levels, levels):
        margins = [
            margin_counts(past, past_levels, levels, factor, arms) for factor in range(len(levels))
        ]
        return preference(minimisation_totals(margins, measure, weights), probability)

    return law


def taves(weights, arms=2):
    return minimisation("range", weights, Fraction(1), arms)


def hu_hu(overall, margins, stratum, probability):
    """Hu and Hu (2012): weighted squares of the differences overall, in margins and in stratum."""

    def imbalance(past, past_levels, levels):
        def difference(chosen):
            a, b = counts([arm for arm, row in zip(past, past_levels, strict=True) if chosen(row)])
            return a - b

        total = Decimal(str(overall)) * difference(lambda row: True) ** 2
        for i, w in enumerate(margins):
            total += Decimal(str(w)) * difference(lambda row, i=i: row[i] == levels[i]) ** 2
        everything = difference(lambda row: tuple(row) == tuple(levels))
        return total + Decimal(str(stratum)) * everything**2

    def law(past, past_levels, levels):
        rows = [*past_levels, levels]
        scores = [imbalance([*past, arm], rows, levels) for arm in (0, 1)]
        return preference(scores, probability)

    return law


# Adaptive schemes: law(events), an event ("arm", arm) or ("outcome", arm, died) ------------------


def arms_of(events):
    return [event[1] for event in events if event[0] == "arm"]


def known(events, arm):
    """(survivals, deaths) of an arm known by now."""
    died = [event[2] for event in events if event[0] == "outcome" and event[1] == arm]
    return died.count(False), died.count(True)


def play_the_winner(initial_balls, added_balls):
    """Wei and Durham (1978)."""

    def law(events):
        balls = [Fraction(initial_balls)] * 2
        for event in events:
            if event[0] == "outcome":
                balls[1 - event[1] if event[2] else event[1]] += Fraction(added_balls)
        return [ball / sum(balls) for ball in balls]

    return law


def squared_odds_of_target(target, events):
    """(rho_A / rho_B)^2, which is rational for all three targets."""
    p = [Fraction(s + 1, s + d + 2) for s, d in (known(events, arm) for arm in (0, 1))]
    if target == "neyman":
        mass = [x * (1 - x) for x in p]
    elif target == "rsihr":
        mass = p
    else:
        mass = [(1 - p[1]) ** 2, (1 - p[0]) ** 2]
    return mass[0] / mass[1]


def target_share(target, events):
    odds = math.sqrt(squared_odds_of_target(target, events))
    return odds / (1 + odds)


def adaptive_coin(target, gamma):
    """Hu and Zhang (2004)."""

    def law(events):
        a, b = counts(arms_of(events))
        if a == 0 or b == 0:
            return [HALF, HALF]
        rho, x = target_share(target, events), a / (a + b)
        mass_a = rho * (rho / x) ** gamma
        mass_b = (1 - rho) * ((1 - rho) / (1 - x)) ** gamma
        return [mass_a / (mass_a + mass_b), mass_b / (mass_a + mass_b)]

    return law


def erade(target, alpha):
    """Hu, Zhang and He (2009)."""

    def law(events):
        a, b = counts(arms_of(events))
        if a == 0 or b == 0:
            return [HALF, HALF]
        rho = target_share(target, events)
        # x against rho, as squared odds: whether they are equal is decided without rounding.
        so_far, aim = Fraction(a, b) ** 2, squared_odds_of_target(target, events)
        above = alpha * rho if so_far > aim else rho
        phi = 1 - alpha * (1 - rho) if so_far < aim else above
        return [phi, 1 - phi]

    return law


def beta_function(a, b):
    return Fraction(math.factorial(a - 1) * math.factorial(b - 1), math.factorial(a + b - 1))


def chance_a_dies_less(events):
    """P(theta_A < theta_B), the theta independent and Beta(1 + deaths, 1 + survivals)."""
    (survived_a, died_a), (survived_b, died_b) = known(events, 0), known(events, 1)
    a, b, c, d = 1 + died_a, 1 + survived_a, 1 + died_b, 1 + survived_b
    return sum(
        beta_function(a + i, b + d) / ((d + i) * beta_function(1 + i, d) * beta_function(a, b))
        for i in range(c)
    )


def chance_a_dies_less_by_quadrature(events):
    (survived_a, died_a), (survived_b, died_b) = known(events, 0), known(events, 1)
    a, b = stats.beta(1 + died_a, 1 + survived_a), stats.beta(1 + died_b, 1 + survived_b)
    return integrate.quad(lambda x: a.pdf(x) * b.sf(x), 0, 1, epsabs=1e-12, epsrel=1e-12)[0]


def thompson(exponent, burn_in, clip):
    """Thall and Wathen (2007)."""

    def law(events):
        if len(arms_of(events)) < burn_in:
            return [HALF, HALF]
        pi = chance_a_dies_less(events)
        a, b = float(pi) ** exponent, float(1 - pi) ** exponent
        phi = min(max(a / (a + b), clip), 1 - clip)
        return [phi, 1 - phi]

    return law


# What a scheme is like: metrics of two arms, 1:1 -------------------------------------------------


def entropy_nats(phi):
    return -math.fsum(p * math.log(p) for p in (phi, 1 - phi) if p > 0)


def step_terms(phi, difference):
    """What one patient adds, met with `difference` and sent to A with probability phi."""
    guess_a = 0.5 if difference == 0 else float(difference < 0)
    return {
        "forcing_index": 4 * abs(phi - 0.5),
        "deterministic_share": float(phi in (0.0, 1.0)),
        "correct_guesses": guess_a * phi + (1 - guess_a) * (1 - phi),
        "correct_guesses_maximum_probability": max(phi, 1 - phi),
        "entropy": entropy_nats(phi),
    }


def sequences(law, n):
    """Every sequence of n patients that can happen: (probability, arms, phi at each step)."""
    stack = [(1.0, (), ())]
    while stack:
        probability, past, phis = stack.pop()
        if len(past) == n:
            yield probability, past, phis
            continue
        shares = [float(p) for p in law(list(past))]
        for arm in (0, 1):
            if shares[arm] > 0:
                stack.append((probability * shares[arm], (*past, arm), (*phis, shares[0])))


def metrics_by_enumeration(law, n):
    terms = defaultdict(list)
    for probability, arms, phis in sequences(law, n):
        walk = [0, *itertools.accumulate(1 - 2 * arm for arm in arms)]
        for before, phi in zip(walk, phis, strict=False):
            for name, value in step_terms(phi, before).items():
                terms[name].append(probability * value / n)
        for j, d in enumerate(walk[1:], start=1):
            terms["imbalance_index"].append(probability * d * d / j / n)
            terms["balanced_share"].append(probability * (d == 0) / n)
        terms["mean_abs_imbalance"].append(probability * abs(walk[-1]))
        terms["loss"].append(probability * walk[-1] ** 2 / n)
        terms["max_imbalance"].append(probability * max(map(abs, walk)))
        terms["mean"].append(probability * walk[-1])
    return finished({name: math.fsum(values) for name, values in terms.items()}, n)


def finished(metrics, n):
    """Puts the standard deviation of D_n in the place of its mean."""
    variance = metrics["loss"] * n - metrics.pop("mean") ** 2
    return {**metrics, "sd_imbalance": math.sqrt(max(variance, 0.0))}


def share_by_counts(law):
    """P(next is A) at (N_A, N_B), for a law that looks at nothing else, asked once a state."""

    @cache
    def share(a, b):
        return float(law([0] * a + [1] * b)[0])

    return share


def metrics_by_counts(law, n):
    """The same by the joint law of (N_A, N_B, greatest |D| so far)."""
    share, terms = share_by_counts(law), defaultdict(float)
    states = {(0, 0, 0): 1.0}
    for j in range(1, n + 1):
        after = defaultdict(float)
        for (a, b, top), probability in states.items():
            phi = share(a, b)
            for name, value in step_terms(phi, a - b).items():
                terms[name] += probability * value / n
            for arm, chance in ((0, phi), (1, 1 - phi)):
                if chance > 0:
                    key = (a + (arm == 0), b + (arm == 1))
                    after[*key, max(top, abs(key[0] - key[1]))] += probability * chance
        states = after
        for (a, b, _), probability in states.items():
            terms["imbalance_index"] += probability * (a - b) ** 2 / j / n
            terms["balanced_share"] += probability * (a == b) / n
    for (a, b, top), probability in states.items():
        terms["mean_abs_imbalance"] += probability * abs(a - b)
        terms["loss"] += probability * (a - b) ** 2 / n
        terms["max_imbalance"] += probability * top
        terms["mean"] += probability * (a - b)
    return finished(dict(terms), n)


def law_of_difference(law, j):
    """P(D_j = d), for a law that looks at nothing but (N_A, N_B)."""
    share, states = share_by_counts(law), {(0, 0): 1.0}
    for _ in range(j):
        after = defaultdict(float)
        for (a, b), probability in states.items():
            after[a + 1, b] += probability * share(a, b)
            after[a, b + 1] += probability * (1 - share(a, b))
        states = after
    differences = defaultdict(float)
    for (a, b), probability in states.items():
        differences[a - b] += probability
    return dict(differences)


def unconditional_shares(law, n, arms):
    """P(patient j goes to arm k) for j = 1..n, for a law that looks at nothing but counts."""
    states, shares = {(0,) * arms: Fraction(1)}, []
    for _ in range(n):
        after, now = defaultdict(Fraction), [Fraction(0)] * arms
        for had, probability in states.items():
            past = [arm for arm in range(arms) for _ in range(had[arm])]
            for k, p in enumerate(law(past)):
                now[k] += probability * p
                if p:
                    after[tuple(x + (i == k) for i, x in enumerate(had))] += probability * p
        states = after
        shares.append(now)
    return shares


def type_one_error_under_selection(law, n, eta):
    """Chance that a two-sided 5 % Z test with known variance rejects, if nothing works.

    A patient met with fewer in A has mean +eta (the guess is A), with fewer in B -eta: those the
    guess sends to A are the better ones. Given the sequence, Z is normal with variance 1; its mean
    needs the sums of these by arm, so the state is (N_A, N_B, sum in A, sum in B).
    """
    share, states = share_by_counts(law), {(0, 0, 0, 0): 1.0}
    for _ in range(n):
        after = defaultdict(float)
        for (a, b, sum_a, sum_b), probability in states.items():
            phi, sign = share(a, b), (a < b) - (a > b)
            if phi > 0:
                after[a + 1, b, sum_a + sign, sum_b] += probability * phi
            if phi < 1:
                after[a, b + 1, sum_a, sum_b + sign] += probability * (1 - phi)
        states = after
    limit, rejected = stats.norm.ppf(0.975), 0.0
    for (a, b, sum_a, sum_b), probability in states.items():
        if a and b:
            shift = eta * (sum_a / a - sum_b / b) / math.sqrt(1 / a + 1 / b)
            rejected += probability * (
                stats.norm.sf(limit - shift) + stats.norm.cdf(-limit - shift)
            )
    return rejected


def report_ratios(n=12):
    for ratio in ((2, 1), (3, 2)):
        schemes = {
            "complete": complete(ratio),
            "random_allocation 30": random_allocation(30, ratio),
            "permuted_block": permuted_block(2 * sum(ratio), ratio),
            **{f"block_urn {k}": block_urn(k, ratio) for k in (1, 2, 3)},
            **{f"mass_weighted_urn {m}": mass_weighted_urn(m, ratio) for m in (2, 3, 5)},
            **{
                f"maximum_entropy {eta}": maximum_entropy(eta, ratio) for eta in (HALF, Fraction(1))
            },
        }
        for name, law in schemes.items():
            shares = [step[0] for step in unconditional_shares(law, n, 2)]
            kept = all(share == Fraction(ratio[0], sum(ratio)) for share in shares)
            print(ratio, name, "keeps" if kept else [round(float(s), 4) for s in shares])


if __name__ == "__main__":
    report_ratios()
