//! Budget: diffusion that ends with a given number of points.
//!
//! Diffusion meets the sum of its wishes to about one point in a thousand, less where photos are
//! nearly black. For a budget it is repeated with a slightly raised target until it gives no fewer
//! points than asked for; the few too many are then left out, evenly over the whole picture.

use super::candidates::Candidates;
use super::diffusion::{self, Chosen};
use super::target::Target;
use crate::error::Result;
use crate::run::Run;

/// Tries before what came out is taken as it is: the tone or the blank holds no more.
const TRIES: u32 = 6;

/// Diffuses; with a budget, to exactly that many points where they can be placed.
pub(super) fn diffuse(
    target: &mut Target,
    candidates: &Candidates<'_>,
    budget: Option<usize>,
    seed: u64,
    run: &Run,
) -> Result<Chosen> {
    let mut chosen = diffusion::diffuse(target, candidates, seed, run)?;
    let Some(budget) = budget else {
        return Ok(chosen);
    };
    for attempt in 0..TRIES {
        let count = chosen.dots.len();
        if count >= budget || count == 0 {
            break;
        }
        let missing = (budget - count) as f64 / count as f64;
        target.scale(1.0 + missing * (1.0 + 0.5 * f64::from(attempt)) + 0.5 / count as f64);
        chosen = diffusion::diffuse(target, candidates, seed, run)?;
    }
    let count = chosen.dots.len();
    if count > budget {
        // Point i stays if the budget's staircase rises at i.
        let step = |i: usize| i as u128 * budget as u128 / count as u128;
        let mut index = 0;
        chosen.dots.retain(|_| {
            index += 1;
            step(index) > step(index - 1)
        });
    }
    Ok(chosen)
}
