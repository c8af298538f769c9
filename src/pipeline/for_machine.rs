//! The cloud as a machine takes it: in its own coordinates, cut into fields where one is too small,
//! within its limits; and the guard that the spacing survives the way there.
//!
//! A machine that takes the portrait's millimetres as they are, and whose field holds the picture,
//! gets the cloud itself: nothing here costs or changes anything then.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::blank::Blank;
use crate::cloud::Cloud;
use crate::convert::{Coordinates, Written};
use crate::error::{Error, Result};
use crate::format::{Format, TextSettings};
use crate::machine::{FieldTile, Machine, Manifest};
use crate::order;
use crate::plan::{LEAST_UNITS, Plan};
use crate::settings::Settings;
use crate::spacing::closeness;
use crate::units::Mm;

/// What one file of each output holds.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    /// Column and row of the field from 1, where there is more than one or the blank is moved.
    pub(super) tile: Option<[u32; 2]>,
    /// The points in the machine's coordinates, in the order of etching.
    pub(super) cloud: Cow<'a, Cloud>,
    /// What the file says of its numbers.
    pub(super) statement: Vec<String>,
}

/// A job as its machine takes it.
#[derive(Clone, Debug)]
pub(super) struct Job<'a> {
    /// In the order of etching; one where the field holds the picture.
    pub(super) parts: Vec<Part<'a>>,
    /// Where the blank lies for each, its files still without names.
    tiles: Vec<FieldTile>,
}

impl<'a> Job<'a> {
    /// Cuts and turns a cloud.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for more points, or deeper ones, than the machine takes.
    pub(super) fn new(
        cloud: &'a Cloud,
        plan: &Plan,
        machine: &Machine,
        blank: &Blank,
    ) -> Result<Self> {
        let entry_mm = entry_mm(blank);
        machine.check_depth(cloud, entry_mm)?;
        if fits(cloud, machine) {
            machine.check_count(cloud.len() as u64)?;
            let cloud = match machine.takes_portrait() {
                true => Cow::Borrowed(cloud),
                false => Cow::Owned(machine.to_machine_frame(cloud, entry_mm)),
            };
            let part = Part {
                tile: None,
                cloud,
                statement: machine.statement(),
            };
            return Ok(Self {
                parts: vec![part],
                tiles: Vec::new(),
            });
        }
        let mut tiles = machine.field_tiles(cloud)?;
        let z_mm = plan.sampling.spacing.z_mm;
        for tile in &mut tiles {
            machine.check_count(tile.cloud.len() as u64)?;
            // The part of a short tour is not a short tour.
            let order = order::deepest_first(&tile.cloud, z_mm);
            tile.cloud = tile.cloud.permuted(&order);
        }
        let parts = tiles
            .iter()
            .map(|tile| part(tile, machine, entry_mm))
            .collect();
        Ok(Self { parts, tiles })
    }

    /// Refuses a job whose spacing does not survive the decimals of a format, in the glass; returns
    /// the least ratio of all files.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub(super) fn least_ratio(
        &self,
        formats: &[Format],
        text: &TextSettings,
        machine: &Machine,
        blank: &Blank,
        [xy_mm, z_mm]: [f64; 2],
    ) -> Result<Option<f64>> {
        let mut least: Option<f64> = None;
        for part in &self.parts {
            for format in formats {
                let read = Written::new(Coordinates::default(), *format, text, 0.0);
                let read = read.read_back(&part.cloud);
                let glass = machine.to_portrait_frame(&read, entry_mm(blank));
                let Some(ratio) = closeness(&glass, xy_mm, z_mm).least_ratio else {
                    continue;
                };
                if ratio < 1.0 - ROUNDING {
                    return Err(Error::setting(
                        "--machine",
                        &machine.name,
                        format!(
                            "wants coordinates that {} rounds until points stand at {ratio:.4} of \
                             the spacing",
                            format.name()
                        ),
                        "write a format with more decimals, or raise --spacing",
                    ));
                }
                least = Some(least.map_or(ratio, |least| least.min(ratio)));
            }
        }
        Ok(least)
    }

    /// Whether the job is one file in the machine's own middle.
    pub(super) fn is_whole(&self) -> bool {
        self.tiles.is_empty()
    }

    /// The manifest of the files of one output.
    pub(super) fn manifest(&self, machine: &Machine, output: &Path) -> Manifest {
        Manifest::new(machine, &self.tiles, |tile| {
            let path = tile_path(output, Some(number(tile)));
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        })
    }
}

/// The last digits of measuring; the plan leaves room for all else.
const ROUNDING: f64 = 1e-6;

/// What single precision takes of the distance of two points on the way to the machine's coordinates
/// and back, mm: some of its steps near 150 mm.
const SINGLE_MM: f64 = 5e-5;

/// z of the face through which the beam enters, mm.
fn entry_mm(blank: &Blank) -> f64 {
    blank.size.thickness_mm.get() / 2.0
}

/// Column and row from 1, for people.
fn number(tile: &FieldTile) -> [u32; 2] {
    [tile.column + 1, tile.row + 1]
}

/// Whether the field holds a cloud with the blank in its middle.
fn fits(cloud: &Cloud, machine: &Machine) -> bool {
    cloud.bounds().is_none_or(|(least, most)| {
        [0, 1].into_iter().all(|axis| {
            let half = machine.field_mm[axis] / 2.0;
            f64::from(-least[axis]) <= half && f64::from(most[axis]) <= half
        })
    })
}

fn part(tile: &FieldTile, machine: &Machine, entry_mm: f64) -> Part<'static> {
    let mut statement = machine.statement();
    let ([column, row], [x, y]) = (number(tile), tile.centre_mm);
    statement.push(format!(
        "field column {column} row {row}, around {x:.2} {y:.2} mm of the blank"
    ));
    Part {
        tile: Some(number(tile)),
        cloud: Cow::Owned(machine.to_machine_frame(&tile.cloud, entry_mm)),
        statement,
    }
}

/// The file of a tile: `heart.dxf` becomes `heart-c2r1.dxf`.
pub(super) fn tile_path(output: &Path, tile: Option<[u32; 2]>) -> PathBuf {
    let Some([column, row]) = tile else {
        return output.to_owned();
    };
    let mut name = output.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-c{column}r{row}"));
    if let Some(extension) = output.extension() {
        name.push(".");
        name.push(extension);
    }
    output.with_file_name(name)
}

/// The manifest beside an output: `heart.dxf` has `heart.dxf.manifest.json`.
pub(super) fn manifest_path(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".manifest.json");
    output.with_file_name(name)
}

/// By how much the spacing is planned wider, mm, across and along the beam, so that it survives the
/// machine's coordinates in the decimals of the files.
///
/// Nothing for a machine that takes the portrait's millimetres: those stand on the files' grid.
fn guard_mm(machine: &Machine, formats: &[Format], text: &TextSettings) -> [f64; 2] {
    if machine.takes_portrait() {
        return [0.0; 2];
    }
    let step = step_mm(machine, formats, text) + SINGLE_MM;
    // Each of two points moves by half a step along each axis; behind a compensated depth by n times
    // that.
    let along = step * machine.z_stretch();
    [step * std::f64::consts::SQRT_2, along]
}

/// The last decimal of the coarsest file in the machine's unit, mm; 0 where all are binary.
fn step_mm(machine: &Machine, formats: &[Format], text: &TextSettings) -> f64 {
    let decimals = formats
        .iter()
        .filter_map(|format| format.decimals_with(text))
        .min();
    decimals.map_or(0.0, |decimals| {
        10_f64.powi(-(decimals as i32)) / machine.units.per_mm()
    })
}

/// Checks all settings, and plans the spacing as much wider as the machine's coordinates need.
///
/// # Errors
///
/// [`Error::Setting`].
pub(super) fn plan(
    settings: &Settings,
    machine: &Machine,
    blank: &Blank,
    formats: &[Format],
) -> Result<Plan> {
    let text = &settings.output.text;
    let guard = guard_mm(machine, formats, text);
    if guard == [0.0; 2] {
        return settings.validate(machine, blank, formats);
    }
    let asked = &settings.machine;
    let asked = [
        asked.spacing_xy_mm.map_or(machine.spacing_xy_mm, Mm::get),
        asked.spacing_z_mm.map_or(machine.spacing_z_mm, Mm::get),
    ];
    let step_mm = step_mm(machine, formats, text);
    if asked
        .iter()
        .any(|spacing_mm| *spacing_mm < LEAST_UNITS * step_mm)
    {
        return Err(Error::setting(
            "--spacing",
            &format!("{}x{} mm", asked[0], asked[1]),
            format!(
                "is below {LEAST_UNITS} steps of {step_mm:.4} mm, the last decimal of the output \
                 files in the unit of {}",
                machine.name
            ),
            "raise --spacing or --decimals, or write a format with more decimals",
        ));
    }
    let mut wider = settings.clone();
    wider.machine.spacing_xy_mm = Mm::new(asked[0] + guard[0]);
    wider.machine.spacing_z_mm = Mm::new(asked[1] + guard[1]);
    let mut plan = wider.validate(machine, blank, formats)?;
    // What is promised, and what makes the same again.
    plan.settings.machine.spacing_xy_mm = Mm::new(asked[0]);
    plan.settings.machine.spacing_z_mm = Mm::new(asked[1]);
    Ok(plan)
}

/// The spacing that is promised, mm: what was asked for, and not what was planned.
pub(super) fn promised_mm(plan: &Plan) -> [f64; 2] {
    let (asked, planned) = (&plan.settings.machine, &plan.sampling.spacing);
    [
        asked.spacing_xy_mm.map_or(planned.xy_mm, Mm::get),
        asked.spacing_z_mm.map_or(planned.z_mm, Mm::get),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_and_manifests_have_names_beside_their_output() {
        let output = Path::new("jobs/heart.v2.dxf");
        let tile = tile_path(output, Some([2, 1]));
        assert_eq!(tile, Path::new("jobs/heart.v2-c2r1.dxf"));
        assert_eq!(tile_path(output, None), output);
        let manifest = manifest_path(output);
        assert_eq!(manifest, Path::new("jobs/heart.v2.dxf.manifest.json"));
    }
}
