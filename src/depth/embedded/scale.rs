//! Stored values of a phone's depth map -> distance.
//!
//! # Source
//!
//! Google, Depth Map Metadata (2014), "Encoding depth and confidence"; Dynamic Depth 1.0 (2019)
//! uses the same two formats.

use super::xmp;

/// Farthest distance that is told apart, in multiples of the nearest: what is farther is background,
/// and infinity (a far end of 0 dioptres) must stay a number.
const FARTHEST: f64 = 1000.0;

/// How stored values, 0 (near) to 1 (far), become distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Values are spread evenly over distances.
    Linear { near: f64, far: f64 },
    /// Values are spread evenly over the inverses of distances.
    Inverse { near: f64, far: f64 },
    /// The file does not say; values are taken as distances without unit.
    Unknown,
}

/// Metres in one of the units that packets name; `None` where they name none that is known.
pub(super) fn metres(units: Option<&str>, default: Option<f64>) -> Option<f64> {
    let Some(units) = units else { return default };
    match units.to_ascii_lowercase().as_str() {
        "m" | "meter" | "meters" | "metre" | "metres" => Some(1.0),
        "cm" => Some(0.01),
        "mm" => Some(0.001),
        // Both ends are turned around before this factor counts.
        "diopters" | "dioptres" => Some(1.0),
        _ => None,
    }
}

impl Scale {
    /// The scale that a packet describes. The format's default is `RangeInverse`.
    pub(super) fn new(stated: &xmp::Scale) -> Self {
        let number = |text: &Option<String>| text.as_deref()?.trim().parse::<f64>().ok();
        let (Some(mut near), Some(mut far)) = (number(&stated.near), number(&stated.far)) else {
            return Self::Unknown;
        };
        let units = stated.units.as_deref().unwrap_or_default();
        if matches!(units.to_ascii_lowercase().as_str(), "diopters" | "dioptres") {
            (near, far) = (1.0 / near, 1.0 / far);
        }
        let format = stated.format.as_deref().unwrap_or("RangeInverse");
        let sound = |distance: f64| distance >= 0.0 && near != far;
        if format.eq_ignore_ascii_case("RangeLinear") {
            let finite = near.is_finite() && far.is_finite();
            if finite && sound(near) && sound(far) {
                return Self::Linear { near, far };
            }
        } else if near > 0.0 && far > 0.0 && near != far {
            return Self::Inverse { near, far };
        }
        Self::Unknown
    }

    /// Distance of a stored value, in the packet's unit; without a scale, the value itself.
    pub(super) fn distance(self, value: f64) -> f64 {
        match self {
            Self::Linear { near, far } => near + value * (far - near),
            Self::Inverse { near, far } => {
                let least = near.min(far).recip() / FARTHEST;
                // The published d = far near / (far - v (far - near)), for an infinite far too.
                ((1.0 - value) / near + value / far).max(least).recip()
            }
            Self::Unknown => value,
        }
    }

    /// The nearest and the farthest distance that the scale can express; `None` without one.
    pub(super) fn ends(self) -> Option<(f64, f64)> {
        let (zero, one) = (self.distance(0.0), self.distance(1.0));
        (self != Self::Unknown).then(|| (zero.min(one), zero.max(one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(format: &str, near: &str, far: &str, units: &str) -> Scale {
        Scale::new(&xmp::Scale {
            format: Some(format.to_owned()),
            near: Some(near.to_owned()),
            far: Some(far.to_owned()),
            units: Some(units.to_owned()),
        })
    }

    #[test]
    fn both_formats_invert_their_published_encoding() {
        let (near, far) = (0.5, 20.0);
        for step in 0..=10 {
            let distance: f64 = near + f64::from(step) * 1.95;
            let linear = (distance - near) / (far - near);
            let inverse = far * (distance - near) / (distance * (far - near));
            let found = scale("RangeLinear", "0.5", "20", "m").distance(linear);
            assert!((found - distance).abs() < 1e-9);
            let found = scale("rangeinverse", "0.5", "20", "m").distance(inverse);
            assert!((found - distance).abs() < 1e-9);
        }
    }

    #[test]
    fn dioptres_are_turned_around_and_infinity_stays_a_number() {
        let scale = scale("RangeInverse", "4", "0", "Diopters");
        assert_eq!(scale.distance(0.0), 0.25);
        assert_eq!(scale.distance(0.5), 0.5);
        assert_eq!(scale.distance(1.0), 250.0);
    }

    #[test]
    fn ends_that_cannot_be_are_unknown() {
        for (near, far) in [
            ("0", "5"),
            ("x", "5"),
            ("2", "2"),
            ("-1", "5"),
            ("NaN", "5"),
        ] {
            assert_eq!(
                scale("RangeInverse", near, far, "m"),
                Scale::Unknown,
                "{near} {far}"
            );
        }
        assert_eq!(scale("RangeLinear", "0", "inf", "m"), Scale::Unknown);
        assert_eq!(Scale::new(&xmp::Scale::default()), Scale::Unknown);
        assert_eq!(Scale::Unknown.distance(0.25), 0.25);
    }
}
