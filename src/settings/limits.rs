//! The limits of the numbers that need no knowledge of blank, machine or photo.

use super::{Cropping, PlacementSettings, Settings, ToneSettings};
use crate::error::{Error, Result};

/// The finest grid that points stand on, mm. Far below what any stage positions, and exact in the
/// single precision of a [`crate::Cloud`] up to 8 m.
pub(crate) const FINEST_GRID_MM: f64 = 0.001;

/// Largest side of a blank, mm. The tone map of a larger one would take gigabytes at 0.025 mm.
pub(crate) const LARGEST_SIDE_MM: f64 = 300.0;

/// The most points of a job; point indices and file sizes are planned for this.
pub(crate) const MOST_POINTS: u64 = 100_000_000;

/// One number of the settings: flag, value, unit, least and largest value.
type Limits = (&'static str, f64, &'static str, f64, f64);

/// Checks all of them.
///
/// # Errors
///
/// [`Error::Setting`] for the first that is not within its limits.
pub(crate) fn check(settings: &Settings) -> Result<()> {
    check_placement(&settings.placement)?;
    check_tone(&settings.tone)?;
    let depth = &settings.depth;
    let megapixels = settings.photo.max_megapixels;
    let jitter_mm = settings.sampling.jitter_z_mm.get();
    let mut limits: Vec<Limits> = vec![
        ("--max-megapixels", megapixels, "", 1e-6, 4000.0),
        ("--background", settings.matte.background, "", 0.0, 1.0),
        ("--jitter-z", jitter_mm, " mm", 0.0, 1.0),
        ("--detail", depth.detail, "", 0.0, 4.0),
    ];
    if let Some(curve) = depth.relief_curve {
        limits.push(("--relief-curve", curve, "", 0.0, 1.0));
    }
    if let Some(relief) = depth.relief_mm {
        limits.push(("--relief", relief.get(), " mm", 0.001, LARGEST_SIDE_MM));
    }
    within(&limits)?;
    if let Some(grid) = settings.output.precision_mm
        && ![FINEST_GRID_MM, 0.01].contains(&grid.get())
    {
        let limit = "is neither 0.001 nor 0.01 mm";
        return Err(Error::setting(
            "--precision",
            &grid,
            limit,
            "give one of the two",
        ));
    }
    match settings.sampling.points {
        Some(points) if !(1..=MOST_POINTS).contains(&points) => {
            let limit = format!("does not lie between 1 and {MOST_POINTS}");
            Err(Error::setting(
                "--points",
                &points,
                limit,
                "give a number of points between them",
            ))
        }
        _ => Ok(()),
    }
}

/// Checks those of the placement.
///
/// # Errors
///
/// [`Error::Setting`] for the first that is not within its limits.
pub(crate) fn check_placement(placement: &PlacementSettings) -> Result<()> {
    let [x_mm, y_mm] = [placement.offset_x_mm, placement.offset_y_mm].map(|offset| offset.get());
    let degrees = placement.rotate_degrees.get();
    let mut limits: Vec<Limits> = vec![
        ("--zoom", placement.zoom, "", 0.05, 50.0),
        ("--offset x", x_mm, " mm", -LARGEST_SIDE_MM, LARGEST_SIDE_MM),
        ("--offset y", y_mm, " mm", -LARGEST_SIDE_MM, LARGEST_SIDE_MM),
        ("--rotate", degrees, " degrees", -360.0, 360.0),
    ];
    if let Some(Cropping::Part(crop)) = placement.crop {
        limits.push(("--crop x", crop.x_px, " px", -1e6, 1e6));
        limits.push(("--crop y", crop.y_px, " px", -1e6, 1e6));
        limits.push(("--crop w", crop.width_px, " px", 1.0, 1e6));
        limits.push(("--crop h", crop.height_px, " px", 1.0, 1e6));
    }
    within(&limits)
}

/// Checks those of the tone.
///
/// # Errors
///
/// [`Error::Setting`] for the first that is not within its limits.
pub(crate) fn check_tone(tone: &ToneSettings) -> Result<()> {
    let mut limits: Vec<Limits> = vec![
        ("--toning", tone.toning, "", 0.2, 5.0),
        ("--floor", tone.floor, "", 0.0, 0.5),
        ("--ceiling", tone.ceiling, "", 0.05, 1.0),
        ("--brightness", tone.brightness, "", -1.0, 1.0),
        ("--contrast", tone.contrast, "", 0.0, 5.0),
    ];
    if let Some(fade) = tone.fade_mm {
        limits.push(("--fade", fade.get(), " mm", 0.0, 50.0));
    }
    within(&limits)?;
    if tone.floor <= tone.ceiling {
        return Ok(());
    }
    let limit = format!("is above the ceiling of {}", tone.ceiling);
    let remedy = "lower --floor or raise --ceiling";
    Err(Error::setting("--floor", &tone.floor, limit, remedy))
}

fn within(limits: &[Limits]) -> Result<()> {
    for &(flag, value, unit, least, largest) in limits {
        // A range holds no NaN.
        if !(least..=largest).contains(&value) {
            let limit = format!("does not lie between {least} and {largest}{unit}");
            let remedy = "give a value between them, or leave the flag out";
            return Err(Error::setting(
                flag,
                &format!("{value}{unit}"),
                limit,
                remedy,
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Mm;

    #[test]
    fn tones_out_of_range_are_refused_by_name() {
        type Spoil = fn(&mut ToneSettings, f64);
        let spoil: [(&str, Spoil); 5] = [
            ("--toning", |settings, value| settings.toning = value),
            ("--floor", |settings, value| settings.floor = value),
            ("--ceiling", |settings, value| settings.ceiling = value),
            ("--brightness", |settings, value| {
                settings.brightness = value
            }),
            ("--contrast", |settings, value| settings.contrast = value),
        ];
        for (flag, spoil) in spoil {
            for value in [f64::NAN, f64::INFINITY, -7.0, 7.0] {
                let mut settings = ToneSettings::default();
                spoil(&mut settings, value);
                let error = check_tone(&settings).unwrap_err().to_string();
                assert!(error.starts_with(flag), "{error}");
            }
        }
        let crossed = ToneSettings {
            floor: 0.3,
            ceiling: 0.2,
            ..Default::default()
        };
        assert!(
            check_tone(&crossed)
                .unwrap_err()
                .to_string()
                .contains("ceiling of 0.2")
        );
        let faded = ToneSettings {
            fade_mm: Mm::new(-1.0),
            ..Default::default()
        };
        assert!(
            check_tone(&faded)
                .unwrap_err()
                .to_string()
                .starts_with("--fade -1")
        );
    }
}
