//! From [`Settings`] to a [`Plan`]: the one door to the pipeline, where every number is checked.
//!
//! A plan holds what the stages need beside the photo: the safe volume, the spacing on the file's
//! grid, the layers and where they stand. Nothing after [`Settings::validate`] checks a setting,
//! but for what depends on the photo (a crop outside it, a relief deeper than its room), and for placement and
//! tone, which can be called alone and check their own numbers again.

use crate::blank::{Blank, SafeVolume};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::machine::{Machine, Units};
use crate::sampling::{Sampling, Spacing, layer_pitch_mm, stack_reach_mm};
use crate::settings::limits::{self, FINEST_GRID_MM, LARGEST_SIDE_MM};
use crate::settings::{DepthKind, DepthSettings, Near, Settings, ToneMode};
use crate::units::Mm;

/// What the stages run on; every number in it is sound.
///
/// # Guarantees
///
/// - All layers of a flat picture lie inside `volume`.
/// - Coordinates on the grid of `sampling.spacing.precision_mm` are exact in every output format.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The settings with everything filled in that blank, machine and formats decide.
    pub settings: Settings,
    /// The part of the blank that may hold points.
    pub volume: SafeVolume,
    /// Spacing, quality, seed and budget.
    pub sampling: Sampling,
    /// Layers behind one another.
    pub layers: u32,
    /// Distance of the layers along z, mm.
    pub pitch_mm: f64,
    /// z of the front layer of a flat picture, mm, on the file's grid.
    pub front_z_mm: f64,
}

impl Plan {
    /// Depth from the front layer of a flat picture to the hindmost, mm.
    #[must_use]
    pub fn stack_mm(&self) -> f64 {
        f64::from(self.layers - 1) * self.pitch_mm
    }

    /// About how many points per mm2 in projection full white will have: a square grid in every
    /// layer, or what a budget leaves of it where the safe area is as bright as photos are.
    #[must_use]
    pub fn white_per_mm2(&self) -> f64 {
        const MEAN_TONE: f64 = 0.35;
        let spacing_mm = self.sampling.spacing.xy_mm;
        let full = f64::from(self.layers) / (spacing_mm * spacing_mm);
        let area_mm2 = self.volume.area_mm2().max(1e-9);
        let budget = self.sampling.points.map_or(f64::INFINITY, |points| {
            points as f64 / (MEAN_TONE * area_mm2)
        });
        full.min(budget)
    }

    /// The most depth that points take up before the front layer of a relief, and behind it, mm.
    #[must_use]
    pub fn around_relief_mm(&self) -> [f64; 2] {
        let Sampling {
            spacing,
            jitter_z_mm,
            ..
        } = &self.sampling;
        stack_reach_mm(spacing, self.layers, *jitter_z_mm)
    }
}

/// Below this many units of the file's grid a packing on it leaves too few places to choose from:
/// at 2 units every second grid place would touch a neighbour.
pub(crate) const LEAST_UNITS: f64 = 3.0;

/// The least spacing, mm: a quarter of the smallest dot that any source states (0.02 mm).
const LEAST_SPACING_MM: f64 = 0.005;

/// The largest spacing, mm: beyond it nothing is a picture any more.
const LARGEST_SPACING_MM: f64 = 10.0;

impl Settings {
    /// Checks all settings against a machine, a blank and the formats to be written, and fills in
    /// what those decide.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first setting that cannot be met.
    pub fn validate(&self, machine: &Machine, blank: &Blank, formats: &[Format]) -> Result<Plan> {
        limits::check(self)?;
        check_depth(&self.depth)?;
        check_size(blank)?;
        let sampling = self.sampling(machine, blank, formats)?;
        let layers = self.machine.layers.unwrap_or(machine.layers);
        if !(1..=32).contains(&layers) {
            let remedy = "give --layers between them; production machines use up to 8";
            return Err(Error::setting(
                "--layers",
                &layers,
                "does not lie between 1 and 32",
                remedy,
            ));
        }
        let volume = machine.safe_volume(blank)?;
        let pitch_mm = layer_pitch_mm(&sampling.spacing, sampling.jitter_z_mm);
        let front_z_mm = front_z_mm(blank, &volume, &sampling, layers, pitch_mm)?;
        let mut settings = self.clone();
        settings.resolve(blank, &sampling, layers);
        Ok(Plan {
            settings,
            volume,
            sampling,
            layers,
            pitch_mm,
            front_z_mm,
        })
    }

    fn sampling(&self, machine: &Machine, blank: &Blank, formats: &[Format]) -> Result<Sampling> {
        let xy = self
            .machine
            .spacing_xy_mm
            .map_or(machine.spacing_xy_mm, Mm::get);
        let z = self
            .machine
            .spacing_z_mm
            .map_or(machine.spacing_z_mm, Mm::get);
        self.output.text.check()?;
        let grid = self.grid_mm(machine, formats);
        for (spacing, along) in [(xy, "across the beam"), (z, "along the beam")] {
            let shown = format!("{xy}x{z} mm");
            if !(LEAST_SPACING_MM..=LARGEST_SPACING_MM).contains(&spacing) {
                let limit = format!(
                    "is not between {LEAST_SPACING_MM} and {LARGEST_SPACING_MM} mm {along}"
                );
                let remedy = "give --spacing like 0.08x0.09mm";
                return Err(Error::setting("--spacing", &shown, limit, remedy));
            }
            if spacing < LEAST_UNITS * grid {
                let limit = format!(
                    "is below {} mm {along}, {LEAST_UNITS} steps of the {grid} mm that the output \
                     files resolve",
                    LEAST_UNITS * grid
                );
                let remedy = "raise --spacing, or write PLY, XYZ or another DXF dialect alone";
                return Err(Error::setting("--spacing", &shown, limit, remedy));
            }
        }
        let jitter = self.sampling.jitter_z_mm.get();
        let sides = [
            blank.size.width_mm,
            blank.size.height_mm,
            blank.size.thickness_mm,
        ];
        let largest_mm = sides.map(Mm::get).into_iter().fold(0.0, f64::max) / 2.0;
        let text = &self.output.text;
        let binary = formats.iter().any(|format| {
            format
                .decimals_with(text)
                .is_none_or(|decimals| decimals > 4)
        });
        Ok(Sampling {
            spacing: Spacing {
                xy_mm: xy,
                z_mm: z,
                precision_mm: grid,
                // On the fine grid always, so that the same points stand in text and in binary
                // files, and in the library's own single-precision cloud; it costs a thousandth
                // of the density. On the coarse grid it would cost a tenth: only where needed.
                single_precision_to_mm: (binary || formats.is_empty() || grid < 0.005)
                    .then_some(largest_mm),
            },
            quality: self.sampling.quality,
            seed: self.sampling.seed,
            points: self.sampling.points,
            jitter_z_mm: jitter,
        })
    }

    /// The grid that every output format holds exactly, mm, and no finer than the settings ask. No step of inches is
    /// a round number of millimetres: their files hold no grid of ours, and points stand on the finest.
    pub(crate) fn grid_mm(&self, machine: &Machine, formats: &[Format]) -> f64 {
        let text = &self.output.text;
        let decimals = formats
            .iter()
            .filter_map(|format| format.decimals_with(text))
            .min();
        let step = match decimals {
            Some(decimals @ 0..=2) if machine.units == Units::Mm => {
                [1.0, 0.1, 0.01][decimals as usize]
            }
            _ => FINEST_GRID_MM,
        };
        self.output
            .precision_mm
            .map_or(step, |asked| asked.get().max(step))
    }

    /// Fills in what blank, machine and formats decided, so that the report can make the same
    /// points again even after a table has changed.
    fn resolve(&mut self, blank: &Blank, sampling: &Sampling, layers: u32) {
        self.blank.margin_mm = Mm::new(blank.margin_mm);
        self.machine.spacing_xy_mm = Mm::new(sampling.spacing.xy_mm);
        self.machine.spacing_z_mm = Mm::new(sampling.spacing.z_mm);
        self.machine.layers = Some(layers);
        self.tone.fade_mm.get_or_insert(match self.tone.mode {
            ToneMode::Auto => Mm::constant(1.0),
            ToneMode::Linear => Mm::constant(0.0),
        });
        self.output.precision_mm = Mm::new(sampling.spacing.precision_mm);
    }
}

/// The settings of depth that contradict one another.
fn check_depth(depth: &DepthSettings) -> Result<()> {
    let (Some(kind), Some(near)) = (depth.kind, depth.near) else {
        return Ok(());
    };
    if (kind == DepthKind::Distance) != (near == Near::Dark) {
        let shown = format!("{kind:?}").to_lowercase();
        let limit = format!("contradicts --near {near:?}").to_lowercase();
        let remedy = "leave --near out: large distances are far, other large values near";
        return Err(Error::setting("--depth-kind", &shown, limit, remedy));
    }
    Ok(())
}

fn check_size(blank: &Blank) -> Result<()> {
    let sides = [
        blank.size.width_mm,
        blank.size.height_mm,
        blank.size.thickness_mm,
    ];
    if sides.iter().any(|side| side.get() > LARGEST_SIDE_MM) {
        let limit = format!("has a side of more than {LARGEST_SIDE_MM} mm");
        return Err(Error::setting(
            "--size",
            &blank.size,
            limit,
            "give a smaller --size",
        ));
    }
    Ok(())
}

/// The front layer of a stack in the middle of the safe volume, on the file's grid.
fn front_z_mm(
    blank: &Blank,
    volume: &SafeVolume,
    sampling: &Sampling,
    layers: u32,
    pitch_mm: f64,
) -> Result<f64> {
    let (least, largest) = volume.z_range_mm();
    let grid = sampling.spacing.precision_mm;
    let jitter = sampling.jitter_z_mm;
    let stack = f64::from(layers - 1) * pitch_mm;
    let front = (((least + largest + stack) / 2.0) / grid).round() * grid;
    // Half a step of the grid may stand out on a volume that the stack fills to the last.
    if front + jitter > largest + 1e-6 || front - stack - jitter < least - 1e-6 {
        let limit = format!(
            "need {:.2} mm of depth, and the safe volume of {} has {:.2} mm",
            stack + 2.0 * jitter,
            blank.name,
            largest - least
        );
        let remedy = "lower --layers or --margin, or take a thicker blank";
        return Err(Error::setting("--layers", &layers, limit, remedy));
    }
    Ok(front)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::{BlankSettings, DxfDialect};

    fn parts(blank: &str) -> (Machine, Blank) {
        let settings = BlankSettings {
            name: blank.to_owned(),
            ..BlankSettings::default()
        };
        (
            Machine::find("green-532").unwrap(),
            Blank::find(&settings).unwrap(),
        )
    }

    fn plan(settings: &Settings, formats: &[Format]) -> Result<Plan> {
        let (machine, blank) = parts("heart-35");
        settings.validate(&machine, &blank, formats)
    }

    /// A plan is too large to be shown.
    fn refusal(plan: Result<Plan>) -> String {
        match plan {
            Ok(_) => panic!("the settings were taken"),
            Err(error) => error.to_string(),
        }
    }

    fn fault(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings);
        refusal(plan(&settings, &[]))
    }

    #[test]
    fn the_defaults_are_sound_for_every_blank_of_the_table() {
        for blank in Blank::all() {
            let (machine, blank) = parts(&blank.name);
            let plan = Settings::default().validate(&machine, &blank, &[]).unwrap();
            assert_eq!(plan.layers, 8);
        }
    }

    #[test]
    fn the_grid_is_that_of_the_coarsest_file() {
        let cockpit = Format::Dxf(DxfDialect::Cockpit);
        for (formats, grid, single) in [
            (&[Format::Xyz][..], 0.001, true),
            (&[Format::PlyBinary], 0.001, true),
            (&[cockpit], 0.01, false),
            (&[Format::Xyz, cockpit], 0.01, false),
            (&[Format::PlyBinary, cockpit], 0.01, true),
            (&[], 0.001, true),
        ] {
            let spacing = plan(&Settings::default(), formats)
                .unwrap()
                .sampling
                .spacing;
            assert_eq!(
                (
                    spacing.precision_mm,
                    spacing.single_precision_to_mm.is_some()
                ),
                (grid, single)
            );
        }
    }

    #[test]
    fn decimals_of_columns_count_for_the_grid() {
        let mut settings = Settings::default();
        for (decimals, grid) in [(2, 0.01), (3, 0.001), (6, 0.001)] {
            settings.output.text.decimals = Some(decimals);
            let planned = plan(&settings, &[Format::Csv]).unwrap().sampling.spacing;
            assert_eq!(planned.precision_mm, grid);
        }
        settings.output.text.decimals = Some(1);
        let line = refusal(plan(&settings, &[Format::Csv]));
        assert!(line.starts_with("--decimals 1: "), "{line}");
    }

    #[test]
    fn what_a_report_holds_gives_the_same_plan() {
        let first = plan(&Settings::default(), &[Format::Dxf(DxfDialect::Cockpit)]).unwrap();
        let again = plan(&first.settings, &[Format::Dxf(DxfDialect::Cockpit)]).unwrap();
        assert_eq!(first.settings, again.settings);
        assert_eq!(first.sampling, again.sampling);
        // Another format keeps to the grid of the report.
        let other = plan(&first.settings, &[Format::Xyz]).unwrap();
        assert_eq!(other.sampling.spacing.precision_mm, 0.01);
    }

    #[test]
    fn faults_name_the_flag_the_value_the_limit_and_the_remedy() {
        let spacing = |xy, z| {
            fault(|settings| {
                settings.machine.spacing_xy_mm = Mm::new(xy);
                settings.machine.spacing_z_mm = Mm::new(z);
            })
        };
        for (line, flag) in [
            (spacing(0.0, 0.09), "--spacing 0x0.09 mm: "),
            (spacing(-0.08, 0.09), "--spacing -0.08x0.09 mm: "),
            (spacing(0.08, 1e9), "--spacing "),
            (fault(|s| s.machine.layers = Some(0)), "--layers 0: "),
            (fault(|s| s.machine.layers = Some(33)), "--layers 33: "),
            (fault(|s| s.placement.zoom = f64::NAN), "--zoom NaN: "),
            (fault(|s| s.placement.zoom = 0.0), "--zoom 0: "),
            (fault(|s| s.tone.toning = -1.0), "--toning -1: "),
            (fault(|s| s.tone.floor = 0.6), "--floor 0.6: "),
            (fault(|s| s.tone.brightness = 2.0), "--brightness 2: "),
            (fault(|s| s.tone.fade_mm = Mm::new(-1.0)), "--fade -1 mm: "),
            (
                fault(|s| s.depth.relief_mm = Mm::new(0.0)),
                "--relief 0 mm: ",
            ),
            (fault(|s| s.sampling.points = Some(0)), "--points 0: "),
            (fault(|s| s.sampling.points = Some(u64::MAX)), "--points "),
            (
                fault(|s| s.sampling.jitter_z_mm = Mm::constant(-0.1)),
                "--jitter-z -0.1 mm: ",
            ),
            (
                fault(|s| s.photo.max_megapixels = 0.0),
                "--max-megapixels 0: ",
            ),
            (
                fault(|s| s.output.precision_mm = Mm::new(0.5)),
                "--precision 0.5 mm: ",
            ),
        ] {
            assert!(line.starts_with(flag), "{line}");
            assert!(line.contains("; ") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_spacing_that_the_file_cannot_resolve_is_refused() {
        let mut settings = Settings::default();
        settings.machine.spacing_xy_mm = Mm::new(0.02);
        assert!(plan(&settings, &[Format::Xyz]).is_ok());
        let line = refusal(plan(&settings, &[Format::Dxf(DxfDialect::Cockpit)]));
        assert!(line.contains("0.03 mm across the beam"), "{line}");
    }

    #[test]
    fn a_stack_thicker_than_the_volume_is_refused() {
        let (machine, blank) = parts("heart-20");
        let mut settings = Settings::default();
        settings.machine.layers = Some(32);
        let line = refusal(settings.validate(&machine, &blank, &[]));
        assert!(line.starts_with("--layers 32: need 4.1"), "{line}");
    }

    proptest! {
        // A safe volume takes some 30 ms.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn flat_layers_lie_inside_the_volume(
            layers in 1u32..=32,
            z in 0.005f64..0.5,
            jitter in 0.0f64..0.1,
            thickness in 5.0f64..60.0,
            cockpit: bool,
        ) {
            let blank = Blank::find(&BlankSettings {
                name: format!("block-30x30x{thickness}"),
                ..BlankSettings::default()
            });
            let Ok(blank) = blank else { return Ok(()) };
            let machine = Machine::find("green-532").unwrap();
            let mut settings = Settings::default();
            settings.machine.layers = Some(layers);
            settings.machine.spacing_z_mm = Mm::new(z);
            settings.sampling.jitter_z_mm = Mm::constant(jitter);
            let format = if cockpit { Format::Dxf(DxfDialect::Cockpit) } else { Format::Xyz };
            if let Ok(plan) = settings.validate(&machine, &blank, &[format]) {
                for edge in [plan.front_z_mm + jitter, plan.front_z_mm - plan.stack_mm() - jitter] {
                    let z_mm = edge as f32;
                    let slack = 2e-6;
                    prop_assert!(z_mm <= plan.volume.z_max_mm.at_mm(0.0, 0.0) + slack);
                    prop_assert!(z_mm >= plan.volume.z_min_mm.at_mm(0.0, 0.0) - slack);
                }
            }
        }
    }
}
