//! Dither: which candidates are on.
//!
//! A candidate is on where the part of all candidates that the tone wants exceeds its rank's: an
//! ordered dither, whose array is not a raster but the ranked points of the tile. So the points of an
//! even tone are as even as the tile: no worms, no direction, no seams. What thresholds cannot know is
//! whether a small square got as many points as were wanted, where tones change faster than ranks. So
//! the difference is carried from square to square, and where it has grown to more than a point, the
//! square takes the next candidates by rank, or leaves out the last. What cannot be carried on, at the
//! ends of what is lit, is made up for in blocks of squares in the end.
//!
//! Where some of the candidates may not stand (deep layers that leave the blank, other plates) the
//! others of the square take their part, and then those of the squares around.
//!
//! # Source
//!
//! Ulichney, *The void-and-cluster method for dither array generation*, 1993; differences are carried
//! with the weights of Floyd and Steinberg, *An adaptive algorithm for spatial grey scale*, 1976.

mod lost;

use std::ops::Range;

use rayon::prelude::*;

use self::lost::Lost;
use super::candidates::{Candidates, Dot};
use super::target::Target;
use super::tile::Sites;
use crate::error::Result;
use crate::run::Run;

/// Rows of squares that are done together.
const STRIP_SQUARES: usize = 16;

/// Candidates of a square are looked at up to the multiple of the wish at which about so many are left when
/// the wish is met.
const TO_SPARE: f32 = 2.0;

/// Limits of that multiple. Looking at twice the wish everywhere takes longer, and gains a draft at the coarsest
/// blur of `examples/compare` what it loses at the finest.
const MULTIPLES: [f32; 2] = [1.15, 2.0];

/// The multiple near borders, where candidates are missing.
const MULTIPLE_BOUNDED: f32 = 8.0;

/// A difference of so many points is left to the thresholds: rounded at once, dark tones would show
/// the worms of error diffusion. Measured on fur and before a white wall, two passes and a sweep, gain
/// in dB at 0.05 / 0.146 mm: 0.5 gives 13.6 / 14.4 and 6.6 / 4.5, 1 gives 13.8 / 14.8 and 6.9 / 4.9,
/// 2 gives 13.7 / 13.2 and 7.0 / 4.6; nothing carried, 12.9 / 8.3 and 7.2 / 3.0.
const LEFT_ALONE: f32 = 1.0;

/// Points that are carried at most; what is more is left to the block (`lost.rs`), or it would come out far
/// from where it was wanted.
const MOST_CARRIED: f32 = 3.0;

/// Of candidates that are on, those from this multiple of the wish up are looked at first when some
/// are too many.
const LAST_ONES: f32 = 0.98;

/// A candidate, and the multiple of the wish from which on it is on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    multiple: f32,
    pub(super) dot: Dot,
}

impl Found {
    /// Orders candidates, no two alike.
    fn key(&self) -> (u32, i32, i32, u16) {
        let Dot { x, y, layer, .. } = self.dot;
        (self.multiple.to_bits(), y, x, layer)
    }
}

/// The candidates of a row of squares.
#[derive(Debug, Default)]
struct Row {
    /// Those that are on.
    on: Vec<Found>,
    /// The next one of each square that has one left.
    next: Vec<Found>,
}

impl Row {
    /// Room for about so many points, and for the next ones of so many squares.
    fn with_room(wanted: f32, squares: usize) -> Self {
        Self {
            on: Vec::with_capacity((1.1 * wanted) as usize),
            next: Vec::with_capacity(squares),
        }
    }
}

/// Turns candidates on so that their density in projection follows the target; with a budget, as
/// many as that, where there are so many. They come in runs, one for a row of squares.
pub(super) fn dither(
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    budget: Option<usize>,
    run: &Run,
) -> Result<Vec<Vec<Found>>> {
    let parts: Vec<(&Sites, f32, Range<i32>)> = candidates
        .groups
        .iter()
        .flat_map(|sites| {
            let rows = Squares::rows(target, sites);
            let share = sites.layers as f32 / candidates.layers as f32;
            let end = rows.end;
            let strips = rows.step_by(STRIP_SQUARES);
            strips.map(move |first| (sites, share, first..(first + STRIP_SQUARES as i32).min(end)))
        })
        .collect();
    let strips: Vec<Vec<Row>> = parts
        .into_par_iter()
        .with_max_len(1)
        .map(|(sites, share, rows)| {
            run.check()?;
            Ok(strip(target, candidates, sites, share, rows))
        })
        .collect::<Result<_>>()?;
    let mut rows: Vec<Row> = strips.into_iter().flatten().collect();
    if let Some(budget) = budget {
        meet(&mut rows, budget);
    }
    Ok(rows.into_iter().map(|row| row.on).collect())
}

/// Leaves out the last, or takes the next, until the number is that of the budget.
fn meet(rows: &mut [Row], budget: usize) {
    let count: usize = rows.iter().map(|row| row.on.len()).sum();
    if count > budget {
        // Only the last ones are in question.
        let last = |from: f32| -> Vec<_> {
            let on = rows.par_iter().flat_map_iter(|row| &row.on);
            on.filter(|found| found.multiple >= from)
                .map(Found::key)
                .collect()
        };
        let mut keys = last(LAST_ONES);
        if keys.len() < count - budget {
            keys = last(0.0);
        }
        let first = keys.len() - (count - budget);
        let (_, &mut first_out, _) = keys.select_nth_unstable(first);
        rows.par_iter_mut()
            .for_each(|row| row.on.retain(|found| found.key() < first_out));
        return;
    }
    let next = rows.par_iter().flat_map_iter(|row| &row.next);
    let mut keys: Vec<_> = next.map(Found::key).collect();
    let missing = (budget - count).min(keys.len());
    if missing == 0 {
        return;
    }
    let (_, &mut last_in, _) = keys.select_nth_unstable(missing - 1);
    rows.par_iter_mut().for_each(|row| {
        let taken = row.next.iter().filter(|found| found.key() <= last_in);
        row.on.extend(taken);
    });
}

/// One strip of squares of one group of layers.
fn strip(
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    sites: &Sites,
    share: f32,
    rows: Range<i32>,
) -> Vec<Row> {
    let capacity = candidates.capacity(target);
    let mut squares = Squares::new(target, sites);
    let columns = squares.columns.len();
    let mut strip = Vec::with_capacity(rows.len());
    let mut carried = Carried::new(columns);
    let mut lost = Lost::new(&squares);
    // Those of a square that are on, and those that would be next.
    let (mut on, mut next) = (Vec::new(), Vec::new());
    for row in rows.clone() {
        squares.start_row(target, row);
        let mut found = Row::with_room(share * squares.sums.iter().sum::<f32>(), columns);
        let rightward = (row - rows.start) % 2 == 0;
        carried.start_row(rightward);
        for step in 0..columns {
            let place = if rightward { step } else { columns - 1 - step };
            let (wish, brightest) = squares.wish(place);
            if wish <= 0.0 {
                lost.add(place, carried.at(place));
                continue;
            }
            let column = squares.first_column + place as i32;
            let (origin, sites) = sites.square(column, row);
            let [low, high] = squares.corners(column, row);
            let sure = candidates.is_sure_within(low, high);
            let most = if sure {
                let [least, most] = MULTIPLES;
                (1.0 + TO_SPARE / (share * wish)).clamp(least, most)
            } else {
                MULTIPLE_BOUNDED
            };
            on.clear();
            next.clear();
            for site in sites {
                let scaled = site.threshold * capacity;
                if scaled >= most * brightest {
                    break;
                }
                let [x, y] = [site.x + origin[0], site.y + origin[1]];
                let wish = target.at(x, y);
                if scaled >= most * wish {
                    continue;
                }
                let dot = Dot {
                    x,
                    y,
                    layer: site.layer,
                    rest: [0; 2],
                };
                if target.wants_at(x, y) && (sure || candidates.allows(&dot)) {
                    let multiple = scaled / wish;
                    let which = if multiple < 1.0 { &mut on } else { &mut next };
                    which.push(Found { multiple, dot });
                }
            }
            let wanted = share * wish + carried.at(place);
            let off = wanted - on.len() as f32;
            if off.abs() > LEFT_ALONE {
                correct(&mut on, &mut next, off.round() as i32);
            }
            let left = wanted - on.len() as f32;
            let passed_on = left.clamp(-MOST_CARRIED, MOST_CARRIED);
            carried.pass_on(place, passed_on);
            lost.add(place, left - passed_on);
            found.on.extend_from_slice(&on);
            found
                .next
                .extend(next.iter().min_by_key(|found| found.key()));
        }
        strip.push(found);
    }
    carried.start_row(true);
    (0..columns).for_each(|place| lost.add(place, carried.at(place)));
    lost.make_up(&mut strip);
    strip
}

/// Takes so many more of the next ones, or leaves so many of the last out.
fn correct(on: &mut Vec<Found>, next: &mut Vec<Found>, more: i32) {
    let swapped = more.unsigned_abs() as usize;
    if more < 0 {
        let kept = on.len().saturating_sub(swapped);
        if kept < on.len() {
            on.select_nth_unstable_by_key(kept, Found::key);
            next.extend(on.drain(kept..));
        }
        return;
    }
    if swapped < next.len() {
        next.select_nth_unstable_by_key(swapped, Found::key);
        on.extend(next.drain(..swapped));
    } else {
        on.append(next);
    }
}

/// Squares of candidates over the target's raster.
///
/// A square reaches half a unit beyond the places in it: it wants what is wished for those. Cut anywhere
/// else, squares would want too much for a run of them and too little for the next, as stripes that show.
#[derive(Debug)]
struct Squares<'a> {
    sites: &'a Sites,
    first_column: i32,
    columns: Vec<Span>,
    /// The sum of the wishes of this row of squares in each column of pixels, and the largest.
    sums: Vec<f32>,
    largest: Vec<f32>,
}

/// The pixels along an axis that lie in a square, wholly but for the first and the last.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    /// Behind the last.
    end: usize,
    /// How much of the first and of the last lies outside.
    outside: [f32; 2],
}

impl Span {
    /// From `low` to `high` in pixels of `count`; empty outside of them.
    fn new(low: f64, high: f64, count: usize) -> Self {
        let [low, high] = [low, high].map(|at| at.clamp(0.0, count as f64));
        let (first, end) = (low.floor(), high.ceil());
        Self {
            first: first as usize,
            end: end as usize,
            outside: [(low - first) as f32, (end - high) as f32],
        }
    }

    /// The sum of the values in it.
    fn sum(&self, values: &[f32]) -> f32 {
        let values = &values[self.first..self.end];
        let [first, last] = self.outside;
        let ends = values.first().zip(values.last());
        let beyond = ends.map_or(0.0, |(a, b)| first * a + last * b);
        values.iter().sum::<f32>() - beyond
    }
}

impl<'a> Squares<'a> {
    fn new(target: &Target<'_>, sites: &'a Sites) -> Self {
        let width = target.wish.width();
        let end = target.x_min + width as f64 * target.pixel;
        let columns = sites.squares_from_to(target.x_min, end);
        let px = |at: i32| (Self::edge(sites, at) - target.x_min) / target.pixel;
        let span = |column: i32| Span::new(px(column), px(column + 1), width);
        Self {
            sites,
            first_column: columns.start,
            columns: columns.map(span).collect(),
            sums: vec![0.0; width],
            largest: vec![0.0; width],
        }
    }

    /// Where the squares of a column or row begin, units.
    fn edge(sites: &Sites, at: i32) -> f64 {
        f64::from(sites.first_place(at)) - 0.5
    }

    /// Rows of squares over the target's raster.
    fn rows(target: &Target<'_>, sites: &Sites) -> Range<i32> {
        let end = target.y_min + target.wish.height() as f64 * target.pixel;
        sites.squares_from_to(target.y_min, end)
    }

    fn start_row(&mut self, target: &Target<'_>, row: i32) {
        let px = |at: i32| (Self::edge(self.sites, at) - target.y_min) / target.pixel;
        self.sums.fill(0.0);
        self.largest.fill(0.0);
        let span = Span::new(px(row), px(row + 1), target.wish.height());
        for row in span.first..span.end {
            let mut inside = 1.0;
            if row == span.first {
                inside -= span.outside[0];
            }
            if row + 1 == span.end {
                inside -= span.outside[1];
            }
            let sums = self.sums.iter_mut().zip(&mut self.largest);
            for ((sum, largest), &wish) in sums.zip(target.wish.row(row)) {
                *sum += inside * wish;
                *largest = largest.max(wish);
            }
        }
    }

    /// The sum of the wishes in a square of this row, and the largest of its pixels'.
    fn wish(&self, place: usize) -> (f32, f32) {
        let span = &self.columns[place];
        let largest = self.largest[span.first..span.end].iter();
        (span.sum(&self.sums), largest.fold(0.0, |a, &b| a.max(b)))
    }

    /// The first and the last place of a square, x and y of each.
    fn corners(&self, column: i32, row: i32) -> [[i32; 2]; 2] {
        let low = [column, row].map(|at| self.sites.first_place(at));
        let high = [column, row].map(|at| self.sites.first_place(at + 1) - 1);
        [low, high]
    }
}

/// Differences between wish and points on their way to other squares.
#[derive(Debug)]
struct Carried {
    /// For this row and the next, an empty square before and behind.
    rows: [Vec<f32>; 2],
    rightward: bool,
}

impl Carried {
    fn new(columns: usize) -> Self {
        Self {
            rows: [vec![0.0; columns + 2], vec![0.0; columns + 2]],
            rightward: true,
        }
    }

    fn start_row(&mut self, rightward: bool) {
        self.rows.swap(0, 1);
        self.rows[1].fill(0.0);
        self.rightward = rightward;
    }

    fn at(&self, column: usize) -> f32 {
        self.rows[0][column + 1]
    }

    fn pass_on(&mut self, column: usize, difference: f32) {
        let part = difference / 16.0;
        let (ahead, behind) = if self.rightward {
            (column + 2, column)
        } else {
            (column, column + 2)
        };
        self.rows[0][ahead] += 7.0 * part;
        self.rows[1][behind] += 3.0 * part;
        self.rows[1][column + 1] += 5.0 * part;
        self.rows[1][ahead] += part;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Spacing;
    use super::super::spacing::Rule;
    use super::super::tile::Tile;
    use super::*;
    use crate::grid::{Frame, Grid};
    use crate::tone::ToneMap;

    #[test]
    fn squares_share_out_all_wishes_and_all_candidates() {
        let frame = Frame {
            x_min_mm: -5.03,
            y_max_mm: 4.1,
            mm_per_px: 0.05,
        };
        let grid = Grid::from_fn(203, 177, |column, row| (column * row) as u16);
        let tone = ToneMap { frame, grid };
        let spacing = Spacing {
            xy_mm: 0.08,
            z_mm: 0.09,
            precision_mm: 0.01,
            single_precision_to_mm: None,
        };
        let rule = Rule::new(&spacing);
        let target = Target::new(&tone, &rule, 8.0 / 64.0, 4.0);
        let tile = Tile::new(&rule, 8);
        for side in [0.7, 2.5, 4.0, 1000.0].map(|px| px * target.pixel) {
            let groups = tile.for_layers(1, 8, side);
            let [sites] = &groups[..] else {
                panic!("eight layers are one group")
            };
            let mut squares = Squares::new(&target, sites);
            let (mut wished, mut candidates) = (0.0, 0u32);
            for row in Squares::rows(&target, sites) {
                squares.start_row(&target, row);
                for place in 0..squares.columns.len() {
                    wished += f64::from(squares.wish(place).0);
                    let column = squares.first_column + place as i32;
                    let [low, high] = squares.corners(column, row);
                    let (origin, sites) = sites.square(column, row);
                    candidates += sites.len() as u32;
                    for site in sites {
                        let [x, y] = [site.x + origin[0], site.y + origin[1]];
                        assert!(x >= low[0] && x <= high[0] && y >= low[1] && y <= high[1]);
                    }
                }
            }
            let all: f64 = target.wish.values().iter().map(|&w| f64::from(w)).sum();
            assert!((wished - all).abs() < 1e-4 * all, "{wished} for {all}");
            let rows = Squares::rows(&target, sites);
            let [left, low] = squares.corners(squares.first_column, rows.start)[0];
            let last = squares.first_column + squares.columns.len() as i32 - 1;
            let [right, high] = squares.corners(last, rows.end - 1)[1];
            let area = f64::from(right - left + 1) * f64::from(high - low + 1);
            let share = f64::from(candidates) / (sites.density() * area);
            assert!((share - 1.0).abs() < 0.1, "{share} of the candidates");
        }
    }
}
