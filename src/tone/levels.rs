//! Levels: which display values become black and white, judged on what is visible.

use rayon::prelude::*;

use crate::grid::Grid;

/// Bins of the histogram over display values.
const BINS: usize = 2048;

/// Share of the visible picture that may turn black, and white: specks and highlights.
const CLIPPED: (f64, f64) = (0.002, 0.005);

/// How far the darkest visible value is taken toward black: all the way, grain in the shadows of a
/// faded print falls under the floor here and there, and leaves holes.
const BLACK_PULL: f32 = 0.85;

/// A range of display values narrower than this is no picture but an even grey: 5 steps of an
/// 8-bit file.
pub(super) const FLAT_BELOW: f32 = 0.02;

/// Levels stretch at most this much: more shows the noise and the 8-bit steps of a flat photo.
const STRETCH_LIMIT: f32 = 2.0;

/// Where the median of what is visible would best lie, as a display value: skin in even light.
const MEDIAN_AIM: f32 = 0.45;

/// Display values, of the range from black to white, that count for the median: a face before a dark
/// wall must not be washed out for the wall's sake.
const LIT_FROM: f32 = 0.15;

/// How far the median is taken toward its aim: a picture at night stays one.
const MEDIAN_PULL: f32 = 0.4;

/// Limits of the gamma that moves the median.
const GAMMA: (f32, f32) = (0.8, 1.3);

/// What becomes black, what becomes white, and the gamma in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// Display value that becomes 0.
    pub(super) black: f32,
    /// Display value that becomes 1.
    pub(super) white: f32,
    /// Exponent on what lies between.
    pub(super) gamma: f32,
    /// Whether the picture is one even grey.
    pub(super) flat: bool,
}

impl Levels {
    /// No change.
    pub(super) const NONE: Self = Self {
        black: 0.0,
        white: 1.0,
        gamma: 1.0,
        flat: false,
    };

    /// Judges display values, each counted by its weight of 0 to 1.
    pub(super) fn judge(display: &Grid<f32>, weight: &Grid<f32>) -> Self {
        let histogram = histogram(display, weight);
        let total: u64 = histogram.iter().sum();
        if total == 0 {
            return Self::NONE;
        }
        let low = percentile(&histogram, CLIPPED.0);
        let high = percentile(&histogram, 1.0 - CLIPPED.1);
        if high - low < FLAT_BELOW {
            return Self {
                flat: true,
                ..Self::NONE
            };
        }
        let (black, white) = limited(BLACK_PULL * low, high);
        let mut lit = histogram;
        let dark = (black + LIT_FROM * (white - black)) * (BINS - 1) as f32;
        lit[..dark as usize].fill(0);
        let median = (percentile(&lit, 0.5) - black) / (white - black);
        Self {
            black,
            white,
            gamma: gamma_for(median),
            flat: false,
        }
    }

    /// A display value after levels.
    pub(super) fn apply(&self, display: f32) -> f32 {
        let level = ((display - self.black) / (self.white - self.black)).clamp(0.0, 1.0);
        if self.gamma == 1.0 {
            level
        } else {
            level.powf(self.gamma)
        }
    }
}

/// Widens a range until it needs no more than the largest stretch, the ends moving in proportion to
/// their distance from black and white, so that a dark flat photo stays dark.
fn limited(low: f32, high: f32) -> (f32, f32) {
    let missing = 1.0 / STRETCH_LIMIT - (high - low);
    if missing <= 0.0 {
        return (low, high);
    }
    let below = low / (low + 1.0 - high);
    (low - missing * below, high + missing * (1.0 - below))
}

fn gamma_for(median: f32) -> f32 {
    if median <= 0.0 || median >= 1.0 {
        return 1.0;
    }
    let aim = median + MEDIAN_PULL * (MEDIAN_AIM - median);
    (aim.ln() / median.ln()).clamp(GAMMA.0, GAMMA.1)
}

/// Weights, in 255ths, by display value; whole numbers, so that no order of adding matters.
fn histogram(display: &Grid<f32>, weight: &Grid<f32>) -> Vec<u64> {
    (0..display.height())
        .into_par_iter()
        .fold(
            || vec![0_u64; BINS],
            |mut bins, row| {
                for (&value, &weight) in display.row(row).iter().zip(weight.row(row)) {
                    let bin = (value.clamp(0.0, 1.0) * (BINS - 1) as f32 + 0.5) as i32 as usize;
                    bins[bin] += u64::from((weight * 255.0 + 0.5) as u16);
                }
                bins
            },
        )
        .reduce(
            || vec![0_u64; BINS],
            |a, b| a.iter().zip(b).map(|(a, b)| a + b).collect(),
        )
}

/// The display value below which the share `share` of all weight lies.
fn percentile(histogram: &[u64], share: f64) -> f32 {
    let total: u64 = histogram.iter().sum();
    let wanted = share * total as f64;
    let mut below = 0_u64;
    let bin = histogram.iter().position(|&weight| {
        below += weight;
        weight > 0 && below as f64 >= wanted
    });
    bin.unwrap_or(0) as f32 / (BINS - 1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_visible_is_judged() {
        // A ramp from 0.3 to 0.9 on the left, black and white junk on the right.
        let display = Grid::from_fn(200, 100, |column, row| match column {
            0..100 => 0.3 + 0.006 * column as f32,
            _ => (row % 2) as f32,
        });
        let left = Grid::from_fn(200, 100, |column, _| f32::from(u8::from(column < 100)));
        let levels = Levels::judge(&display, &left);
        assert!((levels.black - BLACK_PULL * 0.3).abs() < 0.01, "{levels:?}");
        assert!((levels.white - 0.9).abs() < 0.02, "{levels:?}");
        let all = Levels::judge(&display, &Grid::filled(200, 100, 1.0));
        assert!(all.black < 0.01 && all.white > 0.99, "{all:?}");
    }

    #[test]
    fn flat_pictures_are_not_stretched_to_noise() {
        let grid = |spread: f32| {
            Grid::from_fn(100, 100, |column, _| {
                0.5 + spread * (column as f32 / 99.0 - 0.5)
            })
        };
        let weight = Grid::filled(100, 100, 1.0);
        assert!(Levels::judge(&grid(0.01), &weight).flat);
        let faint = Levels::judge(&grid(0.1), &weight);
        assert!(
            !faint.flat && faint.white - faint.black > 0.999 / STRETCH_LIMIT,
            "{faint:?}"
        );
    }

    #[test]
    fn nothing_visible_changes_nothing() {
        let grid = Grid::filled(10, 10, 0.0);
        assert_eq!(Levels::judge(&grid, &grid), Levels::NONE);
    }
}
