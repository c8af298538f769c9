//! Tone curves: display or device values -> light, as tables.

use moxcms::ToneReprCurve;

/// A profile's tone curve as a table, with a last step after the curve.
///
/// # Errors
///
/// Why the curve is none, as a clause.
pub(super) fn tone_table(
    curve: Option<&ToneReprCurve>,
    entries: usize,
    last: impl Fn(f64) -> f64,
) -> Result<Vec<f32>, String> {
    let curve = curve.ok_or("it has no tone curve")?;
    let (black, white) = (tone(curve, 0.0), tone(curve, 1.0));
    if !(white - black > 0.5 && white < 2.0 && black > -0.5) {
        return Err(format!("its tone curve runs from {black:.2} to {white:.2}"));
    }
    let table = table(entries, |x| last(tone(curve, f64::from(x)).clamp(0.0, 1.0)));
    if table.iter().all(|y| y.is_finite()) {
        Ok(table)
    } else {
        Err("its tone curve is not finite".to_owned())
    }
}

/// Light of a device value by a profile's curve; NaN for a curve that is none.
///
/// Not the library's own: its powers are quick ones, and at 0 those of a plain gamma are garbage
/// (-1.7e8 with moxcms 0.8.1).
///
/// # Source
///
/// ICC.1:2022, 10.6 (curveType) and 10.18 (parametricCurveType).
fn tone(curve: &ToneReprCurve, x: f64) -> f64 {
    let power = |base: f64, exponent: f32| base.max(0.0).powf(f64::from(exponent));
    match curve {
        ToneReprCurve::Lut(points) => match points[..] {
            [] => x,
            [gamma] => x.powf(f64::from(gamma) / 256.0),
            [..] => {
                let at = x * (points.len() - 1) as f64;
                let below = (at as usize).min(points.len() - 2);
                let [low, high] = [points[below], points[below + 1]].map(f64::from);
                (low + (high - low) * (at - below as f64)) / 65_535.0
            }
        },
        ToneReprCurve::Parametric(parameters) => {
            let line = |a: f32, b: f32| f64::from(a) * x + f64::from(b);
            match parameters[..] {
                [g] => power(x, g),
                [g, a, b] => power(line(a, b), g),
                [g, a, b, c] => power(line(a, b), g) + f64::from(c),
                [g, a, b, _, d] if x >= f64::from(d) => power(line(a, b), g),
                [_, _, _, c, _] => line(c, 0.0),
                [g, a, b, _, d, e, _] if x >= f64::from(d) => power(line(a, b), g) + f64::from(e),
                [_, _, _, c, _, _, f] => line(c, f),
                _ => f64::NAN,
            }
        }
    }
}

/// `value` at `entries` places from 0 to 1.
pub(super) fn table(entries: usize, value: impl Fn(f32) -> f64) -> Vec<f32> {
    let last = (entries - 1) as f32;
    (0..entries)
        .map(|i| value(i as f32 / last) as f32)
        .collect()
}

/// The curve at `x`, which is cut to 0..1; NaN where `x` is not finite.
pub(super) fn interpolate(curve: &[f32], x: f32) -> f32 {
    if !x.is_finite() {
        return f32::NAN;
    }
    let at = x.clamp(0.0, 1.0) * (curve.len() - 1) as f32;
    let below = (at as usize).min(curve.len() - 2);
    let (low, high) = (curve[below], curve[below + 1]);
    low + (high - low) * (at - below as f32)
}

/// Light of an sRGB display value.
///
/// # Source
///
/// IEC 61966-2-1 (1999), 5.2.
pub(super) fn srgb_to_linear(x: f64) -> f64 {
    if x <= 0.04045 {
        x / 12.92
    } else {
        ((x + 0.055) / 1.055).powf(2.4)
    }
}

pub(super) fn linear_to_srgb(y: f32) -> f32 {
    if y <= 0.003_130_8 {
        y * 12.92
    } else {
        1.055 * y.powf(1.0 / 2.4) - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tone_curves_follow_the_standard() {
        let near = |curve: ToneReprCurve, x: f64, y: f64| {
            let found = tone(&curve, x);
            assert!(
                (found - y).abs() < 1e-6,
                "{curve:?} at {x}: {found}, not {y}"
            );
        };
        near(ToneReprCurve::Lut(vec![]), 0.3, 0.3);
        near(ToneReprCurve::Lut(vec![512]), 0.5, 0.25);
        near(ToneReprCurve::Lut(vec![512]), 0.0, 0.0);
        near(ToneReprCurve::Lut(vec![0, 0, 65_535]), 0.75, 0.5);
        near(ToneReprCurve::Parametric(vec![3.0]), 0.5, 0.125);
        near(ToneReprCurve::Parametric(vec![2.0, 2.0, -1.0]), 0.25, 0.0);
        near(ToneReprCurve::Parametric(vec![2.0, 2.0, -1.0]), 0.75, 0.25);
        near(
            ToneReprCurve::Parametric(vec![2.0, 1.0, 0.0, 0.5]),
            0.5,
            0.75,
        );
        let srgb = vec![2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];
        near(
            ToneReprCurve::Parametric(srgb.clone()),
            0.02,
            srgb_to_linear(0.02),
        );
        near(ToneReprCurve::Parametric(srgb), 0.7, srgb_to_linear(0.7));
        let all = vec![2.0, 1.0, 0.0, 0.5, 0.1, 0.25, 0.125];
        near(ToneReprCurve::Parametric(all.clone()), 0.05, 0.15);
        near(ToneReprCurve::Parametric(all), 0.5, 0.5);
        assert!(tone(&ToneReprCurve::Parametric(vec![]), 0.5).is_nan());
    }

    #[test]
    fn interpolation_meets_ends_and_keeps_what_is_unknown() {
        let curve = [0.0, 0.5, 2.0];
        assert_eq!(interpolate(&curve, -3.0), 0.0);
        assert_eq!(interpolate(&curve, 0.75), 1.25);
        assert_eq!(interpolate(&curve, 7.0), 2.0);
        assert!(interpolate(&curve, f32::NAN).is_nan());
        assert!(interpolate(&curve, f32::INFINITY).is_nan());
    }

    #[test]
    fn display_values_and_light_are_inverses() {
        for step in 0..=100 {
            let x = f64::from(step) / 100.0;
            assert!((linear_to_srgb(srgb_to_linear(x) as f32) - x as f32).abs() < 1e-5);
        }
    }
}
