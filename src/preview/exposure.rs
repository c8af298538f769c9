//! Exposure: from points per pixel to light.
//!
//! Light is in proportion to the projected density, so that a face has the tones that it will have
//! in the crystal; only the factor is chosen, by the brightest places of the cloud itself, as a
//! photographer would set the exposure. A cloud of few points is not blown up beyond what leaves
//! each point a point.

use super::light::blur;
use crate::grid::Grid;

/// Light that the brightest places get. Higher burns out the lights of dense portraits, lower
/// leaves them grey.
const WHITE: f32 = 0.80;

/// Light of the brightest pixel of a point that stands alone, at most: sparse clouds show as fine
/// grains on black and not as a fog.
const SINGLE_POINT: f32 = 0.9;

/// Spread over which density is taken, mm: the eye's resolution at 250 mm.
const EYE_MM: f32 = 0.073;

/// Part of the light that is shown blurred to the eye's resolution, so that the front view, drawn
/// some ten times as large as the pendant, keeps its points but does not fall apart into them.
const BLURRED: f32 = 0.62;

/// Part of the light that spreads as a soft glow around bright places, and its spread in mm. What
/// the glow takes the points lose: the sum stays.
const GLOW: (f32, f32) = (0.07, 0.55);

/// Light of each pixel, not yet clipped, from points per pixel.
///
/// `peak_share` is the part of its light that a point puts on its brightest pixel; `burnt_out` is the
/// part of the pixels with points that may be brighter than [`WHITE`].
pub(super) fn expose(
    points: &Grid<f32>,
    px_per_mm: f32,
    peak_share: f32,
    burnt_out: f64,
) -> Grid<f32> {
    let spread = |mm: f32| (mm * px_per_mm).clamp(0.8, 40.0);
    let mut light = blur(points, spread(EYE_MM));
    let white = WHITE / brightest(&light, burnt_out).max(1e-9);
    let gain = white.min(SINGLE_POINT / (peak_share * (1.0 - BLURRED)).max(1e-6));
    let glow = blur(&light, spread(GLOW.1));
    light.for_each_row(|row, values| {
        let (points, glow) = (points.row(row), glow.row(row));
        for ((value, &sharp), &soft) in values.iter_mut().zip(points).zip(glow) {
            let near = BLURRED * *value + (1.0 - BLURRED) * sharp;
            *value = gain * ((1.0 - GLOW.0) * near + GLOW.0 * soft);
        }
    });
    light
}

/// The density that only the part `burnt_out` of the pixels with points exceed; 0 without points.
fn brightest(density: &Grid<f32>, burnt_out: f64) -> f32 {
    let peak = density.values().iter().copied().fold(0.0, f32::max);
    if peak <= 0.0 {
        return 0.0;
    }
    let mut counts = [0u64; 1024];
    let scale = counts.len() as f32 / peak;
    for &value in density.values() {
        // Below a hundredth of the peak it is the blur's tail.
        if value > 0.01 * peak {
            let bin = (value * scale) as usize;
            counts[bin.min(1023)] += 1;
        }
    }
    let limit = (counts.iter().sum::<u64>() as f64 * burnt_out) as u64;
    let mut above = 0;
    for (bin, &count) in counts.iter().enumerate().rev() {
        above += count;
        if above > limit {
            return (bin + 1) as f32 / scale;
        }
    }
    peak
}

#[cfg(test)]
mod tests {
    use super::super::light::soft_clip;
    use super::*;

    /// Four squares of 30 x 30 pixels, of density 1 : 2 : 3 : 4 times `unit`.
    fn steps(unit: f32) -> Grid<f32> {
        Grid::from_fn(120, 30, |column, _| unit * (1 + column / 30) as f32)
    }

    #[test]
    fn light_is_in_proportion_to_density() {
        let light = expose(&steps(0.5), 10.0, 0.5, 0.01);
        let [first, second, third] = [15, 45, 75].map(|column| light.at(column, 15));
        assert!((second / first - 2.0).abs() < 0.1, "{first} {second}");
        assert!((third / first - 3.0).abs() < 0.15, "{first} {third}");
        assert!(soft_clip(light.at(105, 15)) < 0.95);
    }

    #[test]
    fn dense_and_thin_clouds_are_shown_alike() {
        let [thin, dense] = [1.0, 300.0].map(|unit| expose(&steps(unit), 10.0, 0.5, 0.01));
        assert!((thin.at(75, 15) / dense.at(75, 15) - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_lonely_point_is_not_blown_up() {
        let mut points = Grid::filled(99, 99, 0.0);
        points.set(50, 50, 0.4);
        let light = expose(&points, 30.0, 0.4, 0.01);
        let peak = light.values().iter().copied().fold(0.0, f32::max);
        assert!(peak > 0.5 && peak < 1.2, "{peak}");
    }

    #[test]
    fn nothing_gives_no_light() {
        let light = expose(&Grid::filled(20, 20, 0.0), 30.0, 0.4, 0.01);
        assert!(light.values().iter().all(|&value| value == 0.0));
    }
}
