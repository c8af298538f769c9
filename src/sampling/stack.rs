//! The stack: where the layers of a plate stand along z.
//!
//! On a flat plate layer k lies k pitches behind the front. On a relief that is not enough: where
//! the surface is steep, sheets a pitch apart along z come much closer across. So each sheet is
//! the lower envelope of the one before it: the surface that an upside-down bowl of the spacing's
//! size, pushed along under that sheet, leaves free. Points of different layers then never come too
//! close, whatever the slope, and spacing needs to be looked after within each layer only.
//!
//! The bowl is a paraboloid, `z (1 - a^2 / 2)` for the lateral distance `a` in spacings, up to 1 in
//! x and in y: it holds the ellipsoid of the spacing (`1 - a^2 / 2 >= sqrt(1 - a^2)`), costs 6 %
//! more depth than needed at a slope of one, and can be done in x and y one after the other.
//! No sheet gets below the lowest point of the front by more than its number of pitches.
//!
//! # Source
//!
//! Morphological erosion by a parabolic structuring function: van den Boomgaard, Dorst, Makram-Ebeid,
//! Smeulders, *Quadratic structuring functions in mathematical morphology*, 1996.

use super::spacing::Rule;
use crate::grid::{Frame, Grid, Raster};
use crate::plate::{Plate, Surface};

/// Pixels of a sheet's raster in one lateral spacing.
const PX_PER_SPACING: usize = 2;

/// The bowl is sampled at whole pixels; between two samples it could be up to `0.25^2 / 2` higher.
const SAMPLING_SLACK: f64 = 1.032;

/// The layers of a plate.
#[derive(Debug)]
pub(super) enum Stack {
    /// z of the front layer and the distance to the next one, units.
    Flat { front: i32, pitch: i32 },
    /// A sheet for each layer, z in units of the file's grid; the frames are in mm.
    Relief(Vec<Raster>),
}

impl Stack {
    pub(super) fn new(plate: &Plate, rule: &Rule, jitter: i32) -> Self {
        let unit = rule.unit_mm;
        match &plate.surface {
            Surface::Flat(z_mm) => Self::Flat {
                front: (f64::from(*z_mm) / unit).round() as i32,
                pitch: rule.layer_pitch(jitter),
            },
            Surface::Relief(relief) => Self::Relief(sheets(plate, relief, rule, jitter)),
        }
    }

    /// z of a layer (counted from the plate's first) at a place, without jitter, units.
    pub(super) fn z(&self, layer: usize, x: i32, y: i32, unit_mm: f64) -> i32 {
        match self {
            Self::Flat { front, pitch } => front - layer as i32 * pitch,
            Self::Relief(sheets) => {
                let z = sheets[layer].at_mm(f64::from(x) * unit_mm, f64::from(y) * unit_mm);
                z.round() as i32
            }
        }
    }
}

/// How far points of the front layer can stand before its surface, and those of the last one behind the
/// front's lowest point, units.
pub(super) fn reach(rule: &Rule, layers: u32, jitter: i32) -> [f64; 2] {
    // Each layer's own jitter, and rounding to whole units.
    let own = 0.5 * apart(jitter);
    let last = f64::from(layers - 1) * (bowl_depth(rule) + apart(jitter));
    [own, last + own]
}

fn bowl_depth(rule: &Rule) -> f64 {
    rule.z * rule.least * SAMPLING_SLACK
}

/// Rounding to whole units brings two points closer by up to one, jitter by twice its range.
fn apart(jitter: i32) -> f64 {
    f64::from(1 + 2 * jitter)
}

fn sheets(plate: &Plate, relief: &Raster, rule: &Rule, jitter: i32) -> Vec<Raster> {
    let frame = plate.tone.frame;
    let unit = rule.unit_mm;
    let px_mm = rule.xy * unit / PX_PER_SPACING as f64;
    // One spacing more on every side: points may move a little beyond the map's edge.
    let border = PX_PER_SPACING as f64 * px_mm;
    let side = |count: usize| {
        ((count as f64 * frame.mm_per_px + 2.0 * border) / px_mm).ceil() as usize + 1
    };
    let (width, height) = (
        side(plate.tone.grid.width()),
        side(plate.tone.grid.height()),
    );
    let frame = Frame {
        x_min_mm: frame.x_min_mm - border,
        y_max_mm: frame.y_max_mm + border,
        mm_per_px: px_mm,
    };
    let front = Grid::from_fn(width, height, |column, row| {
        let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        (f64::from(relief.at_mm(x, y)) / unit) as f32
    });
    let (depth, apart) = (bowl_depth(rule) as f32, apart(jitter) as f32);
    let mut sheets = vec![Raster { frame, grid: front }];
    for _ in 1..plate.layers {
        let last = &sheets[sheets.len() - 1].grid;
        let grid = lower_envelope(last, depth, apart);
        sheets.push(Raster { frame, grid });
    }
    sheets
}

/// The surface under the bowl of that depth, moved down by `apart` more.
fn lower_envelope(sheet: &Grid<f32>, depth: f32, apart: f32) -> Grid<f32> {
    let (width, height) = (sheet.width(), sheet.height());
    let reach = PX_PER_SPACING;
    let lift = |offset: usize| {
        let a = (offset as f32 - reach as f32) / reach as f32;
        0.5 * depth * a * a
    };
    let mut out = Grid::filled(width, height, 0.0f32);
    out.for_each_row(|row, values| {
        let mut columns = vec![f32::INFINITY; width + 2 * reach];
        for offset in 0..=2 * reach {
            let Some(source) = (row + offset).checked_sub(reach).filter(|&r| r < height) else {
                continue;
            };
            let lift = lift(offset);
            for (least, z) in columns[reach..].iter_mut().zip(sheet.row(source)) {
                *least = least.min(z + lift);
            }
        }
        for (value, near) in values.iter_mut().zip(columns.windows(2 * reach + 1)) {
            let least = near.iter().enumerate().map(|(offset, z)| z + lift(offset));
            *value = least.fold(f32::INFINITY, f32::min) - depth - apart;
        }
    });
    out
}
