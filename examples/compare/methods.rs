//! Published methods, in their plain form, on the tone map that glyptic's sampler gets.

use std::collections::BinaryHeap;

use glyptic::Cloud;
use glyptic::tone::ToneMap;

use crate::ostromoukhov_table::PARTS;
use crate::stack::{Random, Stack};

/// Shares of an error that the next cell gets, and below it those behind, under and ahead.
type Shares = [f64; 4];

const FLOYD_STEINBERG: Shares = [7.0 / 16.0, 3.0 / 16.0, 5.0 / 16.0, 1.0 / 16.0];

impl Stack<'_> {
    /// Columns and rows of a grid with the spacing.
    fn size(&self) -> (usize, usize) {
        let side = |px: usize| (px as f64 * self.tone.frame.mm_per_px / self.xy_mm) as usize;
        (side(self.tone.grid.width()), side(self.tone.grid.height()))
    }

    /// Mean tone of the cell at (column, row), shifted by a part of a cell; 0 to 1.
    fn cell(&self, column: usize, row: usize, shift: f64) -> f64 {
        let grid = &self.tone.grid;
        let per_px = self.xy_mm / self.tone.frame.mm_per_px;
        let range = |index: usize, limit: usize| {
            let first = ((index as f64 + shift) * per_px) as usize;
            let end = ((index as f64 + shift + 1.0) * per_px).ceil() as usize;
            first.min(limit - 1)..end.clamp(1, limit)
        };
        let (mut sum, mut count) = (0.0, 0.0);
        for y in range(row, grid.height()) {
            for x in range(column, grid.width()) {
                sum += f64::from(grid.at(x, y)) / f64::from(ToneMap::FULL);
                count += 1.0;
            }
        }
        sum / f64::max(count, 1.0)
    }

    fn push(&self, cloud: &mut Cloud, column: f64, row: f64, layer: u32) {
        let frame = &self.tone.frame;
        cloud.push([
            (frame.x_min_mm + column * self.xy_mm) as f32,
            (frame.y_max_mm - row * self.xy_mm) as f32,
            (-f64::from(layer) * self.pitch_mm) as f32,
        ]);
    }

    /// Points per cell and layer that full white stands for.
    fn full(&self) -> f64 {
        self.density_per_mm2 * self.xy_mm * self.xy_mm / f64::from(self.layers)
    }
}

/// A square grid, Floyd-Steinberg to a whole number of dots a cell, odd layers shifted by half a
/// cell: what the shops' programs do.
pub(crate) fn staggered(stack: &Stack<'_>) -> Cloud {
    let (width, height) = stack.size();
    let layers = f64::from(stack.layers);
    let mut random = Random::new(1);
    let mut cloud = Cloud::default();
    let value = |column, row| stack.cell(column, row, 0.0) * stack.full() * layers;
    let shares = |_: f64| FLOYD_STEINBERG;
    diffuse(width, height, value, shares, |column, row, wish| {
        let on = wish.round().clamp(0.0, layers);
        let mut order: Vec<u32> = (0..stack.layers).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, (random.next() * (i + 1) as f64) as usize);
        }
        for &layer in &order[..on as usize] {
            let shift = 0.25 + 0.5 * f64::from(layer % 2);
            stack.push(&mut cloud, column as f64 + shift, row as f64 + shift, layer);
        }
        on
    });
    cloud
}

/// Floyd-Steinberg in each layer by itself (1976), layers shifted against one another.
pub(crate) fn floyd_steinberg(stack: &Stack<'_>) -> Cloud {
    diffused_layers(stack, |_| FLOYD_STEINBERG)
}

/// Ostromoukhov's error diffusion (*A simple and efficient error-diffusion algorithm*, SIGGRAPH 2001) in each
/// layer by itself, layers shifted as for Floyd-Steinberg: the shares of the error follow the wished tone.
/// Points stand on the same lattice.
pub(crate) fn ostromoukhov(stack: &Stack<'_>) -> Cloud {
    diffused_layers(stack, |tone| {
        let level = (tone * 255.0).round().clamp(0.0, 255.0) as usize;
        let [next, behind, under] = PARTS[level.min(255 - level)].map(f64::from);
        let all = next + behind + under;
        [next / all, behind / all, under / all, 0.0]
    })
}

/// Error diffusion in each layer by itself, a point a cell at most; `shares` of the cell's tone before errors.
fn diffused_layers(stack: &Stack<'_>, shares: impl Fn(f64) -> Shares) -> Cloud {
    let (width, height) = stack.size();
    let mut cloud = Cloud::default();
    for layer in 0..stack.layers {
        let shift = f64::from(layer) * 0.618_034 % 1.0;
        let value = |column, row| stack.cell(column, row, shift) * stack.full();
        diffuse(width, height, value, &shares, |column, row, wish| {
            if wish < 0.5 {
                return 0.0;
            }
            let (x, y) = (column as f64 + shift, row as f64 + shift);
            stack.push(&mut cloud, x + 0.5, y + 0.5, layer);
            1.0
        });
    }
    cloud
}

/// Error diffusion in serpentine rows; `shares` gets the value, `place` the wish and returns what it granted.
fn diffuse(
    width: usize,
    height: usize,
    value: impl Fn(usize, usize) -> f64,
    shares: impl Fn(f64) -> Shares,
    mut place: impl FnMut(usize, usize, f64) -> f64,
) {
    let mut here = vec![0.0; width + 2];
    let mut below = vec![0.0; width + 2];
    for row in 0..height {
        let forward = row % 2 == 0;
        for step in 0..width {
            let column = if forward { step } else { width - 1 - step };
            let value = value(column, row);
            let wish = value + here[column + 1];
            let rest = wish - place(column, row, wish);
            let shares = shares(value).map(|share| rest * share);
            let (ahead, behind) = if forward { (2, 0) } else { (0, 2) };
            here[column + ahead] += shares[0];
            below[column + behind] += shares[1];
            below[column + 1] += shares[2];
            below[column + ahead] += shares[3];
        }
        here = std::mem::replace(&mut below, vec![0.0; width + 2]);
    }
}

/// Weighted sample elimination (Yuksel 2015) of the union of all layers: three times as many random
/// points as wanted, spread by the tone; those in the thickest crowds go. Layers at random, so
/// nothing keeps the spacing in space.
pub(crate) fn eliminated(stack: &Stack<'_>) -> Cloud {
    const SURPLUS: f64 = 3.0;
    let grid = &stack.tone.grid;
    let mut random = Random::new(2);
    let (mut points, mut wanted) = (Vec::new(), 0.0);
    for row in 0..grid.height() {
        for column in 0..grid.width() {
            let wish = stack.wish(column, row);
            wanted += wish;
            let count = (SURPLUS * wish + random.next()) as usize;
            for _ in 0..count {
                let (u, v) = (column as f64 + random.next(), row as f64 + random.next());
                // The distance at which points of a hexagonal packing of this tone would stand.
                let radius = (2.0 / (3f64.sqrt() * wish)).sqrt();
                points.push([u, v, radius]);
            }
        }
    }
    let keep = (wanted.round() as usize).min(points.len());
    let alive = eliminate(&points, keep, [grid.width(), grid.height()]);
    let left = points.iter().zip(alive).filter(|(_, alive)| *alive);
    stack.scattered(left.map(|(&[u, v, _], _)| [u, v]), &mut random)
}

/// Which points are left after elimination; x, y and reach of each in pixels.
fn eliminate(points: &[[f64; 3]], keep: usize, [width, height]: [usize; 2]) -> Vec<bool> {
    // Sparse points reach far; what is beyond some pixels hardly weighs.
    const FARTHEST: f64 = 12.0;
    let mut cells: Vec<Vec<u32>> = vec![Vec::new(); width * height];
    for (index, &[x, y, _]) in points.iter().enumerate() {
        cells[y as usize * width + x as usize].push(index as u32);
    }
    let visit = |index: usize, alive: &[bool], each: &mut dyn FnMut(usize, f64)| {
        let [x, y, radius] = points[index];
        let radius = radius.min(FARTHEST);
        let range = |at: f64, limit: usize| {
            (at - radius).max(0.0) as usize..((at + radius) as usize + 1).min(limit)
        };
        for row in range(y, height) {
            for column in range(x, width) {
                for &other in &cells[row * width + column] {
                    let [ox, oy, _] = points[other as usize];
                    let distance = (ox - x).hypot(oy - y);
                    if other as usize != index && alive[other as usize] && distance < radius {
                        each(other as usize, (1.0 - distance / radius).powi(8));
                    }
                }
            }
        }
    };
    let mut alive = vec![true; points.len()];
    let mut weight: Vec<f64> = (0..points.len())
        .map(|index| {
            let mut sum = 0.0;
            visit(index, &alive, &mut |_, part| sum += part);
            sum
        })
        .collect();
    let mut heap: BinaryHeap<(u64, usize)> = weight
        .iter()
        .enumerate()
        .map(|(index, w)| (w.to_bits(), index))
        .collect();
    let mut left = points.len();
    while left > keep {
        let Some((bits, index)) = heap.pop() else {
            break;
        };
        let now = weight[index].max(0.0);
        if now.to_bits() < bits {
            heap.push((now.to_bits(), index));
            continue;
        }
        alive[index] = false;
        left -= 1;
        visit(index, &alive, &mut |other, part| weight[other] -= part);
    }
    alive
}
