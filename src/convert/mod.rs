//! Files that others made, for machines that want them otherwise: frame, unit, mirror; fitted,
//! trimmed, thinned, respaced, put in order.
//!
//! Nothing is done that was not asked for: a plain conversion keeps every point, its place as far as
//! the target file resolves it, and the order. What is asked for happens in one order, whatever
//! that of the flags: mirror, fit, trim, thin, respace, reorder. Trimming and respacing look at the
//! numbers as the target file will hold them.

mod coordinates;
mod cover;
mod extremes;
mod field;
mod fit;
mod placing;
mod reach;
mod respace;
mod rows;
mod summary;
mod thin;
mod written;

pub use coordinates::{Coordinates, FileFrame};
pub use summary::{Moves, Placed, SpacingOf, Summary};
pub use written::Written;

use rayon::prelude::*;

use crate::blank::Blank;
use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::machine::{Machine, Mirror};
use crate::order;
use crate::spacing::closeness;

use respace::Respacing;

/// What is to be done to a cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// A flip of the picture. Default: none.
    pub mirror: Mirror,
    /// Scales and shifts the cloud as a whole: as large as the safe volume allows.
    pub fit: bool,
    /// Drops the points that do not lie in the safe volume.
    pub trim: bool,
    /// Drops points until at most this many are left, and keeps the tone.
    pub thin: Option<u64>,
    /// Moves or drops few points so that the spacing holds.
    pub respace: bool,
    /// Puts the deepest points first, with short ways.
    pub reorder: bool,
}

/// What a conversion is made for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// The crystal, with the margin that is to be kept.
    pub blank: &'a Blank,
    /// The engraver.
    pub machine: &'a Machine,
    /// Least distance of points across the beam, mm; positive and finite.
    pub spacing_xy_mm: f64,
    /// Least distance of points along the beam, mm; positive and finite.
    pub spacing_z_mm: f64,
    /// The numbers of the target file.
    pub written: Written,
}

/// Converts a cloud in millimetres of the portrait frame; the result is in the same.
///
/// # Errors
///
/// [`Error::Setting`] where nothing is safe or nothing fits.
///
/// # Panics
///
/// If a coordinate is not finite, which no reader lets pass, or a spacing is not positive.
pub fn convert(cloud: &Cloud, steps: &Steps, purpose: &Purpose<'_>) -> Result<(Cloud, Summary)> {
    let (blank, machine, written) = (purpose.blank, purpose.machine, &purpose.written);
    let mut summary = Summary {
        points_read: cloud.len() as u64,
        before: spacing_of(cloud, purpose),
        ..Summary::default()
    };
    let mut cloud = mirrored(cloud, steps.mirror);
    if steps.fit {
        let volume = machine.safe_volume(blank)?;
        let fitted = fit::fit(&cloud, &volume, written.rounding_mm())?;
        cloud = fitted.apply(&cloud);
        summary.fit = Some(Placed {
            scale: fitted.scale,
            shift_mm: fitted.shift_mm,
        });
    }
    let strict = steps.fit || steps.trim;
    let volume = match machine.safe_volume(blank) {
        Err(fault) if strict => return Err(fault),
        volume => volume.ok(),
    };
    let inside = |point: [f32; 3]| {
        let point = point.map(f64::from);
        volume
            .as_ref()
            .is_none_or(|volume| fit::stands(volume, point, 0.0))
    };
    let respacing = Respacing {
        written,
        xy_mm: purpose.spacing_xy_mm,
        z_mm: purpose.spacing_z_mm,
        allowed: &inside,
        strict,
    };
    if steps.respace {
        // What is trimmed is then what will be written.
        cloud = respacing.on_steps(&cloud);
    }
    if steps.trim {
        let safe = fit::safe_points(&written.read_back(&cloud), blank, machine);
        summary.trimmed = (cloud.len() - safe.len()) as u64;
        if summary.trimmed > 0 {
            cloud = cloud.permuted(&safe);
        }
    }
    if let Some(budget) = steps.thin {
        let budget = usize::try_from(budget).unwrap_or(usize::MAX);
        if cloud.len() > budget {
            summary.thinned = (cloud.len() - budget) as u64;
            cloud = cloud.permuted(&thin::thin(&cloud, budget));
        }
    }
    if steps.respace {
        cloud = respaced(&cloud, &respacing, &mut summary);
    }
    if steps.reorder {
        let order = order::deepest_first(&cloud, purpose.spacing_z_mm);
        summary.reordered = true;
        cloud = cloud.permuted(&order);
    }
    if cloud.is_empty() && summary.points_read > 0 {
        return Err(Error::setting(
            "--trim",
            &format!("of {} points", summary.points_read),
            format!("leaves none in {}", blank.name),
            "mind --blank, --units and --frame, or use --fit",
        ));
    }
    summary.points = cloud.len() as u64;
    summary.after = spacing_of(&written.read_back(&cloud), purpose);
    summary.warnings = warnings(&summary, steps, purpose);
    Ok((cloud, summary))
}

fn spacing_of(cloud: &Cloud, purpose: &Purpose<'_>) -> SpacingOf {
    let found = closeness(cloud, purpose.spacing_xy_mm, purpose.spacing_z_mm);
    SpacingOf {
        least_ratio: found.least_ratio,
        duplicates: found.duplicates,
    }
}

fn mirrored(cloud: &Cloud, mirror: Mirror) -> Cloud {
    let flipped = |values: &[f32]| values.par_iter().map(|&value| -value).collect();
    let (x, y, z) = (cloud.x_mm(), cloud.y_mm(), cloud.z_mm().to_vec());
    let arrays = match mirror {
        Mirror::None => return cloud.clone(),
        Mirror::X => (flipped(x), y.to_vec(), z),
        Mirror::Y => (x.to_vec(), flipped(y), z),
    };
    Cloud::from_arrays(arrays.0, arrays.1, arrays.2).expect("as many as before")
}

fn respaced(cloud: &Cloud, respacing: &Respacing<'_>, summary: &mut Summary) -> Cloud {
    let respaced = respacing.respace(cloud);
    let moved = &respaced.moved_mm;
    summary.respaced = Some(Moves {
        moved: moved.len() as u64,
        dropped: respaced.dropped,
        mean_mm: moved.iter().sum::<f64>() / moved.len().max(1) as f64,
        most_mm: moved.iter().copied().fold(0.0, f64::max),
    });
    respaced.cloud
}

/// Ratios this near to 1 are the spacing.
const ROUNDING: f64 = 1e-6;

fn warnings(summary: &Summary, steps: &Steps, purpose: &Purpose<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let kept = |spacing: &SpacingOf| spacing.least_ratio.is_none_or(|r| r >= 1.0 - ROUNDING);
    if !kept(&summary.after) {
        let ratio = summary.after.least_ratio.unwrap_or(0.0);
        let spacing = format!("{} x {} mm", purpose.spacing_xy_mm, purpose.spacing_z_mm);
        warnings.push(if !kept(&summary.before) {
            format!(
                "points stand closer than {spacing}, the closest at {ratio:.3} of it; add --respace"
            )
        } else if steps.fit && summary.fit.is_some_and(|fit| fit.scale < 1.0) {
            format!(
                "scaling brings points closer than {spacing}, the closest at {ratio:.3} of it; add \
                 --respace"
            )
        } else {
            format!(
                "the target's rounding brings points closer than {spacing}, the closest at \
                 {ratio:.3} of it; add --respace, or write a format with more decimals"
            )
        });
    }
    warnings
}

#[cfg(test)]
mod tests;
