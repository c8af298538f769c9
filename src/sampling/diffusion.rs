//! Diffusion: which candidates are on.
//!
//! Error diffusion on a raster about as fine as the union of all layers. A pixel's wish is the
//! integral of the tone over it; it is granted as far as the pixel holds candidates, and the rest
//! goes to pixels not yet visited (weights of Floyd and Steinberg, in serpentine rows). So the
//! union of all layers is halftoned jointly, while candidates keep the spacing in space, and no
//! areas of Voronoi cells are needed: where candidates are scarce, wishes wait for the next one.
//!
//! The raster is cut into square blocks; a block hands its errors to the right and upward, and the
//! blocks of one slanted diagonal are done in parallel. The result does not depend on threads.
//!
//! # Source
//!
//! Floyd, Steinberg, *An adaptive algorithm for spatial grey scale*, 1976.

use rayon::prelude::*;

use super::candidates::{Candidates, Dot};
use super::target::Target;
use crate::error::Result;
use crate::random;
use crate::run::Run;

/// Side of a block in pixels; even, so that serpentine rows meet across blocks.
const BLOCK_PX: usize = 64;

/// Largest wish that is passed on, in points, and how much more for each point wished per pixel.
///
/// Where candidates run out, wishes pile up. They may wait as long as the tone stays bright; what
/// would come out behind the next edge stays unplaced instead. A fixed limit of 1.5 left 5 % of a
/// white area empty.
const LARGEST_DEBT: f32 = 0.75;
const DEBT_PER_WISH: f32 = 8.0;

/// What is left of an error on each black pixel that it has to cross.
const BLACK_FADE: f32 = 0.9;

/// Random part of the threshold, against worms; twice as much loses 0.5 dB in the draft.
const NOISE: f32 = 0.2;

/// What diffusion chose.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// The candidates that are on, block after block.
    pub(super) dots: Vec<Dot>,
    /// Points that were wanted where no candidate was left.
    pub(super) unplaced: f64,
}

/// Errors that enter a block: from the left, for each of its rows; from below, for each of its
/// columns.
#[derive(Clone, Debug)]
struct Inflow {
    left: Vec<f32>,
    below: Vec<f32>,
}

impl Inflow {
    fn none() -> Self {
        Self {
            left: vec![0.0; BLOCK_PX],
            below: vec![0.0; BLOCK_PX],
        }
    }
}

/// What leaves a block.
#[derive(Debug)]
struct Outcome {
    dots: Vec<Dot>,
    unplaced: f64,
    /// To the block on the right, for each of its rows.
    right: Vec<f32>,
    /// Upward, for each column, and one more on either side.
    above: Vec<f32>,
}

/// Turns candidates on so that their density in projection follows the target.
pub(super) fn diffuse(
    target: &Target,
    candidates: &Candidates<'_>,
    seed: u64,
    run: &Run,
) -> Result<Chosen> {
    let columns = target.wish.width().div_ceil(BLOCK_PX);
    let rows = target.wish.height().div_ceil(BLOCK_PX);
    let mut inflows: Vec<Option<Inflow>> = vec![None; columns * rows];
    let mut dots: Vec<Vec<Dot>> = vec![Vec::new(); columns * rows];
    let mut unplaced = 0.0;
    let diagonals = columns + 2 * rows;
    for diagonal in 0..diagonals {
        run.check()?;
        run.progress("diffusion", diagonal as f32 / diagonals as f32);
        // Up to the right: all that a block receives has been sent on earlier diagonals.
        let blocks: Vec<(usize, usize, Inflow)> = (0..rows)
            .filter(|&row| 2 * row <= diagonal && diagonal - 2 * row < columns)
            .map(|row| {
                let column = diagonal - 2 * row;
                let inflow = inflows[row * columns + column].take();
                (column, row, inflow.unwrap_or_else(Inflow::none))
            })
            .collect();
        let done: Vec<Outcome> = blocks
            .par_iter()
            .map(|(column, row, inflow)| block(target, candidates, seed, [*column, *row], inflow))
            .collect();
        for (&(column, row, _), outcome) in blocks.iter().zip(done) {
            unplaced += outcome.unplaced;
            dots[row * columns + column] = outcome.dots;
            let mut send =
                |column: usize, row: usize, to: fn(&mut Inflow) -> &mut [f32], errors: &[f32]| {
                    if column < columns && row < rows {
                        let inflow =
                            inflows[row * columns + column].get_or_insert_with(Inflow::none);
                        for (value, more) in to(inflow).iter_mut().zip(errors) {
                            *value += more;
                        }
                    }
                };
            let above = &outcome.above;
            send(column + 1, row, |inflow| &mut inflow.left, &outcome.right);
            send(
                column,
                row + 1,
                |inflow| &mut inflow.below,
                &above[1..=BLOCK_PX],
            );
            send(
                column + 1,
                row + 1,
                |inflow| &mut inflow.below,
                &above[BLOCK_PX + 1..],
            );
            send(
                column.wrapping_sub(1),
                row + 1,
                |inflow| &mut inflow.below[BLOCK_PX - 1..],
                &above[..1],
            );
        }
    }
    Ok(Chosen {
        dots: dots.concat(),
        unplaced,
    })
}

/// Columns of a block's working area: the block and one more on either side; it has one row more.
const STRIDE: usize = BLOCK_PX + 2;

/// The wishes of a block and of the pixels around it, 0 outside the target.
fn wishes(target: &Target, [x_px, y_px]: [usize; 2]) -> Vec<f32> {
    let mut wish = vec![0.0f32; STRIDE * (BLOCK_PX + 1)];
    let width = target.wish.width();
    let (from, to) = (x_px.saturating_sub(1), (x_px + BLOCK_PX + 1).min(width));
    let offset = from + 1 - x_px;
    for (row, values) in wish.chunks_mut(STRIDE).enumerate() {
        if y_px + row < target.wish.height() {
            let source = &target.wish.row(y_px + row)[from..to];
            values[offset..offset + source.len()].copy_from_slice(source);
        }
    }
    wish
}

fn block(
    target: &Target,
    candidates: &Candidates<'_>,
    seed: u64,
    [column, row]: [usize; 2],
    inflow: &Inflow,
) -> Outcome {
    let mut outcome = Outcome {
        dots: Vec::new(),
        unplaced: 0.0,
        right: vec![0.0; BLOCK_PX],
        above: vec![0.0; STRIDE],
    };
    let (x_px, y_px) = (column * BLOCK_PX, row * BLOCK_PX);
    let width = BLOCK_PX.min(target.wish.width() - x_px);
    let height = BLOCK_PX.min(target.wish.height() - y_px);
    let wish = wishes(target, [x_px, y_px]);
    if wish.iter().all(|&wish| wish == 0.0) {
        return outcome;
    }
    let here = candidates.by_pixel(target, [x_px, y_px], [width, height]);
    let mut error = vec![0.0f32; STRIDE * (BLOCK_PX + 1)];
    error[1..=BLOCK_PX].copy_from_slice(&inflow.below);
    for (j, &value) in inflow.left.iter().enumerate() {
        error[j * STRIDE + 1] += value;
    }
    for j in 0..height {
        let forward = j % 2 == 0;
        for step in 0..width {
            let i = if forward { step } else { width - 1 - step };
            let at = j * STRIDE + i + 1;
            let wanted = wish[at];
            let value = wanted + error[at];
            if value == 0.0 {
                continue;
            }
            let mut on = 0;
            if wanted > 0.0 {
                let key = ((y_px + j) as u64) << 32 | (x_px + i) as u64;
                let bits = random::bits(seed, key);
                let noise = ((bits >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * NOISE;
                let free = here.of_pixel(j * width + i);
                on = ((value + 0.5 + noise).floor().max(0.0) as usize).min(free.len());
                let first = (bits & 0xFFFF) as usize;
                outcome
                    .dots
                    .extend((0..on).map(|k| free[(first + k) % free.len()]));
            }
            let mut rest = value - on as f32;
            let largest = LARGEST_DEBT + DEBT_PER_WISH * wanted;
            if rest > largest {
                outcome.unplaced += f64::from(rest - largest);
                rest = largest;
            }
            // Ahead; then of the next row: behind, above, ahead.
            let (ahead, behind) = if forward {
                (at + 1, at - 1)
            } else {
                (at - 1, at + 1)
            };
            let to = [ahead, behind + STRIDE, at + STRIDE, ahead + STRIDE];
            let mut weights = [7.0f32, 3.0, 5.0, 1.0];
            if wanted == 0.0 {
                rest *= BLACK_FADE;
            } else {
                // Black takes nothing, as long as there is another way.
                for (weight, &index) in weights.iter_mut().zip(&to) {
                    *weight = if wish[index] > 0.0 { *weight } else { 0.0 };
                }
            }
            let sum: f32 = weights.iter().sum();
            if sum == 0.0 {
                outcome.unplaced += f64::from(rest.max(0.0));
                continue;
            }
            let share = rest / sum;
            let last_row = j + 1 == BLOCK_PX;
            for (weight, index) in weights.into_iter().zip(to) {
                // What would go back into the block on the left, which is done, goes up.
                let done = index % STRIDE == 0 && !(last_row && index >= BLOCK_PX * STRIDE);
                error[if done { at + STRIDE } else { index }] += share * weight;
            }
        }
    }
    for (j, value) in outcome.right.iter_mut().enumerate() {
        *value = error[j * STRIDE + BLOCK_PX + 1];
    }
    outcome.above.copy_from_slice(&error[BLOCK_PX * STRIDE..]);
    outcome
}
