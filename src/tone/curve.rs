//! Curves from 0..1 to 0..1: light to display values, display values to density.

use crate::ease::smoothstep;
use crate::rounding::{nearest_f32, nearest_u32};
use crate::settings::ToneSettings;

/// Intervals of a tabulated curve. With 4096 the sRGB curve is met within 2e-5, a third of an 8-bit
/// file's least step divided by a hundred; the table stays in the first-level cache.
const INTERVALS: usize = 4096;

/// Display values below which what is dark counts as black by degrees: two thirds of a per cent of
/// light, the level of a sensor's noise in the shadows.
const BLACK_UNTIL: f32 = 0.08;

/// Values that are looked up together: all but the look-up itself becomes vector instructions.
pub(super) const LANES: usize = 16;

/// A function on 0 to 1 as a table with linear interpolation; 40 times faster than `powf`.
pub(super) struct Curve(Box<[f32; INTERVALS + 1]>);

impl Curve {
    /// Tabulates a function.
    pub(super) fn tabulate(function: impl Fn(f32) -> f32) -> Self {
        let mut knots = Box::new([0.0; INTERVALS + 1]);
        for (i, knot) in knots.iter_mut().enumerate() {
            *knot = function(i as f32 / INTERVALS as f32);
        }
        Self(knots)
    }

    /// The value at `x`; outside of 0 to 1 that of the nearer end.
    pub(super) fn at(&self, x: f32) -> f32 {
        let [value] = self.all_at([x]);
        value
    }

    /// Each value's own, in place.
    pub(super) fn apply(&self, values: &mut [f32]) {
        let (chunks, rest) = values.as_chunks_mut::<LANES>();
        for values in chunks {
            *values = self.all_at(*values);
        }
        for value in rest {
            *value = self.at(*value);
        }
    }

    fn all_at<const N: usize>(&self, values: [f32; N]) -> [f32; N] {
        let (intervals, parts) = split::<N, INTERVALS>(values.map(|x| x.clamp(0.0, 1.0)));
        let ends = intervals.map(|interval| {
            // Nothing is left for the bounds to check.
            let interval = interval.min(INTERVALS - 1);
            [self.0[interval], self.0[interval + 1]]
        });
        std::array::from_fn(|k| {
            let [low, high] = ends[k];
            low + (high - low) * parts[k]
        })
    }
}

/// The interval of `INTERVALS` in which each value from 0 to 1 lies, and which part of it lies before; 1 lies
/// at the end of the last. What is not a number lies in any.
pub(super) fn split<const N: usize, const INTERVALS: usize>(
    values: [f32; N],
) -> ([usize; N], [f32; N]) {
    let mut intervals = [0; N];
    let mut parts = [0.0; N];
    for k in 0..N {
        let scaled = values[k] * INTERVALS as f32;
        let nearest = nearest_f32(scaled);
        let below = if nearest > scaled {
            nearest - 1.0
        } else {
            nearest
        };
        let last = (INTERVALS - 1) as f32;
        let interval = if below < last { below } else { last };
        intervals[k] = nearest_u32(interval) as usize;
        parts[k] = scaled - interval;
    }
    (intervals, parts)
}

/// Linear light -> display value, IEC 61966-2-1 (sRGB).
pub(super) fn display_of_light(light: f32) -> f32 {
    if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

/// Display value -> density: toning between floor and ceiling. Black stays empty; the floor comes
/// on smoothly, so that the noise of a black background is no cloud of its own.
pub(super) fn density_of_display(settings: &ToneSettings) -> impl Fn(f32) -> f32 {
    let (toning, floor, ceiling) = (
        settings.toning as f32,
        settings.floor as f32,
        settings.ceiling as f32,
    );
    move |display: f32| {
        let onset = smoothstep(display / BLACK_UNTIL);
        floor * onset + (ceiling - floor) * display.powf(toning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_meet_their_function() {
        let curve = Curve::tabulate(display_of_light);
        for i in 0..=100_000 {
            let light = i as f32 / 100_000.0;
            let error = (curve.at(light) - display_of_light(light)).abs();
            assert!(error < 2e-5, "{error} at {light}");
        }
        assert_eq!((curve.at(-1.0), curve.at(2.0)), (0.0, curve.at(1.0)));
        let mut values: Vec<f32> = (0..100).map(|i| 0.0103 * i as f32).collect();
        let each: Vec<f32> = values.iter().map(|&value| curve.at(value)).collect();
        curve.apply(&mut values);
        assert_eq!(values, each);
    }

    #[test]
    fn values_lie_in_their_intervals() {
        for i in 0..=20_000 {
            let value = i as f32 / 20_000.0;
            let ([interval], [part]) = split::<1, 64>([value]);
            assert_eq!(interval, ((value * 64.0) as usize).min(63));
            assert_eq!(part, value * 64.0 - interval as f32);
        }
    }

    #[test]
    fn black_stays_empty_dark_parts_are_lifted_and_nothing_steps() {
        let settings = ToneSettings {
            ceiling: 0.9,
            ..Default::default()
        };
        let density = density_of_display(&settings);
        assert_eq!(density(0.0), 0.0);
        assert!(density(BLACK_UNTIL) >= 0.05);
        assert!((density(1.0) - 0.9).abs() < 1e-6);
        let mut before = 0.0;
        for i in 1..=1000 {
            let now = density(i as f32 / 1000.0);
            assert!(
                now > before && now - before < 0.004,
                "{before} {now} at {i}"
            );
            before = now;
        }
    }
}
