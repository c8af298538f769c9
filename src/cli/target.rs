//! The flags that say what a file of points is held against: crystal, machine, spacing, and what its
//! numbers mean.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use glyptic::blank::Blank;
use glyptic::check::Limits;
use glyptic::convert::{Coordinates, FileFrame};
use glyptic::machine::{Machine, ManifestTile, Units};
use glyptic::settings::BlankSettings;
use glyptic::units::{Mm, Size};
use glyptic::{Cloud, Settings};

use super::config;
use super::failure::Failure;
use super::values::{one_of, spacing};

/// Crystal, machine and spacing.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Crystal and machine")]
pub(crate) struct TargetArgs {
    /// The crystal: a name (see `glyptic blanks`) or a file. [default: heart-30]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) blank: Option<String>,
    /// Size that the crystal is scaled to: width x height x thickness. [default: its own]
    #[arg(long, value_name = "WxHxD", allow_hyphen_values = true)]
    size: Option<Size>,
    /// Least distance of points to the surface, mm. [default: the crystal's own, 2 or 3 mm]
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    margin: Option<Mm>,
    /// The engraver: a name (see `glyptic machines`) or a TOML file. [default: green-532]
    #[arg(long, value_name = "NAME|FILE")]
    machine: Option<String>,
    /// Least distance between points across and along the beam, mm; one number stands for both.
    /// [default: the machine's, 0.08x0.09 for green-532]
    #[arg(long, value_name = "XYxZ", allow_hyphen_values = true, value_parser = spacing)]
    spacing: Option<[Mm; 2]>,
    /// Report of `glyptic etch`, or a settings file: crystal, machine and spacing are taken from
    /// there unless a flag says otherwise.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

/// What a file is held against.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) blank: Blank,
    pub(crate) machine: Machine,
    pub(crate) spacing_xy_mm: f64,
    pub(crate) spacing_z_mm: f64,
    /// The files that all this was read from.
    pub(crate) files: Vec<PathBuf>,
}

impl TargetArgs {
    /// Whether the crystal is told, and not the default one.
    pub(crate) fn names_blank(&self) -> bool {
        self.blank.is_some() || self.config.is_some()
    }

    /// Looks up the crystal and the machine.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let settings = match &self.config {
            Some(path) => config::read(path)?.settings,
            None => Settings::default(),
        };
        let (blank, machine) = (settings.blank, settings.machine);
        let own_blank = self.blank.is_none();
        let blank = Blank::find(&BlankSettings {
            name: self.blank.clone().unwrap_or(blank.name),
            // Size and margin of a settings file are those of its blank.
            size: self.size.or(blank.size.filter(|_| own_blank)),
            margin_mm: self.margin.or(blank.margin_mm.filter(|_| own_blank)),
        })?;
        let own_machine = self.machine.is_none();
        let found = Machine::find(self.machine.as_deref().unwrap_or(&machine.name))?;
        let pick = |flag: Option<Mm>, recorded: Option<Mm>, machine_mm: f64| {
            let length = flag.or(recorded.filter(|_| own_machine));
            length.map_or(machine_mm, Mm::get)
        };
        let [xy, z] = match self.spacing {
            Some([xy, z]) => [Some(xy), Some(z)],
            None => [None, None],
        };
        let files = blank.files.iter().chain(&found.file).chain(&self.config);
        let target = Target {
            files: files.cloned().collect(),
            spacing_xy_mm: pick(xy, machine.spacing_xy_mm, found.spacing_xy_mm),
            spacing_z_mm: pick(z, machine.spacing_z_mm, found.spacing_z_mm),
            blank,
            machine: found,
        };
        for spacing_mm in [target.spacing_xy_mm, target.spacing_z_mm] {
            if !(0.001..=10.0).contains(&spacing_mm) {
                return Err(Failure::Usage(format!(
                    "--spacing {}x{} mm: is not between 0.001 and 10 mm; give it like 0.08x0.09mm",
                    target.spacing_xy_mm, target.spacing_z_mm
                )));
            }
        }
        // A margin that leaves no room is a slip in the command, not a fault of the file.
        target.blank.safe_volume()?;
        Ok(target)
    }
}

impl Target {
    /// What a file of this length is checked against.
    pub(crate) fn limits(&self, file_bytes: Option<u64>) -> Limits<'_> {
        Limits {
            blank: &self.blank,
            machine: &self.machine,
            spacing_xy_mm: self.spacing_xy_mm,
            spacing_z_mm: self.spacing_z_mm,
            file_bytes,
        }
    }

    /// Thickness of the crystal, mm.
    pub(crate) fn thickness_mm(&self) -> f64 {
        self.blank.size.thickness_mm.get()
    }
}

/// What the numbers of the file mean that is read.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Numbers in the file")]
pub(crate) struct CoordinateArgs {
    /// Unit of the file's numbers: mm, um or in. [default: the machine's, mm for green-532]
    #[arg(long, value_name = "UNIT", value_parser = one_of::<Units>(&["mm", "um", "in"]))]
    units: Option<Units>,
    /// Where the file counts from: portrait (the crystal's centre), or bed (z from the machine's
    /// bed, on which the crystal lies). [default: the machine's own, portrait for green-532]
    #[arg(long, value_name = "FRAME", value_parser = one_of::<FileFrame>(&["portrait", "bed"]))]
    frame: Option<FileFrame>,
}

impl CoordinateArgs {
    /// The numbers of a file as millimetres in the portrait frame: as the flags say, else as files for the machine
    /// have them; and what to say where those are not such millimetres.
    pub(crate) fn to_portrait(
        &self,
        cloud: &Cloud,
        file: &Path,
        target: &Target,
    ) -> (Cloud, Vec<String>) {
        let (mut cloud, read_as) = self.in_field(cloud, target);
        let mut said: Vec<String> = read_as.into_iter().collect();
        if let Some(tile) = ManifestTile::of(file, cloud.len() as u64) {
            cloud = tile.in_blank(&cloud);
            let [x, y] = tile.centre_mm;
            said.push(format!(
                "the file is one part of a job: its points are held against the crystal around {x:.2} {y:.2} mm, \
                 as the manifest beside it says"
            ));
        }
        (cloud, said)
    }

    fn in_field(&self, cloud: &Cloud, target: &Target) -> (Cloud, Option<String>) {
        let mut machine = target.machine.clone();
        machine.units = self.units.unwrap_or(machine.units);
        if let Some(frame) = self.frame {
            let units = machine.units;
            return (
                Coordinates { frame, units }.to_portrait(cloud, target.thickness_mm()),
                None,
            );
        }
        let read = machine.to_portrait_frame(cloud, target.thickness_mm() / 2.0);
        let said = (!machine.takes_portrait()).then(|| {
            format!(
                "numbers are read as {} has them ({}); if the file has others, give --frame and --units. \
                 `glyptic convert` does not know that frame: etch a faulty file anew",
                machine.name,
                machine.statement().join("; ")
            )
        });
        (read, said)
    }
}
