//! The cloud as a machine takes it: in its own coordinates, cut into fields where one is too small,
//! within its limits; and the guard that spacing and margin survive the way there.
//!
//! A machine that takes the portrait's millimetres as they are, and whose field holds the picture,
//! gets the cloud itself: nothing here costs or changes anything then.

use std::borrow::Cow;
use std::path::Path;

use crate::blank::Blank;
use crate::cloud::Cloud;
use crate::convert::{Coordinates, Written};
use crate::error::{Error, Result};
use crate::format::{Format, TextSettings};
use crate::machine::{Estimate, FieldTile, Machine, Manifest, Units, ZCompensation, tile_path};
use crate::order;
use crate::plan::{LEAST_UNITS, Plan};
use crate::settings::Settings;
use crate::settings::limits::LARGEST_SIDE_MM;
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
        let [_, slab_mm] = promised_mm(plan);
        for tile in &mut tiles {
            machine.check_count(tile.cloud.len() as u64)?;
            // The part of a short tour is not a short tour.
            let order = order::deepest_first(&tile.cloud, slab_mm);
            tile.cloud = tile.cloud.permuted(&order);
        }
        let parts = tiles
            .iter()
            .map(|tile| part(tile, machine, entry_mm))
            .collect();
        Ok(Self { parts, tiles })
    }

    /// Refuses a job whose spacing or margin does not survive the decimals of a format, in the glass; returns
    /// the least ratio and the least clearance, mm, of all files.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub(super) fn measure(
        &self,
        formats: &[Format],
        text: &TextSettings,
        machine: &Machine,
        blank: &Blank,
        [xy_mm, z_mm]: [f64; 2],
    ) -> Result<(Option<f64>, f64)> {
        let (mut least, mut clearance_mm) = (None, f64::INFINITY);
        for (index, part) in self.parts.iter().enumerate() {
            for format in formats {
                let read = Written::new(Coordinates::default(), *format, text, 0.0);
                let read = read.read_back(&part.cloud);
                let glass = machine.to_portrait_frame(&read, entry_mm(blank));
                let refused = |what: String| {
                    let limit = format!(
                        "wants coordinates that {} rounds until {what}",
                        format.name()
                    );
                    let remedy =
                        "write a format with more decimals, or raise --spacing and --margin";
                    Error::setting("--machine", &machine.name, limit, remedy)
                };
                let tile = self.tiles.get(index);
                let in_blank = tile.map_or(Cow::Borrowed(&glass), |tile| {
                    Cow::Owned(tile.in_blank(&glass))
                });
                let near_mm = blank.least_clearance_mm(&in_blank).unwrap_or(f64::INFINITY);
                if near_mm < blank.margin_mm - ROUNDING {
                    let margin_mm = blank.margin_mm;
                    return Err(refused(format!(
                        "a point lies {near_mm:.4} mm from the surface, below the margin of {margin_mm} mm"
                    )));
                }
                clearance_mm = near_mm.min(clearance_mm);
                let Some(ratio) = closeness(&glass, xy_mm, z_mm).least_ratio else {
                    continue;
                };
                if ratio < 1.0 - ROUNDING {
                    return Err(refused(format!(
                        "points stand at {ratio:.4} of the spacing"
                    )));
                }
                least = Some(least.map_or(ratio, |least: f64| least.min(ratio)));
            }
        }
        Ok((least, clearance_mm))
    }

    /// What the machine needs for all files of one output; moving the blank between them is not in it.
    pub(super) fn estimate(&self, machine: &Machine, slab_mm: f64) -> Estimate {
        let tiles = self.tiles.iter();
        tiles
            .map(|tile| machine.estimate(&tile.cloud, slab_mm))
            .fold(Estimate::default(), Estimate::and)
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
/// and back, in half steps of the largest coordinate: both points, there and back, in a diagonal.
const HALF_STEPS: f64 = 5.7;

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

/// By how much a job is planned more carefully, mm, so that its promises survive the machine's coordinates in the
/// decimals of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Guard {
    /// Added to the spacing across the beam.
    xy_mm: f64,
    /// Added to the spacing along it.
    z_mm: f64,
    /// Added to the margin.
    margin_mm: f64,
}

impl Guard {
    /// Nothing where every place of the portrait's grid has its own digits in every file: of a machine that takes
    /// the portrait's millimetres, and of one that mirrors, turns or shifts them by whole steps.
    fn new(machine: &Machine, formats: &[Format], text: &TextSettings, grid_mm: f64) -> Self {
        if machine.takes_portrait() {
            return Self::default();
        }
        let step_mm = step_mm(machine, formats, text) + HALF_STEPS * half_step_mm(machine);
        let mut decimals = formats.iter().map(|format| format.decimals_with(text));
        let exact = decimals.all(|decimals| is_exact(machine, grid_mm, decimals));
        // Each of two points moves by half a step along each axis; behind a compensated depth by n times
        // that.
        let across_mm = if exact { 0.0 } else { step_mm };
        let along_mm = match machine.z_compensation {
            ZCompensation::Off => across_mm,
            ZCompensation::Divide => step_mm * machine.z_stretch(),
        };
        let one_point = [across_mm, across_mm, along_mm].map(|move_mm| 0.5 * move_mm);
        Self {
            xy_mm: across_mm * std::f64::consts::SQRT_2,
            z_mm: along_mm,
            margin_mm: one_point.iter().map(|mm| mm * mm).sum::<f64>().sqrt(),
        }
    }
}

/// Half the distance of neighbouring numbers of single precision at the largest coordinate of a machine, mm.
fn half_step_mm(machine: &Machine) -> f64 {
    let origin = machine.origin_mm.iter();
    let farthest_mm = origin.fold(0.0_f64, |far, mm| far.max(mm.abs()));
    (farthest_mm + LARGEST_SIDE_MM / 2.0) * 2.0_f64.powi(-24)
}

/// Whether a file of so many decimals (`None` where it is binary) holds the places of the portrait's grid as they
/// are, but for a division of z.
fn is_exact(machine: &Machine, grid_mm: f64, decimals: Option<u32>) -> bool {
    let scale = machine.units.per_mm();
    let whole = |value: f64| (value - value.round()).abs() < 1e-6;
    let on_steps = |per_unit: f64| {
        let values = machine.origin_mm.iter().chain([&grid_mm]);
        values.into_iter().all(|mm| whole(mm * scale * per_unit))
    };
    let single = half_step_mm(machine) * scale;
    let whole_numbers = on_steps(1.0) && single < 1.0;
    match decimals {
        Some(decimals) => {
            let per_unit = 10_f64.powi(decimals as i32);
            // Readers take a number for the ten-thousandth that it is the nearest to.
            let found_again = single * per_unit < 0.25 && single * 1e4 < 0.5;
            on_steps(per_unit) && (whole_numbers || found_again)
        }
        None => whole_numbers || (machine.units == Units::Mm && machine.origin_mm == [0.0; 3]),
    }
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
    let grid_mm = settings.grid_mm(machine, formats);
    let guard = Guard::new(machine, formats, text, grid_mm);
    if guard == Guard::default() {
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
    // What is asked for has to be sound by itself; a refusal names that, and not what is planned.
    settings.validate(machine, blank, formats)?;
    let mut wider = settings.clone();
    wider.machine.spacing_xy_mm = Mm::new(asked[0] + guard.xy_mm);
    wider.machine.spacing_z_mm = Mm::new(asked[1] + guard.z_mm);
    let mut deeper = blank.clone();
    deeper.margin_mm += guard.margin_mm;
    let mut plan = wider
        .validate(machine, &deeper, formats)
        .map_err(|error| with_room(error, machine))?;
    // What is promised, and what makes the same again.
    plan.settings.machine.spacing_xy_mm = Mm::new(asked[0]);
    plan.settings.machine.spacing_z_mm = Mm::new(asked[1]);
    plan.settings.blank.margin_mm = Mm::new(blank.margin_mm);
    Ok(plan)
}

/// Says what else takes room in a plan.
fn with_room(error: Error, machine: &Machine) -> Error {
    match error {
        Error::Setting {
            setting,
            value,
            limit,
            remedy,
        } => Error::Setting {
            setting,
            value,
            limit: format!(
                "{limit}, with the room that rounding for {} needs",
                machine.name
            ),
            remedy,
        },
        other => other,
    }
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
    use crate::machine::Mirror;
    use crate::settings::DxfDialect;

    fn machine(change: impl FnOnce(&mut Machine)) -> Machine {
        let mut machine = Machine::find("green-532").unwrap();
        change(&mut machine);
        machine
    }

    fn guard(machine: &Machine, format: Format) -> Guard {
        let grid_mm = Settings::default().grid_mm(machine, &[format]);
        Guard::new(machine, &[format], &TextSettings::default(), grid_mm)
    }

    #[test]
    fn frames_that_hold_the_grid_cost_nothing() {
        let cockpit = Format::Dxf(DxfDialect::Cockpit);
        let shifted = |origin_mm| move |machine: &mut Machine| machine.origin_mm = origin_mm;
        for format in [cockpit, Format::Xyz, Format::PlyBinary] {
            let mirrored = machine(|machine| machine.mirror = Mirror::X);
            assert_eq!(guard(&mirrored, format), Guard::default());
            let micrometres = machine(|machine| machine.units = Units::Um);
            assert_eq!(guard(&micrometres, format), Guard::default());
        }
        for format in [cockpit, Format::Xyz] {
            let bed = machine(shifted([60.0, 60.0, 5.05]));
            assert_eq!(guard(&bed, format), Guard::default());
        }
        let odd = machine(shifted([0.0, 0.0, 5.005]));
        assert!(guard(&odd, cockpit).z_mm > 0.01);
        assert_eq!(guard(&odd, Format::Xyz), Guard::default());
        // Where single precision has no digits for the grid any more.
        for far in [1100.0, 9000.0] {
            let far = machine(shifted([far, 0.0, 0.0]));
            assert!(guard(&far, Format::Xyz).xy_mm > 0.0 && guard(&far, cockpit).xy_mm > 0.0);
        }
    }

    #[test]
    fn frames_that_round_are_guarded_along_the_axes_that_they_round() {
        let cockpit = Format::Dxf(DxfDialect::Cockpit);
        let divided = machine(|machine| {
            machine.z_compensation = ZCompensation::Divide;
            machine.index = Some(1.5);
        });
        let along = guard(&divided, cockpit);
        assert_eq!(along.xy_mm, 0.0);
        assert!(along.z_mm > 0.015 && along.margin_mm > 0.0075, "{along:?}");
        let inches = guard(&machine(|machine| machine.units = Units::In), Format::Xyz);
        let step_mm = 25.4e-4;
        assert!(
            inches.xy_mm > step_mm * 1.4 && inches.z_mm > step_mm,
            "{inches:?}"
        );
        assert!(inches.margin_mm > step_mm * 0.86, "{inches:?}");
    }
}
