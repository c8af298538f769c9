//! Blue noise through optimal transport: F. de Goes, K. Breeden, V. Ostromoukhov, M. Desbrun, SIGGRAPH Asia 2012,
//! over the union of all layers.
//!
//! Sites stand in the centres of the cells of a power diagram, and the weights are such that all cells have the
//! same tone: by turns, Newton's method finds the weights, and the sites move to the centres. Simpler than the paper:
//! two Newton steps a round, from no weights, rather than until nothing is left; a fixed number of rounds; sites go to
//! the centres rather than down a gradient; and no jitter where sites have fallen into a hexagonal grid. After
//! the last move the cells are not computed again, so their equality is that before it. Nothing keeps the
//! spacing in space.

use glyptic::Cloud;
use glyptic::grid::Grid;

use crate::power::{Share, shares};
use crate::stack::{Random, Stack};

/// Moves of the sites; the first is without weights, since the start is too uneven for Newton's method.
const ROUNDS: usize = 6;

/// Newton steps a round: the first leaves shares uneven by some 1.5 %, the second by less than 1 %.
const STEPS: usize = 2;

/// Least part of a Newton step that is tried.
const LEAST_PART: f64 = 1.0 / 64.0;

/// Sites of equal shares of the tone, in the centres of these.
pub(crate) fn optimal_transport(stack: &Stack<'_>) -> Cloud {
    let wishes = stack.wishes();
    let mut random = Random::new(5);
    let mut sites = stack.sites(&mut random);
    for round in 0..ROUNDS {
        let steps = if round == 0 { 0 } else { STEPS };
        let shares = balanced(&wishes, &sites, steps);
        sites = shares.into_iter().map(|share| share.centre).collect();
    }
    stack.scattered(sites, &mut random)
}

/// The shares of sites whose weights have been evened out by so many Newton steps from no weights.
fn balanced(wishes: &Grid<f64>, sites: &[[f64; 2]], steps: usize) -> Vec<Share> {
    let mut weights = vec![0.0; sites.len()];
    let mut now = shares(wishes, sites, &weights);
    for _ in 0..steps {
        let step = newton_step(&now);
        let mut part = 1.0;
        // A step too far takes all tone from some sites, which they could not win back.
        while part >= LEAST_PART {
            let moved = weights.iter().zip(&step).map(|(old, new)| old + part * new);
            let trial: Vec<f64> = moved.collect();
            let then = shares(wishes, sites, &trial);
            if unevenness(&then) < unevenness(&now) && then.iter().all(|share| share.tone > 0.0) {
                (weights, now) = (trial, then);
                break;
            }
            part *= 0.5;
        }
    }
    now
}

fn mean(shares: &[Share]) -> f64 {
    shares.iter().map(|share| share.tone).sum::<f64>() / shares.len() as f64
}

/// Standard deviation of the shares over their mean.
fn unevenness(shares: &[Share]) -> f64 {
    let mean = mean(shares);
    let square = |share: &Share| (share.tone / mean - 1.0).powi(2);
    (shares.iter().map(square).sum::<f64>() / shares.len() as f64).sqrt()
}

/// The change of weights after which all shares would be equal if they changed in proportion, by conjugate gradients
/// with the diagonal as preconditioner (M. Hestenes, E. Stiefel, 1952), to a hundredth of the error.
fn newton_step(shares: &[Share]) -> Vec<f64> {
    const MOST: usize = 200;
    let mean = mean(shares);
    // A little more than the sum, or a weight of all would be free; more than 0, for sites without neighbours.
    let diagonal: Vec<f64> = shares
        .iter()
        .map(|share| share.trades.iter().map(|trade| trade.1).sum::<f64>() * 1.000_001 + 1e-9)
        .collect();
    let mut step = vec![0.0; shares.len()];
    let mut rest: Vec<f64> = shares.iter().map(|share| mean - share.tone).collect();
    let mut scaled: Vec<f64> = rest.iter().zip(&diagonal).map(|(r, d)| r / d).collect();
    let mut way = scaled.clone();
    let mut power = dot(&rest, &scaled);
    let enough = 1e-4 * dot(&rest, &rest);
    for _ in 0..MOST {
        let traded = |(site, share): (usize, &Share)| {
            let given = share
                .trades
                .iter()
                .map(|&(other, trade)| trade * way[other]);
            diagonal[site] * way[site] - given.sum::<f64>()
        };
        let change: Vec<f64> = shares.iter().enumerate().map(traded).collect();
        let length = power / dot(&way, &change);
        for site in 0..step.len() {
            step[site] += length * way[site];
            rest[site] -= length * change[site];
            scaled[site] = rest[site] / diagonal[site];
        }
        if dot(&rest, &rest) <= enough {
            break;
        }
        let next = dot(&rest, &scaled);
        for (way, scaled) in way.iter_mut().zip(&scaled) {
            *way = scaled + next / power * *way;
        }
        power = next;
    }
    step
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
