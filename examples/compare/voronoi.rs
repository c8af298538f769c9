//! Weighted Voronoi stippling: A. Secord, *Weighted Voronoi stippling*, NPAR 2002, by the iteration of
//! Lloyd, *Least squares quantization in PCM*, 1982. As optimal transport, without the constraint that all sites have
//! an equal share of the tone.

use glyptic::Cloud;

use crate::stack::{Random, Stack};

/// Rounds; the figures hardly change after so many.
const ROUNDS: usize = 30;

/// Places along each side of a pixel at which the tone is assigned to a site.
const FINER: usize = 4;

/// No site is nearer, yet.
const NONE: u32 = u32::MAX;

/// Sites drawn by the tone, each moved to the centre of the tone that is nearest to it, round after round;
/// layers at random, so nothing keeps the spacing in space.
pub(crate) fn weighted_voronoi(stack: &Stack<'_>) -> Cloud {
    let grid = &stack.tone.grid;
    let (width, height) = (grid.width() * FINER, grid.height() * FINER);
    let finer = FINER as f64;
    let tone = |column: usize, row: usize| f64::from(grid.at(column / FINER, row / FINER));
    let mut random = Random::new(3);
    // From the centres of places: nearer to an edge, a site could lose its only place to a neighbour's.
    let centre = |site: [f64; 2]| site.map(|at| (at * finer).floor() + 0.5);
    let mut sites: Vec<[f64; 2]> = stack.sites(&mut random).into_iter().map(centre).collect();
    for _ in 0..ROUNDS {
        let nearest = nearest(&sites, width, height);
        let mut sums = vec![[0.0; 3]; sites.len()];
        for row in 0..height {
            for column in 0..width {
                let (tone, site) = (tone(column, row), nearest[row * width + column]);
                if tone > 0.0 && site != NONE {
                    let sum = &mut sums[site as usize];
                    sum[0] += tone * (column as f64 + 0.5);
                    sum[1] += tone * (row as f64 + 0.5);
                    sum[2] += tone;
                }
            }
        }
        for (site, [x, y, all]) in sites.iter_mut().zip(sums) {
            if all > 0.0 {
                *site = [x / all, y / all];
            }
        }
    }
    let places = sites.iter().map(|site| site.map(|at| at / finer));
    stack.scattered(places, &mut random)
}

/// The nearest site of every place, by two sweeps that hand sites on to neighbours (P. Danielsson, *Euclidean
/// distance mapping*, 1980); where it is not the nearest, it is nearly so.
fn nearest(sites: &[[f64; 2]], width: usize, height: usize) -> Vec<u32> {
    let mut nearest = vec![NONE; width * height];
    for (index, &[x, y]) in sites.iter().enumerate() {
        let place = (y as usize).min(height - 1) * width + (x as usize).min(width - 1);
        nearest[place] = index as u32;
    }
    let off = |site: u32, column: usize, row: usize| {
        let Some(&[x, y]) = sites.get(site as usize) else {
            return f64::INFINITY;
        };
        (x - column as f64 - 0.5).powi(2) + (y - row as f64 - 0.5).powi(2)
    };
    let mut take = |column: usize, row: usize, steps: &[(isize, isize)]| {
        let mut own = nearest[row * width + column];
        let mut least = off(own, column, row);
        for &(right, down) in steps {
            let at = (
                column.wrapping_add_signed(right),
                row.wrapping_add_signed(down),
            );
            if at.0 < width && at.1 < height {
                let other = nearest[at.1 * width + at.0];
                let distance = off(other, column, row);
                if distance < least {
                    (own, least) = (other, distance);
                }
            }
        }
        nearest[row * width + column] = own;
    };
    for row in 0..height {
        for column in 0..width {
            take(column, row, &[(-1, 0), (-1, -1), (0, -1), (1, -1)]);
        }
        for column in (0..width).rev() {
            take(column, row, &[(1, 0)]);
        }
    }
    for row in (0..height).rev() {
        for column in (0..width).rev() {
            take(column, row, &[(1, 0), (1, 1), (0, 1), (-1, 1)]);
        }
        for column in 0..width {
            take(column, row, &[(-1, 0)]);
        }
    }
    nearest
}
