//! Subject and background told apart by colour, place and depth: no network, no model file.
//!
//! On a reduced picture in a perceptual space:
//!
//! 1. What stands out: the least barrier to the upper border (`barrier`), and how unlikely a colour
//!    is among those of the border, nearer the centre the more; where a face is seen, the rest of
//!    a person around it (`person`).
//! 2. From it two colour models (`mixture`), one of the subject, one of the background; both are
//!    fitted again to each cut (GrabCut).
//! 3. The cut (`flow`): each pixel's odds against the colour edges that a border would follow.
//!
//! Where a depth map is given, nearness joins what stands out. Where the eyes are known, they say where
//! the person is, and that some of the border is. The bottom of the picture is no
//! background: portraits stand on it.
//!
//! # Source
//!
//! C. Rother, V. Kolmogorov, A. Blake, *GrabCut*, SIGGRAPH 2004.

use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::subject::barrier::barrier;
use crate::subject::flow::{Flow, STEPS};
use crate::subject::mixture::Mixture;
use crate::subject::parts::tidy;
use crate::subject::person::{known, may_be, person, person_by_eyes};

/// Rounds of fitting and cutting; the cut seldom moves after the third.
const ROUNDS: usize = 4;

/// Largest log odds that a colour alone may give: more, and a single odd colour would beat all its
/// neighbours.
const COLOR_LIMIT: f32 = 5.0;

/// Weight of what stands out, as log odds, against the colours', round by round: hair that reaches
/// the border must be able to join the face.
const PRIOR_WEIGHT: [f32; ROUNDS] = [0.8, 0.6, 0.45, 0.35];

/// Log odds against the subject on the upper border, round by round.
const BORDER_ODDS: [f32; ROUNDS] = [4.0, 2.0, 1.0, 0.5];

/// How much the colour of skin stands out by itself.
const SKIN_WEIGHT: f32 = 0.2;

/// How much a person who is expected around a face counts against what stands out.
const PERSON_WEIGHT: f32 = 0.5;

/// The same where the eyes are known.
const EYES_WEIGHT: f32 = 0.75;

/// Price of an edge across an even colour, in log odds.
const EDGE: f32 = 9.0;

/// Price that no colour edge takes away: it keeps the outline short.
const LEAST_EDGE: f32 = 0.6;

/// Stretches of the border that are judged one by one.
const STRETCHES: usize = 12;

/// A third of the border may be subject, not more: then nothing is known of the background.
const MOST_ODD: usize = STRETCHES / 3;

/// Whole numbers for the cut: units to one log odd.
const UNITS: f32 = 256.0;

/// How the picture is seeded; the outcome should hardly depend on it, and where it does, the cut is
/// not to be trusted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeding {
    /// Width of the border that is taken for background, share of the shorter side.
    pub(super) band: f32,
    /// How far down the sides it reaches, share of the height.
    pub(super) sides: f32,
    /// Reach of the centre prior, share of the sides.
    pub(super) centre: f32,
    /// How much less likely, in natural logarithms, the colours of a stretch are under a model of
    /// the rest of the border than the rest itself, before it is no background.
    pub(super) odd_from: f32,
}

impl Seeding {
    /// What the cut is made with.
    pub(super) const FIRST: Self = Self {
        band: 0.03,
        sides: 0.75,
        centre: 0.38,
        odd_from: 2.0,
    };
    /// Another, as sensible.
    pub(super) const SECOND: Self = Self {
        band: 0.06,
        sides: 0.5,
        centre: 0.3,
        odd_from: 1.0,
    };
}

/// What is known beside the colours.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clues<'a> {
    /// Nearness, 0 to 1, of the picture's size.
    pub(super) nearness: Option<&'a Grid<f32>>,
    /// The subject's eyes, in the picture's pixels.
    pub(super) eyes: Option<Eyes>,
}

/// A cut and the models that it comes from.
pub(super) struct Cut {
    /// True on the subject.
    pub(super) mask: Grid<bool>,
    /// Log odds of the colours alone, positive on the subject's.
    pub(super) odds: Grid<f32>,
}

/// Cuts the subject out of a reduced picture. `None` where nothing stands out.
pub(super) fn segment(colors: &Grid<[f32; 3]>, clues: Clues<'_>, seeding: Seeding) -> Option<Cut> {
    let border = background_border(colors, clues.eyes, seeding)?;
    let prior = stands_out(colors, clues, &border, seeding)?;
    let known = clues
        .eyes
        .map(|eyes| known(eyes, (colors.width(), colors.height())));
    let edges = Edges::new(colors);
    let mut weights = prior.clone();
    let mut cut = None;
    for round in 0..ROUNDS {
        let odds = color_odds(colors, &weights)?;
        let bias = Grid::from_fn(colors.width(), colors.height(), |column, row| {
            let prior = prior.at(column, row).clamp(0.02, 0.98);
            let mut bias =
                odds.at(column, row) + PRIOR_WEIGHT[round] * (prior / (1.0 - prior)).ln();
            if border.at(column, row) {
                bias -= BORDER_ODDS[round];
            }
            if let Some(known) = &known {
                bias += known.at(column, row);
            }
            (bias * UNITS) as i32
        });
        let mask = Flow::new(&bias, |column, row, k| edges.price(colors, column, row, k)).cut();
        if round + 1 < ROUNDS {
            // What the cut says, and a little of what stood out, so that an empty cut can recover.
            weights = Grid::from_fn(mask.width(), mask.height(), |column, row| {
                let inside = f32::from(u8::from(mask.at(column, row)));
                0.9 * inside + 0.1 * prior.at(column, row)
            });
        }
        cut = Some(Cut { mask, odds });
    }
    let mut cut = cut?;
    cut.mask = tidy(&cut.mask);
    cut.mask.values().contains(&true).then_some(cut)
}

/// The part of the border that is taken for background: above, and down the sides, but for
/// stretches that look like nothing else on the border: there the subject leaves the picture.
fn background_border(
    colors: &Grid<[f32; 3]>,
    eyes: Option<Eyes>,
    seeding: Seeding,
) -> Option<Grid<bool>> {
    let (width, height) = (colors.width(), colors.height());
    let mut stretches = stretches(width, height, seeding);
    if let Some(eyes) = eyes {
        stretches = Grid::from_fn(width, height, |column, row| {
            stretches
                .at(column, row)
                .filter(|_| !may_be(eyes, column, row))
        });
    }
    let mut odd: Vec<(f32, usize)> = Vec::new();
    for stretch in 0..STRETCHES {
        let weigh = |own: bool| -> Vec<f32> {
            let labels = stretches.values().iter();
            let one = |&label: &Option<usize>| label.is_some_and(|l| (l == stretch) == own);
            labels
                .map(|label| f32::from(u8::from(one(label))))
                .collect()
        };
        let (own, others) = (weigh(true), weigh(false));
        let Some(model) = Mixture::fit(colors.values(), &others) else {
            continue;
        };
        let mean = |weights: &[f32]| {
            let (mut sum, mut count) = (0.0_f64, 0_u32);
            for (color, _) in colors.values().iter().zip(weights).filter(|of| *of.1 > 0.0) {
                sum += f64::from(model.log_density(color));
                count += 1;
            }
            (sum / f64::from(count.max(1))) as f32
        };
        let oddness = mean(&others) - mean(&own);
        if own.contains(&1.0) && oddness > seeding.odd_from {
            odd.push((oddness, stretch));
        }
    }
    odd.sort_by(|a, b| b.0.total_cmp(&a.0));
    odd.truncate(MOST_ODD);
    let kept = stretches.map(|label| label.is_some_and(|l| odd.iter().all(|&(_, of)| of != l)));
    kept.values().contains(&true).then_some(kept)
}

/// The border of the picture without its bottom, in stretches counted from the lower left.
fn stretches(width: usize, height: usize, seeding: Seeding) -> Grid<Option<usize>> {
    let band = (seeding.band * width.min(height) as f32).max(1.0);
    let down = (seeding.sides * height as f32).max(1.0);
    let length = 2.0 * down + width as f32;
    Grid::from_fn(width, height, |column, row| {
        let (x, y) = (column as f32, row as f32);
        let aside = column.min(width - 1 - column) as f32;
        let way = if y < band && aside >= y {
            down + x
        } else if aside < band && y < down {
            if 2 * column < width {
                down - y
            } else {
                down + width as f32 + y
            }
        } else {
            return None;
        };
        Some(((way / length * STRETCHES as f32) as usize).min(STRETCHES - 1))
    })
}

/// How much each pixel differs from the border, 0 to 1: by the barrier on the way there, and by how
/// unlikely its colour is among those of the border.
fn differs(colors: &Grid<[f32; 3]>, border: &Grid<bool>) -> Option<Grid<f32>> {
    let far = spread(&barrier(colors, border));
    let seeds: Vec<f32> = border
        .values()
        .iter()
        .map(|&seed| f32::from(u8::from(seed)))
        .collect();
    let background = Mixture::fit(colors.values(), &seeds)?;
    let unlikely = spread(&colors.map(|color| -background.log_density(&color)));
    Some(Grid::from_fn(
        colors.width(),
        colors.height(),
        |column, row| 0.5 * far.at(column, row) + 0.5 * unlikely.at(column, row),
    ))
}

/// How much each pixel stands out, 0 to 1.
fn stands_out(
    colors: &Grid<[f32; 3]>,
    clues: Clues<'_>,
    border: &Grid<bool>,
    seeding: Seeding,
) -> Option<Grid<f32>> {
    let (width, height) = (colors.width(), colors.height());
    let outstanding = differs(colors, border)?;
    let person = match clues.eyes {
        Some(eyes) => Some((EYES_WEIGHT, person_by_eyes(eyes, (width, height)))),
        None => person(colors, &outstanding).map(|person| (PERSON_WEIGHT, person)),
    };
    let out = Grid::from_fn(width, height, |column, row| {
        let x = ((column as f32 + 0.5) / width as f32 - 0.5) / seeding.centre;
        // Faces lie above the middle, bodies below: the prior reaches down to the bottom.
        let y = ((row as f32 + 0.5) / height as f32 - 0.55) / (1.3 * seeding.centre);
        let centre = (-0.5 * (x * x + y.min(0.4 * y) * y.min(0.4 * y))).exp();
        let mut out = outstanding.at(column, row);
        if let Some(nearness) = clues.nearness {
            out = 0.5 * out + 0.5 * nearness.at(column, row);
        }
        out += SKIN_WEIGHT * skin(&colors.at(column, row));
        match &person {
            // Where a face is seen, it says better than the centre what belongs to the subject.
            Some((weight, person)) => {
                let person = person.at(column, row);
                weight * person + (1.0 - weight) * out * centre.max(person)
            }
            None => out * centre,
        }
    });
    let out = spread(&out);
    // A picture without anything that stands out has no subject.
    out.values().iter().any(|&value| value > 0.0).then(|| {
        // The mean divides: about as much lies above as stands out.
        let mean =
            out.values().iter().map(|&v| f64::from(v)).sum::<f64>() / out.values().len() as f64;
        let threshold = (1.6 * mean as f32).clamp(0.05, 0.7);
        out.map(|value| {
            let log_odds = 8.0 * (value - threshold);
            1.0 / (1.0 + (-log_odds).exp())
        })
    })
}

/// How much a colour is that of skin, 0 to 1. Light or dark, skin has nearly one hue: what makes
/// the difference is lightness.
pub(super) fn skin([lightness, a, b]: &[f32; 3]) -> f32 {
    let lit = ((lightness - 0.2) / 0.15).clamp(0.0, 1.0);
    let (red, yellow) = ((a - 0.072) / 0.03, (b - 0.06) / 0.045);
    let near = (-0.5 * (red * red + yellow * yellow)).exp();
    // Greys lie in the tail, and there are many of them.
    lit * ((near - 0.15) / 0.85).max(0.0)
}

/// Values from their 2nd to their 98th percentile as 0 to 1.
fn spread(values: &Grid<f32>) -> Grid<f32> {
    let mut sorted: Vec<f32> = values.values().to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let (low, high) = (at(0.02), at(0.98));
    let scale = if high - low > 1e-6 {
        1.0 / (high - low)
    } else {
        0.0
    };
    values.map(|value| ((value - low) * scale).clamp(0.0, 1.0))
}

/// Log odds of the colours under models of what the weights mark and of the rest.
fn color_odds(colors: &Grid<[f32; 3]>, weights: &Grid<f32>) -> Option<Grid<f32>> {
    let subject = Mixture::fit(colors.values(), weights.values())?;
    let rest: Vec<f32> = weights.values().iter().map(|weight| 1.0 - weight).collect();
    let background = Mixture::fit(colors.values(), &rest)?;
    Some(colors.map(|color| {
        let odds = subject.log_density(&color) - background.log_density(&color);
        odds.clamp(-COLOR_LIMIT, COLOR_LIMIT)
    }))
}

/// What it costs to cut between neighbours.
struct Edges {
    /// One over twice the mean squared difference of neighbours.
    sharpness: f32,
}

impl Edges {
    fn new(colors: &Grid<[f32; 3]>) -> Self {
        let (mut sum, mut count) = (0.0_f64, 0_u32);
        for row in 0..colors.height() {
            for pair in colors.row(row).windows(2) {
                sum += f64::from(squared(&pair[0], &pair[1]));
                count += 1;
            }
        }
        let mean = sum / f64::from(count.max(1));
        Self {
            sharpness: (0.5 / mean.max(1e-6)) as f32,
        }
    }

    fn price(&self, colors: &Grid<[f32; 3]>, column: usize, row: usize, k: usize) -> i32 {
        let (right, down) = STEPS[k];
        let other = colors.at(
            column.wrapping_add_signed(right),
            row.wrapping_add_signed(down),
        );
        let length = ((right * right + down * down) as f32).sqrt();
        let off = squared(&colors.at(column, row), &other);
        let price = LEAST_EDGE + EDGE * (-self.sharpness * off).exp();
        (price / length * UNITS) as i32
    }
}

/// Squared distance of two colours.
pub(super) fn squared(a: &[f32; 3], b: &[f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
