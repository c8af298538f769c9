//! Sampling: plates -> [`Cloud`], between tone and relief before and the order of etching after.
//!
//! An ordered dither (`dither.rs`) turns candidates on: the points of a ready-made tile whose layers fit one
//! another, in the order of their ranks. Relocation (`relocation.rs`) then moves all points at once
//! down the error of tone, on coarse scales and fine ones; polish (`polish.rs`) moves one after another
//! on the finest. Every step keeps the spacing, and stands on the grid of the file, so that nothing
//! is rounded afterwards. Where the spacing has no room, points are left out and counted; a budget of points
//! is no promise beyond what full white holds. The sources stand in the files.

mod bands;
mod candidates;
mod dither;
pub mod packing;
mod polish;
mod potential;
mod relocation;
mod separation;
mod spacing;
mod stack;
mod target;
pub mod tile;
mod work;

use rayon::prelude::*;

use self::bands::{Bands, runs};
use self::candidates::{Candidates, Dot};
use self::spacing::Rule;
use self::target::Target;
use self::tile::Tile;
pub use self::work::Quality;
use crate::blank::SafeVolume;
use crate::cloud::Cloud;
use crate::error::Result;
use crate::plate::{Plate, Surface};
use crate::random;
use crate::run::Run;

/// The least distance between points, and the grid on which they stand.
///
/// Two points keep `sqrt((dx^2 + dy^2) / xy^2 + dz^2 / z^2) >= 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// Least distance across the beam, mm.
    pub xy_mm: f64,
    /// Least distance along the beam, mm.
    pub z_mm: f64,
    /// Coordinates are whole multiples of this, mm: 0.01 or 0.001.
    pub precision_mm: f64,
    /// The largest coordinate, mm, that an output holds as a binary single-precision number, whose own rounding must
    /// not take a pair below the spacing; `None` where all numbers are text.
    pub single_precision_to_mm: Option<f64>,
}

/// What to sample, beside the plates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Least distances.
    pub spacing: Spacing,
    /// How much work.
    pub quality: Quality,
    /// Another seed gives another, equally good cloud.
    pub seed: u64,
    /// A budget: exactly so many points (within 0.1 %), the picture scaled in density, as long as its brightest
    /// part stays below full white.
    pub points: Option<u64>,
    /// Largest random shift of a layer's points along z, mm; layers move apart by twice as much.
    pub jitter_z_mm: f64,
}

/// A sampled cloud, and what is to be reported of it.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// The points, on the grid of [`Spacing::precision_mm`], in no particular order.
    pub cloud: Cloud,
    /// Points per mm2 in projection that a tone map's full white stands for, of the first plate.
    pub max_density_per_mm2: f64,
    /// Points that were wanted where the spacing left no room for them.
    pub unplaced_points: f64,
    /// Points wanted in all.
    pub wanted_points: f64,
}

/// The part of the tile's density that full white asks for. What is left are places that relocation
/// can move points into.
const WHITE_OF_TILE: f64 = 0.988;

/// The largest share of a square grid's density that is called full white. The tile could give
/// more, but relocation then has no room to even it out.
const WHITE_OF_GRID: f64 = 0.98;

/// Distance of the layers of a flat plate along z, mm: the spacing, and room for the jitter.
#[must_use]
pub fn layer_pitch_mm(spacing: &Spacing, jitter_z_mm: f64) -> f64 {
    let rule = Rule::new(spacing);
    f64::from(rule.layer_pitch(jitter_units(&rule, jitter_z_mm))) * rule.unit_mm
}

fn jitter_units(rule: &Rule, jitter_z_mm: f64) -> i32 {
    (jitter_z_mm / rule.unit_mm + 1e-9) as i32
}

/// Depth that the points of a plate take up at most before the surface of its front layer, and behind that
/// surface, mm.
#[must_use]
pub fn stack_reach_mm(spacing: &Spacing, layers: u32, jitter_z_mm: f64) -> [f64; 2] {
    let rule = Rule::new(spacing);
    let reach = stack::reach(&rule, layers, jitter_units(&rule, jitter_z_mm));
    reach.map(|units| units * rule.unit_mm)
}

/// Places points that show the plates inside the safe volume.
///
/// Plates are sampled in their order; points of a later plate keep their distance from those of
/// the earlier ones. All points lie on the grid of [`Spacing::precision_mm`].
///
/// # Guarantees
///
/// - Any two points keep the spacing; every point is inside `volume`; the same arguments give the
///   same points on any number of threads.
///
/// # Errors
///
/// [`crate::Error::Cancelled`] when the run was stopped.
pub fn sample(
    plates: &[Plate],
    volume: &SafeVolume,
    sampling: &Sampling,
    run: &Run,
) -> Result<Sampled> {
    let rule = Rule::new(&sampling.spacing);
    let most_layers = plates.iter().map(|plate| plate.layers).max().unwrap_or(1);
    let tile = Tile::new(&rule, most_layers as usize);
    let jitter = jitter_units(&rule, sampling.jitter_z_mm);
    let full = (WHITE_OF_TILE * tile.density()).min(WHITE_OF_GRID / (rule.xy * rule.xy));
    let density_of = |plate: &Plate| full * f64::from(plate.layers);
    let wanted_of = |plate: &Plate| {
        plate.tone.full_area_mm2() / (rule.unit_mm * rule.unit_mm) * density_of(plate)
    };
    let wanted_each: Vec<f64> = plates.iter().map(wanted_of).collect();
    let wanted: f64 = wanted_each.iter().sum();
    let factor = sampling.points.map_or(1.0, |points| {
        // Greys may become brighter until the brightest is white.
        let brightest = plates.iter().map(|plate| plate.tone.brightest());
        let most = brightest.fold(1e-9, f64::max).recip();
        (points as f64 / wanted.max(1e-9)).min(most)
    });
    let cell = (rule.xy * rule.least).ceil() as i32 + 1;
    let mut placed: Vec<Vec<[i32; 3]>> = Vec::new();
    let mut cloud = None;
    for (index, plate) in plates.iter().enumerate() {
        let density = density_of(plate) * factor;
        let white_per_mm2 = density / (rule.unit_mm * rule.unit_mm);
        let work = sampling.quality.work(white_per_mm2);
        let square = work.square_spacings / density.sqrt();
        let seed = random::bits(sampling.seed, index as u64);
        let others =
            (!placed.is_empty()).then(|| Bands::new(&runs(&placed), cell, 1, |&point| point));
        let pixel = target::pixel(density, work.pixel_spacings);
        let (target, groups) = rayon::join(
            || Target::new(&plate.tone, &rule, density, pixel),
            || tile.for_layers(seed, plate.layers as usize, square),
        );
        let target = &target;
        let candidates =
            Candidates::new(plate, volume, groups, rule, jitter, seed, others.as_ref());
        let budget = sampling
            .points
            .map(|_| (wanted_each[index] * factor).round() as usize);
        run.progress("dither", 0.0);
        let found = dither::dither(target, &candidates, budget, run)?;
        let bands = relocation::relocate(found, target, &candidates, &work, run)?;
        let dots = polish::polish(bands, target, &candidates, &work, run)?;
        let place = |dot: &Dot| [dot.x, dot.y, candidates.z(dot)];
        let flat = matches!(plate.surface, Surface::Flat(_));
        if flat && plates.len() == 1 {
            cloud = Some(cloud_of(&dots, place, rule.unit_mm));
            break;
        }
        let mut places: Vec<Vec<[i32; 3]>> = dots
            .into_par_iter()
            .map(|dots| dots.iter().map(place).collect())
            .collect();
        if !flat {
            places = separation::separated(&places, &rule, cell);
        }
        placed.extend(places);
    }
    let cloud = cloud.unwrap_or_else(|| cloud_of(&placed, |&place| place, rule.unit_mm));
    let layers = plates.first().map_or(0, |plate| plate.layers);
    let density = full * f64::from(layers) * factor;
    Ok(Sampled {
        unplaced_points: (wanted * factor - cloud.len() as f64).max(0.0),
        cloud,
        max_density_per_mm2: density / (rule.unit_mm * rule.unit_mm),
        wanted_points: wanted * factor,
    })
}

/// Points as a cloud in mm; `place` tells where one stands in units.
fn cloud_of<T: Sync>(
    placed: &[Vec<T>],
    place: impl Fn(&T) -> [i32; 3] + Sync,
    unit_mm: f64,
) -> Cloud {
    let count = placed.iter().map(Vec::len).sum();
    let mut axes = [(); 3].map(|()| vec![0.0; count]);
    let [x, y, z] = &mut axes;
    let mut rest = (&mut x[..], &mut y[..], &mut z[..]);
    let mut parts = Vec::with_capacity(placed.len());
    for points in placed {
        let (x, x_behind) = rest.0.split_at_mut(points.len());
        let (y, y_behind) = rest.1.split_at_mut(points.len());
        let (z, z_behind) = rest.2.split_at_mut(points.len());
        parts.push((points, [x, y, z]));
        rest = (x_behind, y_behind, z_behind);
    }
    parts.into_par_iter().for_each(|(points, [x, y, z])| {
        let places = x.iter_mut().zip(y).zip(z);
        for (point, ((x, y), z)) in points.iter().zip(places) {
            let mm = place(point).map(|units| (f64::from(units) * unit_mm) as f32);
            [*x, *y, *z] = mm;
        }
    });
    let [x, y, z] = axes;
    Cloud::from_arrays(x, y, z).unwrap_or_default()
}
