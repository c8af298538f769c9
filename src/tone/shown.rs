//! How visible each pixel of the map is, and a smaller picture of what is, to judge it by.

use super::fade::Part;
use super::reduce::{Cover, Plane};
use crate::grid::{Grid, Resampled};

/// What counts when a picture is judged: the subject or, without one, all of the cover, as far as it lies
/// inside the safe outline.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    cover: &'a Cover,
    subject: Option<Plane<'a>>,
    inset_mm: &'a Resampled<'a>,
}

impl<'a> Shown<'a> {
    /// `subject` is what counts of each pixel, 0 to 1; one that lies wholly outside cannot be judged.
    pub(super) fn new(
        cover: &'a Cover,
        subject: Option<Plane<'a>>,
        inset_mm: &'a Resampled<'a>,
    ) -> Self {
        let mut shown = Self {
            cover,
            subject,
            inset_mm,
        };
        let height = shown.subject.as_ref().map_or(0, Plane::height);
        let some = |row| shown.row(row).iter().any(|&weight| weight > 0.5);
        if !(0..height).any(some) {
            shown.subject = None;
        }
        shown
    }

    /// How much each pixel of a row counts, 0 to 1.
    pub(super) fn row(&self, row: usize) -> Vec<f32> {
        let insets_mm = self.inset_mm.row(row);
        self.part(&Part {
            row,
            columns: 0..insets_mm.len(),
            insets_mm: &insets_mm,
        })
    }

    /// The same for a part of a row.
    pub(super) fn part(&self, part: &Part<'_>) -> Vec<f32> {
        let whole = match &self.subject {
            Some(subject) => subject.row(part.row),
            None => self.cover.row(part.row),
        };
        let inside =
            |(&weight, &inset_mm): (&f32, &f32)| if inset_mm >= 0.0 { weight } else { 0.0 };
        let values = whole[part.columns.clone()].iter();
        values.zip(part.insets_mm).map(inside).collect()
    }
}

/// Pixels that are enough to judge a picture by.
const ENOUGH_PX: usize = 500_000;

/// Every so many rows and columns of a picture, and how much each pixel counts.
#[derive(Debug)]
pub(super) struct Sample {
    /// Every so manieth.
    pub(super) step: usize,
    /// Light as if everything were opaque, or what became of it.
    pub(super) values: Grid<f32>,
    pub(super) weight: Grid<f32>,
}

impl Sample {
    /// Of light that is `cover` at most.
    pub(super) fn new(light: &Plane<'_>, cover: &Cover, shown: &Shown<'_>) -> Self {
        let pixels = light.width() * light.height();
        let step = (pixels / ENOUGH_PX).isqrt().max(1);
        let (width, height) = (light.width().div_ceil(step), light.height().div_ceil(step));
        let mut values = Grid::filled(width, height, 0.0);
        values.for_each_row(|row, values| {
            let row = row * step;
            let (light, cover) = (light.row(row), cover.row(row));
            let pixels = light.iter().zip(&*cover).step_by(step);
            for (value, (&light, &cover)) in values.iter_mut().zip(pixels) {
                *value = opaque(light, cover);
            }
        });
        let mut weight = Grid::filled(width, height, 0.0);
        weight.for_each_row(|row, values| {
            let weights = shown.row(row * step);
            for (value, weight) in values.iter_mut().zip(weights.iter().step_by(step)) {
                *value = *weight;
            }
        });
        Self {
            step,
            values,
            weight,
        }
    }
}

/// Light as if its pixel were opaque; none where nothing is.
pub(super) fn opaque(light: f32, cover: f32) -> f32 {
    let opaque = light / cover;
    if cover > 0.0 { opaque } else { 0.0 }
}
