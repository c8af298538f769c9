//! From measurements to sentences: what must be mended, and what the user should know. Each says what
//! is wrong, how much, the limit, and what helps.

use super::{Fault, FaultKind, Limits, MachineFindings, Measured, ROUNDING_MM};
use crate::report::{Bounds, thousands};

/// Share of shot-through points above which the order is worth a warning.
const MANY_SHOT_THROUGH: f64 = 0.01;

/// Share of the front view above which a volume looks like fog: the limit at which MathViz warns of
/// opacity.
const FOG: f64 = 0.7;

/// The faults that measurements show, the gravest first.
pub(super) fn faults(measured: &Measured) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |kind, points: u64, message: String| {
        faults.push(Fault {
            kind,
            points,
            message,
        });
    };
    if measured.points == 0 {
        let message = "holds no point; give a file of points".to_owned();
        fault(FaultKind::Empty, 0, message);
    }
    let Measured {
        spacing,
        clearance,
        machine,
        ..
    } = measured;
    if measured.non_finite > 0 {
        let count = counted(measured.non_finite, "has", "have");
        let message = format!("{count} a coordinate that is not finite; export the file again");
        fault(FaultKind::NonFinite, measured.non_finite, message);
    }
    if spacing.duplicates > 0 {
        let count = counted(spacing.duplicates, "coincides", "coincide");
        let message = format!(
            "{count} with another, and would be burnt twice; mend it with `glyptic convert --respace`"
        );
        fault(FaultKind::Duplicates, spacing.duplicates, message);
    }
    if spacing.close_points > spacing.duplicates {
        let count = counted(spacing.close_points, "stands", "stand");
        let at_least = match spacing.close_pairs_counted_all {
            true => "",
            false => "at least ",
        };
        let pairs = match spacing.close_pairs {
            1 => "1 pair".to_owned(),
            pairs => format!("{} pairs", thousands(pairs)),
        };
        let message = format!(
            "{count} closer to another than {} x {} mm ({at_least}{pairs}), the closest at {:.3} \
             of it; mend it with `glyptic convert --respace`",
            spacing.xy_mm,
            spacing.z_mm,
            spacing.least_ratio.unwrap_or(0.0)
        );
        fault(FaultKind::Spacing, spacing.close_points, message);
    }
    let least_mm = clearance.least_mm.unwrap_or(0.0);
    if clearance.outside > 0 {
        let count = counted(clearance.outside, "lies", "lie");
        let message = format!(
            "{count} outside {} ({}), the farthest by {:.2} mm; mind --blank, --units and --frame, \
             or use `glyptic convert --fit` or `--trim`",
            clearance.blank, clearance.size, -least_mm
        );
        fault(FaultKind::Outside, clearance.outside, message);
    }
    if clearance.within_margin > 0 {
        let count = counted(clearance.within_margin, "lies", "lie");
        let message = format!(
            "{count} less than {} mm below the surface; use `glyptic convert --trim` or `--fit`, or \
             lower --margin",
            clearance.margin_mm
        );
        fault(FaultKind::Clearance, clearance.within_margin, message);
    }
    if clearance.within_border > 0 {
        let count = counted(clearance.within_border, "lies", "lie");
        let message = format!(
            "{count} in the border that {} keeps free; use `glyptic convert --trim`",
            clearance.blank
        );
        fault(FaultKind::Border, clearance.within_border, message);
    }
    if measured.entry.out_of_reach > 0 {
        let count = counted(measured.entry.out_of_reach, "is", "are");
        let message = format!(
            "{count} reached only through a bevel, a hole or a curved side; use `glyptic convert \
             --trim`"
        );
        fault(FaultKind::Entry, measured.entry.out_of_reach, message);
    }
    machine_faults(measured, machine, &mut fault);
    faults
}

fn machine_faults(
    measured: &Measured,
    machine: &MachineFindings,
    fault: &mut impl FnMut(FaultKind, u64, String),
) {
    let name = &machine.name;
    if let Some(most) = machine.largest_count.filter(|&most| measured.points > most) {
        let message = format!(
            "{name} takes {} points in a file, and there are {}; use `glyptic convert --thin {most}`",
            thousands(most),
            thousands(measured.points)
        );
        fault(FaultKind::Count, measured.points - most, message);
    }
    let bytes = machine.file_bytes.unwrap_or(0);
    if let Some(most) = machine.largest_file_mb
        && bytes as f64 > most * 1e6
    {
        let message = format!(
            "{name} takes files of {most} MB, and this one has {:.1} MB; use `glyptic convert \
             --thin`, or a binary format",
            bytes as f64 / 1e6
        );
        fault(FaultKind::FileSize, 0, message);
    }
    if let Some(deepest) = machine.deepest_mm
        && deepest > machine.depth_range_mm + ROUNDING_MM
    {
        let message = format!(
            "{name} reaches {} mm below the entry face, and the deepest point lies at {deepest:.2} \
             mm; choose a thinner blank, or another machine",
            machine.depth_range_mm
        );
        fault(FaultKind::DepthRange, 0, message);
    }
    let Some(Bounds { min, max }) = measured.bounds_mm else {
        return;
    };
    let extent = [0, 1].map(|axis| f64::from(max[axis]) - f64::from(min[axis]));
    let [width, height] = machine.field_mm;
    if extent[0] > width || extent[1] > height {
        let message = format!(
            "{name} has a field of {width} x {height} mm, and the points take {:.1} x {:.1} mm; \
             etch them in parts, or choose another machine",
            extent[0], extent[1]
        );
        fault(FaultKind::Field, 0, message);
    }
}

/// `1 point stands`, `1,200 points stand`.
fn counted(points: u64, one: &str, many: &str) -> String {
    match points {
        1 => format!("1 point {one}"),
        points => format!("{} points {many}", thousands(points)),
    }
}

/// What spoils the picture without harming the glass.
pub(super) fn warnings(measured: &Measured, limits: &Limits<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let order = &measured.order;
    if order.share > MANY_SHOT_THROUGH {
        warnings.push(format!(
            "{:.0} % of the points are shot through earlier ones, which scatter the beam; put the \
             deepest first with `glyptic convert --reorder`",
            100.0 * order.share
        ));
    }
    let density = &measured.density;
    if density.filled_share > FOG {
        warnings.push(format!(
            "{:.0} % of the front view is filled, more than {:.0} %, and may look like fog; use \
             `glyptic convert --thin`",
            100.0 * density.filled_share,
            100.0 * FOG
        ));
    }
    // A square grid in every layer of the machine.
    let full = f64::from(limits.machine.layers) / limits.spacing_xy_mm.powi(2);
    if density.largest_per_mm2 > 1.1 * full {
        let [x, y] = density.largest_at_mm;
        warnings.push(format!(
            "{:.0} points stand on a square millimetre at {x:.1} {y:.1} mm, more than {} full layers \
             have ({full:.0})",
            density.largest_per_mm2, limits.machine.layers
        ));
    }
    warnings
}
