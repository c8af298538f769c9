//! Ranks: an order of all points of all layers, so that the first of them, however many, are spread
//! as evenly as that number allows.
//!
//! Points are taken away one by one, each time the one that stands in the thickest crowd; the last
//! to go are ranked first. What crowds is a potential of charges, summed over the union of all
//! layers, over those of the first two and four, and over the point's own layer. The layers give in
//! turns: so none is full while others are empty, and points have room to move.
//!
//! # Source
//!
//! Ulichney, *The void-and-cluster method for dither array generation*, 1993, on points instead of
//! pixels, with the kernel of `sampling::potential`; Yuksel, *Sample elimination for generating
//! Poisson disk sample sets*, 2015, for taking points away with a heap.

use std::collections::BinaryHeap;

/// Groups of layers whose unions are spread: first layer, number of layers, weight.
const UNIONS: [(usize, usize, f64); 3] = [(0, 8, 1.0), (0, 4, 0.3), (0, 2, 0.2)];

/// Weight of each layer for itself. Less, a plate of one layer is less even; more, one of eight: with 0.4
/// a draft loses 0.2 to 0.4 dB at 0.05 mm of blur on the photos of `docs/comparison.md`.
const OWN: f64 = 0.05;

/// Points farther apart than so many mean distances of their union do not feel one another.
const REACH: f64 = 14.0;

/// Widths of the kernel's Gaussians in mean distances; a quarter of the height from one to the next.
const WIDTHS: [f64; 4] = [0.7, 1.4, 2.8, 5.6];

/// Steps of the kernel's table.
const STEPS: usize = 8192;

/// The order of the points of all layers (layer, index) on a torus of side `period`.
pub(crate) fn ranked(layers: &[Vec<[f64; 2]>], period: f64) -> Vec<(usize, usize)> {
    let points: Vec<(usize, [f64; 2])> = layers
        .iter()
        .enumerate()
        .flat_map(|(layer, points)| points.iter().map(move |&point| (layer, point)))
        .collect();
    let place: Vec<(usize, usize)> = layers
        .iter()
        .enumerate()
        .flat_map(|(layer, points)| (0..points.len()).map(move |index| (layer, index)))
        .collect();
    let kernel: Vec<f64> = (0..=STEPS)
        .map(|step| {
            let squared = REACH * REACH * step as f64 / STEPS as f64;
            let bell = |width: f64| (-0.5 * squared / (width * width)).exp() / (width * width);
            WIDTHS.iter().map(|&width| bell(width)).sum()
        })
        .collect();
    let mut alive = vec![true; points.len()];
    let mut left = points.len();
    let mut left_of: Vec<usize> = layers.iter().map(Vec::len).collect();
    let mut gone = Vec::with_capacity(points.len());
    while left > 0 {
        // The kernel's width follows the number of points that are left.
        let until = if left > 64 {
            (left as f64 * 0.7) as usize
        } else {
            0
        };
        let groups = groups(&points, &alive, period, layers.len());
        let mut energy: Vec<f64> = (0..points.len())
            .map(|index| {
                let mut sum = 0.0;
                if alive[index] {
                    visit(&groups, &points, &alive, period, index, &kernel, |_, e| {
                        sum += e
                    });
                }
                sum
            })
            .collect();
        let mut heaps: Vec<BinaryHeap<(u64, usize)>> = vec![BinaryHeap::new(); layers.len()];
        for index in (0..points.len()).filter(|&index| alive[index]) {
            heaps[points[index].0].push((energy[index].to_bits(), index));
        }
        while left > until {
            let most = left_of.iter().copied().max();
            let mut thickest: Option<(u64, usize)> = None;
            for (heap, &left) in heaps.iter_mut().zip(&left_of) {
                if Some(left) == most {
                    thickest = thickest.max(top(heap, &mut energy));
                }
            }
            let Some((_, index)) = thickest else {
                break;
            };
            let layer = points[index].0;
            heaps[layer].pop();
            left_of[layer] -= 1;
            alive[index] = false;
            left -= 1;
            gone.push(place[index]);
            visit(
                &groups,
                &points,
                &alive,
                period,
                index,
                &kernel,
                |other, e| energy[other] -= e,
            );
        }
        println!("{left} points left");
    }
    gone.reverse();
    gone
}

/// The point of a layer that stands in the thickest crowd, with its energy.
fn top(heap: &mut BinaryHeap<(u64, usize)>, energy: &mut [f64]) -> Option<(u64, usize)> {
    // Energies only fall: what stands too high in the heap comes back lower.
    while let Some(&(bits, index)) = heap.peek() {
        energy[index] = energy[index].max(0.0);
        let now = energy[index].to_bits();
        if now == bits {
            return Some((bits, index));
        }
        heap.pop();
        heap.push((now, index));
    }
    None
}

/// A union of layers, in cells.
struct Group {
    layers: std::ops::Range<usize>,
    weight: f64,
    /// Points that are left times their mean distance squared is the torus.
    spacing: f64,
    per_side: usize,
    cells: Vec<Vec<u32>>,
}

fn groups(points: &[(usize, [f64; 2])], alive: &[bool], period: f64, layers: usize) -> Vec<Group> {
    let own = (0..layers).map(|layer| (layer, 1, OWN));
    UNIONS
        .into_iter()
        .chain(own)
        .map(|(first, count, weight)| {
            let layers = first..first + count;
            let member = |&index: &usize| alive[index] && layers.contains(&points[index].0);
            let left = (0..points.len()).filter(member).count().max(1);
            let spacing = period / (left as f64).sqrt();
            // Five by five cells hold all within reach.
            let per_side = ((2.0 * period / (REACH * spacing)) as usize).max(1);
            let mut cells = vec![Vec::new(); per_side * per_side];
            for index in (0..points.len()).filter(member) {
                cells[home(points[index].1, period, per_side)].push(index as u32);
            }
            Group {
                layers,
                weight,
                spacing,
                per_side,
                cells,
            }
        })
        .collect()
}

fn home([x, y]: [f64; 2], period: f64, per_side: usize) -> usize {
    let cell = |value: f64| ((value / period * per_side as f64) as usize).min(per_side - 1);
    cell(y) * per_side + cell(x)
}

/// Calls `each` for every living point that feels this one, with the energy between them.
fn visit(
    groups: &[Group],
    points: &[(usize, [f64; 2])],
    alive: &[bool],
    period: f64,
    index: usize,
    kernel: &[f64],
    mut each: impl FnMut(usize, f64),
) {
    let (layer, [x, y]) = points[index];
    for group in groups.iter().filter(|group| group.layers.contains(&layer)) {
        let n = group.per_side;
        let cell = home([x, y], period, n);
        let (column, row) = (cell % n, cell / n);
        let wide = n.min(5);
        let scale = STEPS as f64 / (REACH * group.spacing).powi(2);
        for k in 0..wide * wide {
            let c = (column + n + k % wide - wide / 2) % n;
            let r = (row + n + k / wide - wide / 2) % n;
            for &other in &group.cells[r * n + c] {
                let other = other as usize;
                if other == index || !alive[other] {
                    continue;
                }
                let [ox, oy] = points[other].1;
                let (dx, dy) = (wrapped(ox - x, period), wrapped(oy - y, period));
                let step = (dx * dx + dy * dy) * scale;
                if step < STEPS as f64 {
                    each(other, group.weight * kernel[step as usize]);
                }
            }
        }
    }
}

fn wrapped(difference: f64, period: f64) -> f64 {
    difference - period * (difference / period).round()
}
