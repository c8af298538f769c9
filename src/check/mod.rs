//! Whether a cloud is safe to etch: every promise that glyptic makes of its own clouds, measured on
//! one that comes from anywhere, and every limit of the machine.
//!
//! Too close to one another or to the surface, dots crack the glass, sometimes days later; those that
//! coincide burn it; outside the focus or the field the machine goes wrong. Those are faults. The
//! order and the density spoil the picture and are warnings.
//!
//! Each measure is linear in the points, but for the sort that finds neighbours; all together take
//! below a second for a million points, and 60 bytes a point.

mod findings;
mod front;
mod verdict;

use rayon::prelude::*;

pub use findings::{
    ClearanceFindings, DensityFindings, EntryFindings, Fault, FaultKind, Findings, MachineFindings,
    Measured, OrderFindings, PairFinding, PointFinding, SpacingFindings,
};

use crate::blank::{Blank, Shallow};
use crate::cloud::Cloud;
use crate::machine::Machine;
use crate::report::Bounds;
use crate::spacing::{Neighbours, neighbours};

/// What a cloud is held against.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// The crystal, with the margin that is to be kept.
    pub blank: &'a Blank,
    /// The engraver.
    pub machine: &'a Machine,
    /// Least distance of points across the beam, mm; positive and finite.
    pub spacing_xy_mm: f64,
    /// Least distance of points along the beam, mm; positive and finite.
    pub spacing_z_mm: f64,
    /// Length of the file, where there is one.
    pub file_bytes: Option<u64>,
}

/// Points that are told one by one.
const TOLD_POINTS: usize = 10;

/// Clearance that may be missing: the last digits of coordinates in single precision, mm.
const ROUNDING_MM: f64 = 1e-5;

/// Measures a cloud against its limits.
///
/// # Panics
///
/// If a spacing is not positive and finite, or the cloud has more than `u32::MAX` points.
#[must_use]
pub fn check(cloud: &Cloud, limits: &Limits<'_>) -> Findings {
    let finite = Finite::of(cloud);
    let cloud = &finite.cloud;
    let (xy_mm, z_mm) = (limits.spacing_xy_mm, limits.spacing_z_mm);
    let (near, ((shallow, unreached), (order, density))) = rayon::join(
        || neighbours(cloud, xy_mm, z_mm),
        || {
            rayon::join(
                || (shallow(cloud, limits.blank), unreached(cloud, limits)),
                || {
                    let order = front::shot_through(cloud, xy_mm, z_mm);
                    (order, density(cloud, xy_mm))
                },
            )
        },
    );
    let border = beyond_border(cloud, limits.blank);
    let mut faulty: Vec<u32> = (0..cloud.len() as u32)
        .filter(|&index| near.is_close(index as usize))
        .chain(shallow.iter().map(|point| point.index))
        .chain(unreached.iter().copied())
        .chain(border.iter().copied())
        .map(|index| finite.place(index))
        .chain(finite.odd.iter().copied())
        .collect();
    faulty.sort_unstable();
    faulty.dedup();
    let measured = Measured {
        points: finite.points(),
        non_finite: finite.odd.len() as u64,
        bounds_mm: cloud.bounds().map(|(min, max)| Bounds { min, max }),
        spacing: spacing_findings(&near, &finite, limits),
        clearance: clearance_findings(shallow, border.len(), &finite, limits),
        entry: EntryFindings {
            numerical_aperture: limits.machine.numerical_aperture,
            numerical_aperture_assumed: limits.machine.is_assumed("numerical_aperture"),
            index: limits.machine.refractive_index(),
            out_of_reach: unreached.len() as u64,
        },
        order: OrderFindings {
            shot_through: order,
            share: order as f64 / cloud.len().max(1) as f64,
        },
        density,
        machine: machine_findings(cloud, limits),
    };
    let faults = verdict::faults(&measured);
    Findings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        file: None,
        safe: faults.is_empty(),
        faults,
        warnings: verdict::warnings(&measured, limits),
        measured: Some(measured),
        faulty,
    }
}

/// The points with finite coordinates, and where they stand in the whole cloud.
struct Finite<'a> {
    cloud: std::borrow::Cow<'a, Cloud>,
    /// Places of the others, in rising order.
    odd: Vec<u32>,
    /// Places of those in `cloud`; empty where all are.
    places: Vec<u32>,
}

impl<'a> Finite<'a> {
    fn of(cloud: &'a Cloud) -> Self {
        let finite = |index: u32| {
            let point = cloud.point(index as usize);
            point.iter().all(|value| value.is_finite())
        };
        let odd: Vec<u32> = (0..cloud.len() as u32)
            .into_par_iter()
            .filter(|&index| !finite(index))
            .collect();
        if odd.is_empty() {
            return Self {
                cloud: std::borrow::Cow::Borrowed(cloud),
                odd,
                places: Vec::new(),
            };
        }
        let places: Vec<u32> = (0..cloud.len() as u32)
            .filter(|&index| finite(index))
            .collect();
        Self {
            cloud: std::borrow::Cow::Owned(cloud.permuted(&places)),
            odd,
            places,
        }
    }

    fn points(&self) -> u64 {
        (self.cloud.len() + self.odd.len()) as u64
    }

    /// The place in the whole cloud of the point at `index`.
    fn place(&self, index: u32) -> u32 {
        self.places.get(index as usize).copied().unwrap_or(index)
    }

    /// Its number for people.
    fn number(&self, index: u32) -> u64 {
        u64::from(self.place(index)) + 1
    }
}

fn shallow(cloud: &Cloud, blank: &Blank) -> Vec<Shallow> {
    blank.shallower_than(blank.margin_mm - ROUNDING_MM, cloud)
}

/// Points of the glass that are out of the beam's reach.
fn unreached(cloud: &Cloud, limits: &Limits<'_>) -> Vec<u32> {
    let Some(beam) = limits.machine.beam() else {
        return Vec::new();
    };
    let reached = limits.blank.reached(&beam, cloud);
    (0..cloud.len() as u32)
        .into_par_iter()
        .zip(reached)
        // Outside the glass there is a graver fault to tell.
        .filter(|&(index, reached)| {
            let point = cloud.point(index as usize).map(f64::from);
            !reached && limits.blank.clearance_mm(point) >= 0.0
        })
        .map(|(index, _)| index)
        .collect()
}

fn beyond_border(cloud: &Cloud, blank: &Blank) -> Vec<u32> {
    if blank.border_mm == [0.0; 3] {
        return Vec::new();
    }
    (0..cloud.len() as u32)
        .into_par_iter()
        .filter(|&index| !blank.keeps_border(cloud.point(index as usize).map(f64::from)))
        .collect()
}

fn density(cloud: &Cloud, xy_mm: f64) -> DensityFindings {
    let densest = front::densest(cloud);
    DensityFindings {
        largest_per_mm2: densest.map_or(0.0, |densest| densest.per_mm2),
        largest_at_mm: densest.map_or([0.0; 2], |densest| densest.at_mm),
        filled_share: front::filled_share(cloud, xy_mm),
    }
}

fn spacing_findings(
    near: &Neighbours,
    finite: &Finite<'_>,
    limits: &Limits<'_>,
) -> SpacingFindings {
    let close = (0..near.nearest.len()).filter(|&index| near.is_close(index));
    let close = close.count();
    let closest = near.closest.iter().map(|pair| PairFinding {
        points: pair.points.map(|index| finite.number(index)),
        at_mm: finite.cloud.point(pair.points[0] as usize),
        ratio: pair.ratio,
    });
    SpacingFindings {
        xy_mm: limits.spacing_xy_mm,
        z_mm: limits.spacing_z_mm,
        least_ratio: near.least_ratio,
        nearest_p1: near.percentile(1.0),
        nearest_p5: near.percentile(5.0),
        nearest_p50: near.percentile(50.0),
        duplicates: near.duplicates,
        close_points: close as u64,
        close_pairs: near.close_pairs,
        close_pairs_counted_all: near.counted_all,
        closest: closest.collect(),
    }
}

fn clearance_findings(
    mut shallow: Vec<Shallow>,
    within_border: usize,
    finite: &Finite<'_>,
    limits: &Limits<'_>,
) -> ClearanceFindings {
    let blank = limits.blank;
    let outside = shallow.iter().filter(|point| point.clearance_mm < 0.0);
    let outside = outside.count() as u64;
    let within_margin = shallow.len() as u64 - outside;
    shallow.sort_by(|a, b| {
        let order = a.clearance_mm.total_cmp(&b.clearance_mm);
        order.then_with(|| a.index.cmp(&b.index))
    });
    let worst = shallow.iter().take(TOLD_POINTS).map(|point| PointFinding {
        point: finite.number(point.index),
        at_mm: finite.cloud.point(point.index as usize),
        clearance_mm: point.clearance_mm,
    });
    ClearanceFindings {
        blank: blank.name.clone(),
        size: blank.size,
        margin_mm: blank.margin_mm,
        least_mm: match shallow.first() {
            Some(point) => Some(point.clearance_mm),
            None => blank.least_clearance_mm(&finite.cloud),
        },
        outside,
        within_margin,
        within_border: within_border as u64,
        worst: worst.collect(),
    }
}

fn machine_findings(cloud: &Cloud, limits: &Limits<'_>) -> MachineFindings {
    let machine = limits.machine;
    let entry_mm = limits.blank.size.thickness_mm.get() / 2.0;
    let estimate = machine.estimate(cloud, limits.spacing_z_mm);
    MachineFindings {
        name: machine.name.clone(),
        field_mm: machine.field_mm,
        depth_range_mm: machine.depth_range_mm,
        depth_range_assumed: limits.machine.is_assumed("depth_range_mm"),
        deepest_mm: cloud
            .bounds()
            .map(|(least, _)| entry_mm - f64::from(least[2])),
        largest_count: machine.largest_count,
        largest_file_mb: machine.largest_file_mb,
        file_bytes: limits.file_bytes,
        seconds: estimate.seconds,
        travel_mm: estimate.travel_mm,
    }
}

#[cfg(test)]
mod tests;
